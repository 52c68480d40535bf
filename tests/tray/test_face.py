"""The tray's face (app/tray/face.py): nothing in the tray harms the agent."""

import logging
import queue
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from app.host import opening
from app.state import Command, EndedJob, JobState, LinkState, OpenPage, Request, Snapshot
from app.tray.face import TrayFace
from app.tray.icon import NoTrayError
from app.tray.menu import Action, Item, Open
from app.tray.notices import Wanted
from app.tray.picture import Picture
from tests.fakes.signals import signal_ourselves

ONLINE = Snapshot(server_url="ws://x", link=LinkState.ONLINE, work_dir="/work")
END = Snapshot(exit_code=0)


class Icon:
    """A working icon without a screen."""

    def __init__(self, choose: Callable[[Action], None], log: list[str]) -> None:
        self.choose = choose
        self.log = log
        self.broken = False
        self.mute = False
        self._work: queue.Queue[Callable[[], None] | None] = queue.Queue()

    def run(self, ready: Callable[[], None]) -> None:
        ready()
        while (work := self._work.get(timeout=10)) is not None:
            work()

    def hop(self, work: Callable[[], None]) -> None:
        self._work.put(work)

    def stop(self) -> None:
        self._work.put(None)

    def draw(self, picture: Picture) -> None:
        if self.broken:
            raise ZeroDivisionError("cannot draw")
        self.log.append(picture.image)

    def offer(self, items: tuple[Item, ...]) -> None:
        self.log.append(items[0].text)

    def notify(self, title: str, text: str) -> None:
        if self.mute:
            raise NotImplementedError("no notifications here")
        self.log.append(f"{title}: {text}")


class Stage:
    """A face on the main thread, and an agent's thread that follows a script."""

    def __init__(self, *failures: Exception, greet: bool = False) -> None:
        self.log: list[str] = []
        self.icons: list[Icon] = []
        self.posted: list[Request] = []
        self._failures = list(failures)
        self.opened = threading.Semaphore(0)
        self.wanted = Wanted()
        self.face = TrayFace(
            self._open,
            lambda: Path("/nowhere/agent.log"),
            wanted=lambda: self.wanted,
            greet=greet,
            retry=0.01,
        )

    def _open(self, choose: Callable[[Action], None]) -> Icon:
        if self._failures:
            raise self._failures.pop(0)
        self.icons.append(Icon(choose, self.log))
        self.opened.release()
        return self.icons[-1]

    def post(self, request: Request) -> bool:
        self.posted.append(request)
        if request is Command.QUIT:
            self.face.show(END)
        return True

    def play(self, script: Callable[[], None]) -> None:
        """Run the face to its end while `script` is the agent."""

        def agent() -> None:
            try:
                script()
            finally:
                self.face.show(END)

        self.face.run(threading.Thread(target=agent).start, self.post)

    def drawn(self) -> None:
        """Wait until everything so far is drawn; the agent's thread."""
        done = threading.Event()
        self.icons[-1].hop(done.set)
        assert done.wait(5)


def test_it_draws_only_what_differs() -> None:
    """The same snapshot again costs nothing."""
    stage = Stage()

    def script() -> None:
        assert stage.opened.acquire(timeout=5)
        for snapshot in (ONLINE, ONLINE, ONLINE):
            stage.face.show(snapshot)
        stage.drawn()

    stage.play(script)
    assert stage.log == ["Starting…", "connecting", "Online", "online"]


def test_choices_reach_the_agent() -> None:
    """What is chosen in the menu is posted as it is."""
    stage = Stage()

    def script() -> None:
        assert stage.opened.acquire(timeout=5)
        stage.icons[0].choose(Command.PAUSE)

    stage.play(script)
    assert stage.posted == [Command.PAUSE]


def test_an_icon_that_cannot_be_drawn_is_made_anew(caplog: pytest.LogCaptureFixture) -> None:
    """A bug in drawing is one line with its traceback; the next icon may be better."""
    stage = Stage()

    def script() -> None:
        assert stage.opened.acquire(timeout=5)
        stage.drawn()
        stage.icons[0].broken = True
        stage.face.show(ONLINE)
        assert stage.opened.acquire(timeout=5)
        stage.drawn()

    with caplog.at_level(logging.WARNING):
        stage.play(script)
    assert len(stage.icons) == 2
    assert stage.log[-1] == "online"
    assert [record.exc_info is not None for record in caplog.records] == [True]


def test_it_tries_until_there_is_a_tray(caplog: pytest.LogCaptureFixture) -> None:
    """No panel, no bus, a strange failure at import: the same reason is said once."""
    stage = Stage(NoTrayError("no bus"), NoTrayError("no bus"), OSError("gone"), KeyError("odd"))

    def script() -> None:
        assert stage.opened.acquire(timeout=5)

    with caplog.at_level(logging.WARNING):
        stage.play(script)
    said = [record.getMessage() for record in caplog.records]
    again = "; the agent goes on without, and tries again"
    assert said == [f"no bus{again}", f"gone{again}", "tray: KeyError('odd')"]


def test_an_icon_that_ends_by_itself_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    """As when the X server that it was drawn on has gone."""
    stage = Stage()

    def script() -> None:
        assert stage.opened.acquire(timeout=5)
        stage.drawn()
        stage.icons[0].stop()
        assert stage.opened.acquire(timeout=5)
        stage.drawn()

    stage.play(script)
    assert "the tray icon has gone" in caplog.text


def test_an_end_before_the_icon_stands() -> None:
    """The agent may fail at once: the face ends, whatever the icon was about to do."""
    stage = Stage()
    stage.play(lambda: None)
    Stage(NoTrayError("no bus")).play(lambda: None)


def test_signals_become_quit() -> None:
    """Once for each signal, and the handlers are put back."""
    before = signal.getsignal(signal.SIGTERM)
    stage = Stage()
    ended = threading.Event()

    def script() -> None:
        assert stage.opened.acquire(timeout=5)
        stage.drawn()
        signal_ourselves(signal.SIGTERM)
        ended.wait(5)

    def post(request: Request) -> bool:
        stage.posted.append(request)
        ended.set()
        return True

    stage.post = post  # type: ignore[method-assign]
    stage.play(script)
    assert stage.posted == [Command.QUIT]
    assert signal.getsignal(signal.SIGTERM) is before


def test_log_and_work_folder_are_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """The current ones; what cannot be opened is told where it was asked for."""
    stage, opened = Stage(), []

    def open_for_user(path: Path) -> None:
        if path == Path("/work"):
            raise opening.CannotOpenError("/work does not exist.")
        opened.append(path)

    monkeypatch.setattr("app.tray.face.open_for_user", open_for_user)

    def script() -> None:
        assert stage.opened.acquire(timeout=5)
        stage.face.show(ONLINE)
        stage.drawn()
        stage.icons[0].choose(Open.LOG)
        stage.icons[0].choose(Open.WORK_FOLDER)

    stage.play(script)
    assert opened == [Path("/nowhere/agent.log")]
    assert stage.log[-1].startswith("Cannot open: /work does not exist.")


def test_a_newcomer_is_greeted_with_the_page_that_connects() -> None:
    """Once, with or without a tray; an agent that is set up opens nothing by itself."""
    stage = Stage(NoTrayError("no bus"), NoTrayError("no bus"), greet=True)
    stage.play(lambda: None)
    assert stage.posted == [OpenPage("connect")]
    other = Stage()
    other.play(lambda: None)
    assert other.posted == []


def test_a_double_click_opens_one_page() -> None:
    """Two halves of one click; another page is another wish."""
    stage = Stage()

    def script() -> None:
        assert stage.opened.acquire(timeout=5)
        for page in ("", "", "settings", "settings", ""):
            stage.icons[0].choose(OpenPage(page))

    stage.play(script)
    assert stage.posted == [OpenPage(), OpenPage("settings"), OpenPage()]


def failed(key: int) -> Snapshot:
    """A snapshot after a job of this name has failed."""
    job = EndedJob(
        key=key, job_id="", kind="task", title=f"job {key}", state=JobState.FAILED, at=0.0
    )
    return Snapshot(server_url="ws://x", link=LinkState.ONLINE, ended=(job,))


def test_news_are_told_as_wanted() -> None:
    """Once; what is wanted may change while the agent runs."""
    stage = Stage()

    def script() -> None:
        assert stage.opened.acquire(timeout=5)
        stage.face.show(failed(1))
        stage.face.show(failed(1))
        stage.drawn()
        stage.wanted = Wanted(failures=False)
        stage.face.show(failed(2))
        stage.drawn()

    stage.play(script)
    assert [line for line in stage.log if "job" in line] == ["A job has failed: job 1"]


def test_a_system_without_notifications_is_no_problem(caplog: pytest.LogCaptureFixture) -> None:
    """The icon stays; the log tells only whoever looks for it."""
    stage = Stage()

    def script() -> None:
        assert stage.opened.acquire(timeout=5)
        stage.drawn()
        stage.icons[0].mute = True
        stage.face.show(failed(1))
        stage.drawn()

    with caplog.at_level(logging.DEBUG):
        stage.play(script)
    assert stage.log[-1] == "online"
    assert len(stage.icons) == 1
    levels = [record.levelname for record in caplog.records if "notification" in record.msg]
    assert levels == ["DEBUG"]
