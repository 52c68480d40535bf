"""View → icon and tooltip (pure)."""

from dataclasses import dataclass
from enum import Enum

from app import __version__
from app.i18n import _
from app.state import LinkState, Snapshot
from app.terminal import harmless
from app.tray.words import View, status

TOOLTIP_LENGTH = 127  # characters that Windows shows (NOTIFYICONDATA.szTip, with its end mark)
_MOST = 9  # that a badge can count


class IconState(Enum):
    """What the icon says; the value is the name of its files in icons/."""

    NOT_SET_UP = "not_set_up"
    CONNECTING = "connecting"
    ONLINE = "online"
    RUNNING = "running"
    PAUSED = "paused"
    DISCONNECTED = "disconnected"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Picture:
    """The icon as it is to be drawn."""

    state: IconState
    badge: str  # "1" to "9", "9+"; "" for none
    tooltip: str

    @property
    def image(self) -> str:
        """The name of its files in icons/."""
        return f"{self.state.value}-{self.badge}" if self.badge else self.state.value


def picture(view: View) -> Picture:
    """Return what the icon shows."""
    state = _state(view.snapshot)
    badge = _badge(view.snapshot) if state is IconState.RUNNING else ""
    return Picture(state, badge, _tooltip(view))


def _state(snapshot: Snapshot | None) -> IconState:
    if snapshot is None:
        return IconState.CONNECTING
    match snapshot.link:
        case _ if not snapshot.server_url:
            return IconState.NOT_SET_UP
        case LinkState.REJECTED:
            return IconState.PROBLEM
        case LinkState.ONLINE:
            return _online(snapshot)
        case LinkState.STOPPED if not snapshot.wanted:
            return IconState.DISCONNECTED
        case _:
            return IconState.CONNECTING


def _online(snapshot: Snapshot) -> IconState:
    """The user's pause (or drain) comes before the jobs, these before an older problem."""
    if snapshot.paused or snapshot.draining:
        return IconState.PAUSED
    if snapshot.running:
        return IconState.RUNNING
    return IconState.PROBLEM if snapshot.problem else IconState.ONLINE


def _badge(snapshot: Snapshot | None) -> str:
    count = snapshot.running if snapshot else 0
    return str(count) if count <= _MOST else f"{_MOST}+"


def _tooltip(view: View) -> str:
    """Say who this is, how it is, and what went wrong, as far as it fits.

    Names come from the network, and D-Bus throws out whoever sends a NUL.
    """
    lines = [_("ATS agent {version}").format(version=__version__), status(view)]
    if view.snapshot is not None and view.snapshot.environment:
        name = harmless(view.snapshot.environment)
        lines[0] = _("ATS agent · {environment}").format(environment=name)
    if view.snapshot is not None and view.snapshot.problem:
        lines.append(harmless(" ".join(view.snapshot.problem.split())))
    text = "\n".join(lines)
    return text if len(text) <= TOOLTIP_LENGTH else text[: TOOLTIP_LENGTH - 1] + "…"
