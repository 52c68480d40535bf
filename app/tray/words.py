"""View → the state of the agent in words (pure): status line and tooltip."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from app.i18n import _
from app.state import LinkState, Snapshot


@dataclass(frozen=True, slots=True)
class View:
    """What the tray shows, and to whom."""

    snapshot: Snapshot | None  # None: the agent has not said anything yet
    zone: tzinfo | None = None  # the user's; None: this computer's

    def at(self, moment: float) -> str:
        """Return the time of day, for a person; nothing for a moment that is not known."""
        return datetime.fromtimestamp(moment, self.zone).strftime("%H:%M") if moment else ""


def status(view: View) -> str:
    """Return the state in one short line."""
    if view.snapshot is None:
        return _("Starting…")
    text, counts = _state(view, view.snapshot), _counts(view.snapshot)
    return _("{state}: {counts}").format(state=text, counts=counts) if counts else text


def _state(view: View, snapshot: Snapshot) -> str:
    match snapshot.link:
        case _ if not snapshot.server_url:
            return _("Not set up")
        case LinkState.REJECTED:
            return _("Token refused {time}").format(time=view.at(snapshot.link_since)).rstrip()
        case LinkState.BACKING_OFF:
            return _("No connection, trying again")
        case LinkState.CONNECTING | LinkState.AUTHENTICATING:
            return _("Connecting…")
        case LinkState.ONLINE if snapshot.draining:
            return _("Ending when the jobs have ended")
        case LinkState.ONLINE:
            return _("Paused") if snapshot.paused else _("Online")
        case LinkState.STOPPED:
            return _("Not connected") if snapshot.wanted else _("Disconnected")


def _counts(snapshot: Snapshot) -> str:
    """Return how many jobs run and wait, nothing when there is no job."""
    parts = []
    if snapshot.running:
        parts.append(_("{count} running").format(count=snapshot.running))
    if snapshot.waiting:
        parts.append(_("{count} waiting").format(count=snapshot.waiting))
    return _(", ").join(parts)
