"""Linux: a desktop's autostart entry, or a service of the user's systemd.

Desktop Application Autostart Specification 0.5; Desktop Entry Specification 1.5, "The Exec
key"; systemd.service(5), "Command lines". One of the two at a time: two would start twice.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from app.errors import AgentError
from app.exit_codes import ExitCode
from app.host._autostart import (
    NAME,
    TITLE,
    Autostart,
    AutostartState,
    failure,
    same_agent,
)
from app.host.private_file import write_private

SYSTEMCTL_LIMIT = 5.0  # seconds that systemd may take to look at its files anew
STARTS, STARTS_WITHIN = 5, 600  # so often in so many seconds, then systemd gives up
RESTART_PAUSE = 10  # seconds from a crash to the next start
# After these another start would fail as well: only the user can help.
HOPELESS = (ExitCode.USAGE, ExitCode.TOKEN_REFUSED, ExitCode.ALREADY_RUNNING)


def config_folder(env: Mapping[str, str] = os.environ) -> Path:
    """Return the user's folder for settings (XDG Base Directory Specification)."""
    named = Path(env.get("XDG_CONFIG_HOME", ""))
    return named if named.is_absolute() else Path.home() / ".config"


def has_systemd() -> bool:
    """Tell whether systemd runs this system (sd_booted(3)) and knows services of users."""
    return Path("/run/systemd/system").is_dir() and shutil.which("systemctl") is not None


class DesktopAutostart:
    """The entry of this program in the user's autostart folder."""

    kind = "XDG autostart"

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self._command = command
        self._path = folder / "autostart" / f"{NAME}.desktop"

    def install(self) -> None:
        """Write the entry."""
        _write(self._path, _ENTRY.format(title=TITLE, command=exec_line(self._command)))

    def remove(self) -> None:
        """Delete the entry."""
        _delete(self._path)

    def state(self) -> AutostartState:
        """Read the entry; desktops switch one off inside it, each in its own way."""
        found = _keys(self._path)
        if not found:
            return AutostartState(str(self._path))
        command = found.get("Exec", "?")
        off = found.get("Hidden") == "true" or found.get("X-GNOME-Autostart-enabled") == "false"
        ours = same_agent(command, self._command, exec_line)
        return AutostartState(str(self._path), command=command, ours=ours, enabled=not off)


class SystemdAutostart:
    """The service of this program, started with the first session of this user."""

    kind = "systemd --user"

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self._command = command
        self._path = folder / "systemd" / "user" / f"{NAME}.service"
        self._link = self._path.parent / "default.target.wants" / self._path.name

    def install(self) -> None:
        """Write the service and enable it, as `systemctl enable` would; it is not started."""
        command = service_line(self._command)
        _write(self._path, _SERVICE.format(title=TITLE, command=command, **_LIMITS))
        try:
            self._link.parent.mkdir(parents=True, exist_ok=True)
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(self._path)
        except OSError as cause:
            raise failure(self._link, cause) from cause
        self._reload()

    def remove(self) -> None:
        """Disable and delete the service; one that runs goes on."""
        _delete(self._link)
        _delete(self._path)
        self._reload()

    def state(self) -> AutostartState:
        """Read the service."""
        found = _keys(self._path)
        if not found:
            return AutostartState(str(self._path))
        command = found.get("ExecStart", "?")
        return AutostartState(
            str(self._path),
            command=command,
            ours=same_agent(command, self._command, service_line),
            enabled=self._link.is_symlink(),
            restarts="Restart" in found,
        )

    def _reload(self) -> None:
        """Have a running systemd look at the files anew; without one it does at its start."""
        with suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(
                ["systemctl", "--user", "daemon-reload"],  # noqa: S607 (where it is differs)
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=SYSTEMCTL_LIMIT,
                check=False,
            )


class LinuxAutostart:
    """The way that was chosen; of the other nothing is left."""

    def __init__(self, chosen: Autostart, other: Autostart) -> None:
        self._chosen = chosen
        self._other = other

    @property
    def kind(self) -> str:
        """Return the way that is installed, else the chosen one."""
        return self._present().kind

    def install(self) -> None:
        """Install the chosen way, and remove the other."""
        self._chosen.install()
        self._other.remove()

    def remove(self) -> None:
        """Remove both, the second also when that fails with the first."""
        try:
            self._chosen.remove()
        finally:
            self._other.remove()

    def state(self) -> AutostartState:
        """Return the state of the way that is installed, of the chosen one when neither is."""
        return self._present().state()

    def _present(self) -> Autostart:
        with suppress(AgentError):  # the one that cannot be read tells so by itself
            if not self._chosen.state().installed and self._other.state().installed:
                return self._other
        return self._chosen


_ENTRY = """\
[Desktop Entry]
Type=Application
Name={title}
Exec={command}
Terminal=false
StartupNotify=false
X-GNOME-Autostart-enabled=true
"""

# KillMode: only we get SIGTERM, and end the jobs in order; what is left is killed in the end.
_SERVICE = """\
[Unit]
Description={title}
StartLimitIntervalSec={within}
StartLimitBurst={starts}

[Service]
ExecStart={command}
Restart=on-failure
RestartSec={pause}
RestartPreventExitStatus={hopeless}
KillMode=mixed

[Install]
WantedBy=default.target
"""
_LIMITS = {
    "within": STARTS_WITHIN,
    "starts": STARTS,
    "pause": RESTART_PAUSE,
    "hopeless": " ".join(str(int(code)) for code in HOPELESS),
}


_BY_SHELL = ["/bin/sh", "-c", 'exec "$0" "$@"']  # followed by a command that it becomes


def exec_line(command: Sequence[str]) -> str:
    """Return the value of a desktop entry's Exec key.

    The program's name may hold no "=", and GLib 2.74 and systemd 252 look for one with "%" under
    the name with "%%".
    """
    if re.search("[=%]", command[0]):
        command = [*_BY_SHELL, *command]
    quoted = " ".join(_exec_quoted(word) for word in command)
    escaped = quoted.replace("\\", "\\\\")  # undone first, as in every value of such a file
    return escaped.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")


def _exec_quoted(word: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_./:@+,=-]+", word):
        return word
    return '"' + re.sub(r'(["`$\\])', r"\\\1", word).replace("%", "%%") + '"'


def service_line(command: Sequence[str]) -> str:
    """Return the value of a service's ExecStart key.

    systemd takes no program with a quote or backslash in its name, and a "$" there as it is.
    """
    if re.search(r"""["'\\$]""", command[0]):
        command = [*_BY_SHELL, *command]
    return " ".join(_service_quoted(word) for word in command)


def _service_quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return '"' + escaped.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r") + '"'


def _keys(path: Path) -> dict[str, str]:
    """Return the keys of a file of sections, whichever; {} when it is not there."""
    try:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return {}
    except OSError as cause:
        raise failure(path, cause) from cause
    pairs = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    return {"": "", **{key.strip(): value.strip() for key, equals, value in pairs if equals}}


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, text.encode("utf-8", "surrogateescape"))
    except OSError as cause:
        raise failure(path, cause) from cause


def _delete(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as cause:
        raise failure(path, cause) from cause
