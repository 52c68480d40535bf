"""Where a job runs and what exactly is started there."""

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from app.errors import AgentError
from app.host.console import shell_argv
from app.host.paths import WorkDir
from app.i18n import _
from app.protocol.messages import JobAssigned


class NotRunnableError(AgentError):
    """The job cannot be started as it was asked for; no process was started."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """A folder that is there and the command line to start in it."""

    cwd: Path
    own: Path  # the job's own folder, which may be the same
    argv: list[str] = field(default_factory=list)  # of a suite: not known before its checkout


def prepare(assigned: JobAssigned, work_dir: WorkDir, name: str) -> Workplace:
    """Make the job's own folder and the one that it runs in; blocking file work.

    A folder that the job names is taken from the work dir when it is relative, and made when
    it lies inside the work dir. Raises NotRunnableError naming path and cause.
    """
    own = work_dir.tasks / name
    _make(own)
    cwd = _wished(assigned.work_dir, work_dir) if assigned.work_dir else own
    return Workplace(cwd, own, command_line(assigned.command, own, cwd))


def prepare_suite(suite_id: str, work_dir: WorkDir, name: str) -> Workplace:
    """Make the suite's folder and that of this execution of it; raises NotRunnableError."""
    own = work_dir.tasks / name
    folder = work_dir.suite(suite_id)
    _make(own)
    if folder.is_symlink() or folder.is_file():  # an earlier execution's doing
        with suppress(OSError):
            folder.unlink()
    _make(folder)
    return Workplace(folder, own)


def _wished(wish: str, work_dir: WorkDir) -> Path:
    try:
        folder = work_dir.root / Path(wish).expanduser()
        inside = folder.resolve().is_relative_to(work_dir.root.resolve())
    except RuntimeError as why:  # "~name" of nobody, or a loop of links
        raise _unusable(wish, _("it leads nowhere")) from why
    except (OSError, ValueError) as why:  # NUL
        raise _unusable(wish, _reason(why)) from why
    if inside:
        _make(folder)
    _check(folder)
    return folder


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as why:
        raise _unusable(folder, _("a file is in the way")) from why
    except (OSError, ValueError) as why:
        raise _unusable(folder, _reason(why)) from why


def _check(folder: Path) -> None:
    try:
        is_folder = folder.is_dir()
        found = is_folder or folder.exists()
    except (OSError, ValueError) as why:
        raise _unusable(folder, _reason(why)) from why
    if not found:
        raise _unusable(folder, _("it does not exist and lies outside the work folder"))
    if not is_folder:
        raise _unusable(folder, _("a file is in the way"))
    if not os.access(folder, os.X_OK):
        raise _unusable(folder, _("no permission"))


def command_line(command: str | tuple[str, ...], own: Path, cwd: Path) -> list[str]:
    """Return what is started for `command` in `cwd`; raises NotRunnableError; blocking.

    A file with the command, where one is needed, is written to `own`.
    """
    if not isinstance(command, str):
        if not command or not command[0]:
            raise NotRunnableError(_("The command is empty."))
        return list(command)
    try:
        return shell_argv(command, own, cwd)
    except (OSError, ValueError) as why:
        text = _("The command cannot be written to a script in {path}: {why}.")
        raise NotRunnableError(text.format(path=own, why=_reason(why))) from why


def _unusable(folder: Path | str, why: str) -> NotRunnableError:
    text = _("The task's folder {path} cannot be used: {why}.")
    return NotRunnableError(text.format(path=folder, why=why))


def _reason(why: OSError | ValueError) -> str:
    return (why.strerror if isinstance(why, OSError) else None) or str(why)
