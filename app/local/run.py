"""`ats-agent run-local`: suite file → run → table, JUnit file, exit code."""

import asyncio
import logging
import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from app.config import Effective
from app.errors import ConfigError
from app.exit_codes import ExitCode
from app.host import containment
from app.i18n import _
from app.jobs.deps import JobLimits
from app.jobs.removal import remove
from app.jobs.results.junit_writer import junit_xml
from app.local.desk import Desk, DeskParts
from app.local.paint import Paint
from app.local.report import Report
from app.local.stop import Stop, stopped_by_signals
from app.local.suite_file import GIT_TOKEN, SuiteFile, read_suite
from app.logs import MaskingFormatter, ThreadHandler
from app.redaction import Redactor
from app.state import JobState
from app.terminal import harmless, say

DEFAULT_JUNIT = "ats-results.xml"  # beside the suite file; the name is no default result file
_CODES = {
    JobState.SUCCEEDED: ExitCode.OK,
    JobState.FAILED: ExitCode.TESTS_FAILED,
    JobState.TIMED_OUT: ExitCode.TESTS_FAILED,
    JobState.ERROR: ExitCode.NOT_RUN,
    JobState.INTERRUPTED: ExitCode.STOPPED,
    JobState.CANCELLED: ExitCode.STOPPED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalOptions:
    """What the command line says; paths as they were written."""

    suite: Path
    junit: Path | None = None
    keep: bool = False


def run_local(options: LocalOptions, effective: Effective) -> int:
    """Run the suite to its end; returns the exit code.

    Raises FatalError; a ConfigError before anything was started.
    """
    token = os.environ.pop(GIT_TOKEN, "").strip()  # no test is to inherit it
    suite = read_suite(options.suite)
    junit = _writable(options.junit or suite.path.with_name(DEFAULT_JUNIT))
    if junit.exists() and junit.samefile(suite.path):
        raise ConfigError(
            _("{path} is the suite's own file.").format(path=junit),
            _("Choose another file with --junit FILE."),
        )
    for warning in suite.warnings:
        say(warning, error=True)
    containment.prepare_process()
    redactor = Redactor()
    redactor.add(token)
    log = _log_to_stderr(effective, redactor)
    try:
        run = partial(_run, suite, partial(_parts, suite, effective, redactor, token))
        return asyncio.run(run(junit, keep=options.keep))
    finally:
        logging.getLogger().removeHandler(log)
        log.close()


async def _run(
    suite: SuiteFile, parts: Callable[[Path], DeskParts], junit: Path, *, keep: bool
) -> int:
    scratch = await asyncio.to_thread(_make_scratch)
    with stopped_by_signals() as stop:
        try:
            return await _results(suite, parts(scratch), junit, stop)
        finally:
            await asyncio.to_thread(_put_away, scratch, keep=keep)


async def _results(suite: SuiteFile, parts: DeskParts, junit: Path, stop: Stop) -> int:
    report = await Desk(suite, parts).run(stop)
    await asyncio.to_thread(say, report.table(parts.paint))
    written = await asyncio.to_thread(_write, junit, report)
    return _CODES[report.state] if written else ExitCode.FOLDER


def _parts(
    suite: SuiteFile, effective: Effective, redactor: Redactor, token: str, scratch: Path
) -> DeskParts:
    settings: Mapping[str, Any] = {key: entry.value for key, entry in effective.entries.items()}
    return DeskParts(
        scratch=scratch,
        limits=JobLimits(
            task_timeout=suite.timeout or settings["task.timeout"],
            idle_timeout=settings["task.idle_timeout"],
            max_log_bytes=settings["task.max_log_bytes"],
            needs_timeout=settings["desktop.needs_timeout"],
        ),
        patterns=settings["suite.results"],
        screenshots=settings["evidence.screenshot_on_failure"],
        paint=Paint.of_stdout(os.environ),
        redactor=redactor,
        git_token=token,
    )


def _log_to_stderr(effective: Effective, redactor: Redactor) -> ThreadHandler:
    """Let the agent's own warnings be seen; more only when a flag asks for it."""
    level = effective.entries["logging.level"]
    handler = ThreadHandler("console", partial(say, error=True))
    handler.setFormatter(MaskingFormatter(redactor))
    logging.getLogger().addHandler(handler)
    asked = level.origin.startswith("--")
    logging.getLogger().setLevel(str(level.value) if asked else logging.WARNING)
    return handler


def _make_scratch() -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix="ats-agent-run-"))
    except OSError as why:
        text = _("No temporary folder can be made: {why}.").format(why=why.strerror or why)
        raise ConfigError(text, _("Set TMPDIR (Windows: TEMP) to a folder with room.")) from why


def _put_away(scratch: Path, *, keep: bool) -> None:
    """Delete the scratch folder, unless it is wanted or holds screenshots."""
    if keep or any(scratch.glob("work/tasks/*/evidence/*")):
        say(_("Kept: {folder}").format(folder=scratch))
        return
    with suppress(OSError):
        remove(scratch)


def _writable(path: Path) -> Path:
    """Return where the JUnit file goes, its folder made; ConfigError when it cannot go there."""
    path = path.absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(0, _("it is a folder"))
        with tempfile.TemporaryFile(dir=path.parent):
            return path
    except (OSError, ValueError) as why:
        text = _("The results cannot be written to {path}: {why}.")
        reason = getattr(why, "strerror", None) or str(why)
        raise ConfigError(
            text.format(path=harmless(str(path)), why=reason),
            _("Choose another file with --junit FILE."),
        ) from why


def _write(path: Path, report: Report) -> bool:
    """Write the JUnit file, whole or not at all; False when that fails."""
    new = path.with_name(f"{path.name}.new")
    try:
        new.write_bytes(junit_xml(report.written()))
        new.replace(path)
    except OSError as why:
        text = _("The results cannot be written to {path}: {why}.")
        say(text.format(path=path, why=why.strerror or why), error=True)
        return False
    say(_("JUnit XML: {path}").format(path=path))
    return True
