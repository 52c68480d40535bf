"""What D-Bus knows of a lock: logind and the desktop's screensaver. Blocks as long as they do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jeepney import DBusAddress, Message, MessageFlag, MessageType, Properties, new_method_call
from jeepney.io.blocking import open_dbus_connection

# Who may answer for the screensaver: its name on the bus, which is its interface too.
SAVERS = (
    "org.freedesktop.ScreenSaver",
    "org.gnome.ScreenSaver",
    "org.cinnamon.ScreenSaver",
    "org.mate.ScreenSaver",
    "org.xfce.ScreenSaver",
)
_LOGIND = "org.freedesktop.login1"
_USER = "/org/freedesktop/login1/user/self"
_PATIENCE = 0.5  # seconds for one answer


@dataclass(frozen=True, slots=True)
class Login:
    """A session as logind sees it."""

    locked: bool
    active: bool  # it has the screen: no other user was switched to
    remote: bool
    kind: str  # "x11", "wayland", "tty" …
    display: str  # of X, "" when logind does not know


class LockBus:
    """One connection to a bus; any call raises OSError or jeepney's errors once it is gone."""

    def __init__(self, address: str) -> None:
        """Connect to the bus of this address (SYSTEM: the system's)."""
        self.address = address
        self._connection = open_dbus_connection(address, auth_timeout=_PATIENCE)

    def saver_active(self) -> bool | None:
        """Return whether a screensaver covers the screen; None when nobody answers for one."""
        answers = [self._ask_saver(name) for name in SAVERS]
        known = [answer for answer in answers if answer is not None]
        return any(known) if known else None

    def login(self) -> Login | None:
        """Return this user's graphical session; None when logind has none."""
        user = self._properties(_USER, f"{_LOGIND}.User")
        _name, path = user.get("Display", ("", "/"))
        if path in ("", "/"):
            return None
        session = self._properties(path, f"{_LOGIND}.Session")
        if "LockedHint" not in session:
            return None
        return Login(
            locked=bool(session["LockedHint"]),
            active=bool(session.get("Active", True)),
            remote=bool(session.get("Remote", False)),
            kind=str(session.get("Type", "")),
            display=str(session.get("Display", "")),
        )

    def close(self) -> None:
        """Let go of the bus."""
        self._connection.close()

    def _ask_saver(self, name: str) -> bool | None:
        saver = DBusAddress("/" + name.replace(".", "/"), name, name)
        answer = self._ask(new_method_call(saver, "GetActive"))
        if answer.header.message_type is MessageType.error:
            return None
        return bool(answer.body[0])

    def _properties(self, path: str, interface: str) -> Mapping[str, Any]:
        answer = self._ask(Properties(DBusAddress(path, _LOGIND, interface)).get_all())
        if answer.header.message_type is MessageType.error:
            return {}
        return {name: value for name, (_signature, value) in answer.body[0].items()}

    def _ask(self, call: Message) -> Message:
        """Ask whoever is there already: looking starts no service."""
        call.header.flags |= MessageFlag.no_auto_start
        return self._connection.send_and_get_reply(call, timeout=_PATIENCE)
