"""What is on its way: frames and the fences behind them; who killed a session. Pure."""

from collections import deque

from app.journal.budget import FENCE_AFTER
from app.journal.stream import Frame, Stream
from app.journal.suspects import Suspects
from app.journal.window import MAX_FENCES, Window


class Flight:
    """Unconfirmed frames of one session, in order; each fence seals those before it.

    A frame under suspicion travels alone: nothing is on its way when it goes, not even an
    unanswered fence, and nothing follows until it is confirmed.
    """

    def __init__(self) -> None:
        self.window = Window()
        self.suspects = Suspects()
        self.blocked = False  # something due waits for a fence or its answer
        self._proved = False  # the session has answered a fence
        self._open: list[Frame] = []  # sent since the last fence
        self._sealed: deque[list[Frame]] = deque()  # a list per unanswered fence

    @property
    def frames(self) -> list[Frame]:
        """All that is unconfirmed, in the order of sending."""
        return [frame for fence in (*self._sealed, self._open) for frame in fence]

    @property
    def busy(self) -> bool:
        """True while something sent is unconfirmed."""
        return bool(self._open) or any(self._sealed)

    @property
    def proved(self) -> bool:
        """True once this session has answered a fence."""
        return self._proved

    @property
    def may_fence(self) -> bool:
        """False while too many fences are unanswered."""
        return len(self._sealed) < MAX_FENCES

    @property
    def fence_wanted(self) -> bool:
        """True when a fence should follow now: an item was sent, or half a window."""
        if not self._open or not self.may_fence:
            return False
        urgent = any(frame.seq is not None or self.suspected(frame) for frame in self._open)
        costly = sum(frame.cost for frame in self._open) >= FENCE_AFTER
        return urgent or costly or self.blocked or self.window.fence_wanted()

    def suspected(self, frame: Frame) -> bool:
        """Tell whether `frame` must travel alone."""
        if frame.seq is not None:
            return self.suspects.has_item(frame.seq)
        if frame.end is None:
            return False
        return self.suspects.has_log(frame.key, frame.start)

    def next_suspected(self, stream: Stream) -> bool:
        """Tell whether the next thing to send of this job must travel alone."""
        item = stream.next_item
        if item is not None:
            return self.suspects.has_item(item.seq)
        start = stream.ready[0].start if stream.ready else stream.read.offset
        return self.suspects.has_log(stream.key, start)

    def clear_for_suspect(self) -> bool:
        """Tell whether a suspect may go now; its death would then prove its guilt."""
        return self._proved and not self._sealed and not self._open

    def carries_suspect(self) -> bool:
        """Tell whether a suspect is on its way: nothing may join it."""
        return any(self.suspected(frame) for frame in self.frames)

    def may_carry_item(self, *, alone: bool) -> bool:
        """Tell whether an item may go: one per fence, or `alone` behind nothing at all."""
        if alone and self.busy:
            return False
        return self.may_fence and not any(frame.seq is not None for frame in self._open)

    def sent(self, frame: Frame) -> None:
        """`frame` is handed over; its text, up to a window of it, is not needed any more."""
        self._open.append(frame.sent())
        if frame.size:
            self.window.sent(frame.size)

    def seal(self, now: float) -> None:
        """A heartbeat was handed to the socket behind it."""
        self._sealed.append(self._open)
        self._open = []
        self.window.seal(now)

    def confirm(self, now: float) -> list[Frame]:
        """The oldest unanswered fence was answered: return what it confirms."""
        if not self._sealed:
            return []
        self._proved = True
        self.window.acked(now)
        frames = self._sealed.popleft()
        for frame in frames:
            self.suspects.settled(frame)
        return frames

    def end(self, *, blame: bool) -> Frame | None:
        """The session ended; return the frame that is proved to have killed it, if any.

        `blame`: it ended abruptly. What is unconfirmed then, and was at the death before,
        becomes suspect; what dies a third time, alone, is the one: in a session that had
        answered before, and with its fence sent, because that is when a poisoned session dies.
        """
        frames = [frame for frame in self.frames if frame.size]
        proved = self._proved and not self._open
        self.window.reset(lost=bool(frames))
        self._open = []
        self._sealed.clear()
        self._proved = self.blocked = False
        if not blame or not frames:
            return None
        if len(frames) == 1 and proved and self.suspected(frames[0]):
            return frames[0]
        self.suspects.died(frames)
        return None
