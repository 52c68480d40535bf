"""What a test finds of this computer's desktop, what it needs of it, and both in words (pure)."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.i18n import _


@dataclass(frozen=True, slots=True)
class DesktopState:
    """The desktop at one moment; None where this system does not tell."""

    session: bool  # there is a desktop that this process belongs to
    locked: bool | None = None  # or something else of the system hides it: a password prompt
    screensaver: bool | None = None  # it covers the desktop
    remote: bool | None = None  # shown on another computer (RDP)
    disconnected: bool | None = None  # shown nowhere: RDP client gone, another user switched to
    width: int | None = None  # pixels of the primary screen
    height: int | None = None
    dpi: int | None = None  # as Windows counts: 96 is 100 %

    @property
    def resolution(self) -> str:
        """The size as people write it, "" when it is not known."""
        return f"{self.width}x{self.height}" if self.width and self.height else ""


@dataclass(frozen=True, slots=True)
class Resolution:
    """A wanted size in pixels."""

    width: int
    height: int
    at_least: bool = False  # else exactly this

    def fits(self, width: int, height: int) -> bool:
        """Tell whether a screen of this size will do."""
        if self.at_least:
            return width >= self.width and height >= self.height
        return (width, height) == (self.width, self.height)


@dataclass(frozen=True, slots=True)
class Needs:
    """What a suite needs of the desktop (`needs` in .ats.yml)."""

    desktop: bool = False  # any session
    unlocked: bool = False  # one that a test can click in
    resolution: Resolution | None = None
    dpi: int | None = None

    def __bool__(self) -> bool:
        """Tell whether it needs anything."""
        return self != NO_NEEDS


NO_NEEDS = Needs()


@dataclass(frozen=True, slots=True)
class Shortcoming:
    """One thing that is not as needed, and what a person can do."""

    what: str  # the middle of a sentence
    remedy: str  # a whole one


def describe(state: DesktopState) -> str:
    """Return a line for a log: "Desktop: unlocked, 1920x1080 at 96 DPI"."""
    return _("Desktop: {facts}").format(facts=_(", ").join(_facts(state)))


def obstacle(state: DesktopState) -> str:
    """Say in a word or two why no test could use the desktop now; "" when one could."""
    return _(", ").join(_obstacles(state))


def shortcomings(state: DesktopState, needs: Needs) -> tuple[Shortcoming, ...]:
    """Return what is not as needed; what the system does not tell of a lock counts as open."""
    if not needs:
        return ()
    if not state.session:
        remedy = _("Log in to this computer's desktop and start the agent there.")
        return (Shortcoming(_("there is no desktop session"), remedy),)
    return tuple(_missing(state, needs))


def _facts(state: DesktopState) -> Iterator[str]:
    obstacles = tuple(_obstacles(state))
    yield from obstacles
    if not state.session:
        return
    if not obstacles:
        yield _("unlocked") if state.locked is False else _("lock state not known")
    if state.remote:
        yield _("remote session")
    if state.resolution:
        text = _("{size} at {dpi} DPI") if state.dpi else "{size}"
        yield text.format(size=state.resolution, dpi=state.dpi)


def _obstacles(state: DesktopState) -> Iterator[str]:
    if not state.session:
        yield _("no session")
        return
    if state.disconnected:
        yield _("disconnected")
    if state.locked:
        yield _("locked")
    if state.screensaver:
        yield _("screensaver on")


def _missing(state: DesktopState, needs: Needs) -> Iterator[Shortcoming]:
    if needs.unlocked:
        yield from _closed(state)
    if needs.resolution is not None:
        yield from _wrong_size(state, needs.resolution)
    if needs.dpi is not None and state.dpi != needs.dpi:
        text = _("its scale is {is_now} DPI instead of {needed} DPI")
        what = text.format(is_now=state.dpi or _("unknown"), needed=needs.dpi)
        yield Shortcoming(what, _("Change the scale in the system's display settings."))


def _closed(state: DesktopState) -> Iterator[Shortcoming]:
    if state.disconnected:
        yield Shortcoming(
            _("no screen shows its session (remote desktop disconnected, or user switched)"),
            _("Connect to the session again, or log in at the computer itself."),
        )
    if state.locked:
        yield Shortcoming(_("it is locked"), _("Unlock it, and switch off the automatic lock."))
    if state.screensaver:
        yield Shortcoming(_("the screensaver is on"), _("Switch the screensaver off."))


def _wrong_size(state: DesktopState, needed: Resolution) -> Iterator[Shortcoming]:
    if state.width and state.height and needed.fits(state.width, state.height):
        return
    text = _("its resolution is {is_now} instead of {needed}")
    if needed.at_least:
        text = _("its resolution is {is_now} instead of at least {needed}")
    size = f"{needed.width}x{needed.height}"
    what = text.format(is_now=state.resolution or _("unknown"), needed=size)
    yield Shortcoming(what, _("Change the resolution in the system's display settings."))
