"""Folders: the agent's home, the work dir, and a safe name for each job's folder."""

import hashlib
import os
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from app.errors import ConfigError, WorkDirError
from app.i18n import _

APP_NAME = "ats-agent"
PORTABLE_NAME = "ats-agent.yaml"  # beside the program (app/portable.py)
_NAME_LENGTH = 100  # characters; with "~", 12 hex digits and ".log" far below every limit
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{port}{number}" for port in ("com", "lpt") for number in range(10)}
)


def portable_file(folder: Path | None = None) -> Path | None:
    """Return the file `ats-agent.yaml` in `folder`, None when there is none.

    Without a `folder` it is the program's own; run from source it has none.
    """
    folder = folder or _program_folder()
    file = None if folder is None else folder / PORTABLE_NAME
    return file if file is not None and _is_file(file) else None


def default_home(beside: Path | None = None) -> Path:
    """Return the agent's folder when nobody names one; it may not exist yet.

    A copied program has it `beside` itself if that can be written (app/portable.py), any
    other in the user's data folder.
    """
    file = portable_file(beside)
    if file is None:
        return _user_home()
    from app import portable  # noqa: PLC0415 (PyYAML; most programs are not copied)

    home = file.parent / portable.DATA_NAME
    return home if portable.state_of(file) == portable.BESIDE and _takes(home) else _user_home()


def _program_folder() -> Path | None:
    """Where the user put the executable; on macOS that is where the .app lies."""
    if not getattr(sys, "frozen", False):
        return None
    program = Path(sys.executable)
    for parent in program.parents:
        if parent.suffix == ".app" and parent / "Contents" in program.parents:
            return parent.parent
    return program.parent


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _takes(home: Path) -> bool:
    """Tell whether this user can write there; asked of its parent while it does not exist."""
    try:
        _probe(home if home.exists() else home.parent)
    except OSError:
        return False
    return True


def _user_home() -> Path:
    from platformdirs import user_data_path  # noqa: PLC0415 (start-up time; --home needs it not)

    return user_data_path(APP_NAME, appauthor=False)


def prepare_home(home: Path) -> None:
    """Make the home folder, for this user only; ConfigError when it cannot be used."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        _probe(home)
    except (OSError, ValueError) as cause:
        raise ConfigError(
            _("The home folder {path} cannot be used: {why}.").format(path=home, why=_why(cause)),
            _("Make it writable for this user or choose another one with --home."),
        ) from cause


@dataclass(frozen=True, slots=True)
class WorkDir:
    """The folder that the platform's users see: work, logs, cache."""

    root: Path

    @property
    def tasks(self) -> Path:
        """One folder per job, in which it runs."""
        return self.root / "tasks"

    @property
    def logs(self) -> Path:
        """agent.log and its predecessors."""
        return self.root / "logs"

    @property
    def task_logs(self) -> Path:
        """One log file per job."""
        return self.logs / "tasks"

    @property
    def suites(self) -> Path:
        """One folder per suite, with its checkout."""
        return self.root / "suites"

    def suite(self, suite_id: str) -> Path:
        """Return the folder that all executions of a suite share."""
        return self.suites / safe_name(suite_id)

    @property
    def cache(self) -> Path:
        """What may be deleted at any time."""
        return self.root / "cache"

    def prepare(self) -> None:
        """Make the folders and try to write into each; WorkDirError names the one that fails."""
        for folder in (self.root, self.tasks, self.suites, self.logs, self.task_logs, self.cache):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                _probe(folder)
            except (OSError, ValueError) as cause:
                raise WorkDirError(folder, _why(cause)) from cause


def resolve_work_dir(wish: str | Path | None, home: Path) -> Path:
    """Return the absolute work dir that `wish` means; None and "" mean `<home>/workspace`.

    The wish may come from the platform: "~" is this user's, a relative one lies in
    `<home>/workspace`. Raises WorkDirError when it names no folder at all.
    """
    base = home / "workspace"
    text = str(wish or "").strip()
    if not text:
        return base
    if "\0" in text:
        raise WorkDirError(Path(text.replace("\0", "?")), _("the name holds a NUL character"))
    try:
        path = base / Path(text).expanduser()
    except RuntimeError as cause:  # "~name" of nobody
        raise WorkDirError(Path(text), _("there is no such user")) from cause
    return Path(os.path.normpath(path))


def check_work_dir(root: Path) -> None:
    """Raise WorkDirError unless `root` is a folder for us, or can become one; makes nothing."""
    try:
        os.fsencode(root)  # `exists` is silent about a name that no folder can have
        _probe(next(path for path in (root, *root.parents) if path.exists()))
    except (OSError, ValueError) as cause:
        raise WorkDirError(root, _why(cause)) from cause


def safe_name(job_id: str) -> str:
    """Return a file name for `job_id`, which comes from the network and may be hostile.

    An ordinary id stays as it is; any other gets "~" and a hash of the original, so two
    ids share a name only when they differ in case alone.
    """
    name = re.sub(r"[^A-Za-z0-9._-]", "_", job_id)[:_NAME_LENGTH]
    name = name.lstrip(".").rstrip(".")
    if name.partition(".")[0].lower() in _DEVICES:  # Windows: "nul.txt" is the device as well
        name = f"_{name}"[:_NAME_LENGTH]
    if name == job_id and name:
        return name
    digest = hashlib.sha256(job_id.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{name or '_'}~{digest[:12]}"


def _probe(folder: Path) -> None:
    """Write a file: mode bits lie on network drives, full disks and Windows ACLs."""
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"?")


def _why(cause: Exception) -> str:
    return getattr(cause, "strerror", None) or str(cause)
