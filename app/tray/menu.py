"""View → menu items (pure), as plain data that every backend can show."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from app import __version__
from app.i18n import _
from app.state import (
    CancelJob,
    Command,
    JobState,
    JobView,
    LinkState,
    OpenPage,
    Request,
    Snapshot,
    StartAtLogin,
)
from app.terminal import harmless, shortened, wrapped
from app.tray.words import View, status

JOBS_SHOWN = 8  # a menu must fit on a small screen
NAME_LENGTH = 40  # characters of a job's title or id
LINE_LENGTH = 60  # columns of a line of the problem


class Open(Enum):
    """What the tray can open for the user."""

    LOG = "log"
    WORK_FOLDER = "work folder"


Action = Request | Open


@dataclass(frozen=True, slots=True)
class Item:
    """One entry: it does something, or holds further ones, or is only there to be read."""

    text: str  # "" for a separator
    action: Action | None = None
    items: tuple["Item", ...] = ()
    checked: bool | None = None  # its check mark; None for one that never has any
    default: bool = False  # what a click on the icon itself does; of one item at most

    @property
    def enabled(self) -> bool:
        """Tell whether it can be chosen."""
        return self.action is not None or bool(self.items)


SEPARATOR = Item("")


def menu(view: View) -> tuple[Item, ...]:
    """Return the whole menu, the state in words first."""
    snapshot = view.snapshot
    if snapshot is None:
        groups = [[Item(status(view))], [_open_log()], [_about(None), _quit(None)]]
    else:
        groups = [
            [Item(status(view)), *_remarks(snapshot)],
            list(_wishes(snapshot)),
            list(_jobs(view, snapshot)),
            list(_openings(snapshot)),
            [*_problem(snapshot), _about(snapshot), _quit(snapshot)],
        ]
    return tuple(_with_separators([group for group in groups if group]))


def click(items: tuple[Item, ...]) -> Action:
    """Return what a click on the icon does where no menu can be shown."""
    return next((item.action for item in items if item.default and item.action), Open.LOG)


def _with_separators(groups: list[list[Item]]) -> Iterator[Item]:
    for number, group in enumerate(groups):
        if number:
            yield SEPARATOR
        yield from group


def _problem(snapshot: Snapshot) -> Iterator[Item]:
    """The last problem in a few words, all of it one step further."""
    text = _line(snapshot.problem)
    if not text:
        return
    lines = tuple(Item(line) for line in wrapped(text, LINE_LENGTH))
    title = _("Last problem: {problem}").format(problem=text)
    yield Item(shortened(title, LINE_LENGTH), items=lines)


def _remarks(snapshot: Snapshot) -> Iterator[Item]:
    """What there is to know of this computer besides the agent's own state."""
    if snapshot.awake:
        yield Item(_("Keeping this computer awake"))
    if desktop := _line(snapshot.desktop):
        yield Item(shortened(desktop, LINE_LENGTH))


def _line(text: str) -> str:
    """Return a text as one line; "" when there is nothing in it to see."""
    return harmless(" ".join(text.split()))


def _wishes(snapshot: Snapshot) -> Iterator[Item]:
    """The two wishes of the user, each as what it can be changed to."""
    if not snapshot.server_url:
        yield Item(_("Connect this computer…"), OpenPage("connect"), default=True)
        return
    if snapshot.link is LinkState.REJECTED:
        yield Item(_("Enter a new token…"), OpenPage("connect"))
        yield Item(_("Connect again"), Command.CONNECT)
    elif snapshot.wanted:
        yield Item(_("Disconnect"), Command.DISCONNECT)
    else:
        yield Item(_("Connect"), Command.CONNECT)
    if snapshot.draining:
        return
    if snapshot.paused:
        yield Item(_("Resume"), Command.RESUME)
    else:
        yield Item(_("Pause (start nothing new)"), Command.PAUSE)


def _jobs(view: View, snapshot: Snapshot) -> Iterator[Item]:
    jobs = [job for job in snapshot.jobs if not job.waiting]
    for job in jobs[:JOBS_SHOWN]:
        yield _job(view, job)
    if len(jobs) > JOBS_SHOWN:
        yield Item(_("… and {count} more running").format(count=len(jobs) - JOBS_SHOWN))


def _job(view: View, job: JobView) -> Item:
    cancel = None if job.state is JobState.STOPPING else CancelJob(job.job_id)
    about = _doing(job.state).format(time=view.at(job.since))
    return Item(_name(job.title or job.job_id), items=(Item(about), Item(_("Cancel"), cancel)))


def _doing(state: JobState) -> str:
    match state:
        case JobState.PREPARING:
            return _("Preparing since {time}")
        case JobState.STOPPING:
            return _("Stopping since {time}")
        case _:
            return _("Running since {time}")


def _name(job_id: str) -> str:
    """Cut out the middle: the ends tell it from others. It comes from the network."""
    text = harmless(job_id)
    half = NAME_LENGTH // 2
    return text if len(text) <= NAME_LENGTH else f"{text[: half - 1]}…{text[-half:]}"


def _openings(snapshot: Snapshot) -> Iterator[Item]:
    yield Item(_("Open dashboard"), OpenPage(), default=bool(snapshot.server_url))
    yield _open_log()
    if snapshot.work_dir:
        yield Item(_("Open work folder"), Open.WORK_FOLDER)
    yield Item(_("Settings…"), OpenPage("settings"))
    if snapshot.autostart is not None:
        wish = StartAtLogin(not snapshot.autostart)
        yield Item(_("Start at login"), wish, checked=snapshot.autostart)


def _open_log() -> Item:
    return Item(_("Open log"), Open.LOG)


def _about(snapshot: Snapshot | None) -> Item:
    version = _("ATS agent {version}").format(version=__version__)
    lines = [version]
    if snapshot is not None:
        lines += [harmless(snapshot.environment), harmless(snapshot.server_url)]
    return Item(_("About"), items=tuple(Item(line) for line in lines if line))


def _quit(snapshot: Snapshot | None) -> Item:
    """Quit; while jobs run it asks how, for there are no dialogs."""
    if snapshot is None or not snapshot.running:
        return Item(_("Quit"), Command.QUIT)
    now = Item(_("Now, stopping the running jobs"), Command.QUIT)
    if snapshot.draining:
        return Item(_("Quit"), items=(now,))
    return Item(_("Quit"), items=(Item(_("When the running jobs have ended"), Command.DRAIN), now))
