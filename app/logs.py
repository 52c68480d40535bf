"""Logging set-up: console and agent.log, masked, and never in the way of the agent."""

import logging
import queue
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from app.config import Config
from app.i18n import _
from app.log_file import RotatingFile
from app.redaction import Redactor
from app.terminal import say, tolerant

MAX_WAITING = 10_000  # records that wait for a slow disk or a stopped console; later ones are lost
FLUSH_LIMIT = 2.0  # seconds that flushing or closing may take
GATHER = 0.02  # seconds that a record may wait for others to be written with
_DONE = "masked_text"  # attribute of a record that has been formatted

log = logging.getLogger(__name__)


class MaskingFormatter(logging.Formatter):
    """`2026-11-22T13:58:03.120+08:00 INFO app.link: text`, masked, traceback included.

    Further lines are indented and control characters escaped, so that a text from the
    network can neither forge a record nor drive the terminal.
    """

    def __init__(self, redactor: Redactor) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._redactor = redactor

    def formatTime(  # noqa: N802 (the standard library's name)
        self, record: logging.LogRecord, datefmt: str | None = None
    ) -> str:
        """Return the record's local time with its offset."""
        moment = datetime.fromtimestamp(record.created, UTC).astimezone()
        return moment.isoformat(timespec="milliseconds")

    def format(self, record: logging.LogRecord) -> str:
        """Return the whole text of the record, without secrets."""
        text = vars(record).get(_DONE)  # by the other handler
        if text is None:
            text = self._redactor.mask(super().format(record))
            text = text.translate(_HARMLESS).rstrip().replace("\n", "\n    ")
            setattr(record, _DONE, text)
        return str(text)


_HARMLESS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}
_HARMLESS |= {ord("\n"): "\n", ord("\t"): "\t", 0x2028: "\\u2028", 0x2029: "\\u2029"}


class ThreadHandler(logging.Handler):
    """Formats in the caller's thread and writes on its own.

    A full disk, a network drive or a Windows console in which somebody has marked text
    (that stops every write) holds up this handler's thread and nothing else.
    """

    def __init__(self, name: str, write: Callable[[str], None]) -> None:
        super().__init__()
        self._write = write
        self._waiting: queue.SimpleQueue[str | Callable[[], None] | None] = queue.SimpleQueue()
        self._lost = 0
        self._thread = threading.Thread(target=self._run, name=f"log-{name}", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Hand the record's text over; never waits."""
        try:
            text = self.format(record)
        except Exception:  # noqa: BLE001 (logging's own rule: a bad record must not end its caller)
            self.handleError(record)
            return
        if self._waiting.qsize() >= MAX_WAITING:
            self._lost += 1
            return
        if self._lost:
            lost, self._lost = self._lost, 0
            note = _("({count} log records were lost: writing was too slow)")
            self._waiting.put(f"    {note.format(count=lost)}")
        self._waiting.put(text)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (as above)
        """Say where the bad record came from, without its arguments: they may be secret."""
        note = _("(bad log call in {path}:{line})")
        self._waiting.put(f"    {note.format(path=record.pathname, line=record.lineno)}")

    def call(self, action: Callable[[], None]) -> None:
        """Run `action` on the writing thread, after all that was logged so far."""
        self._waiting.put(action)

    def flush(self) -> None:
        """Wait until all that was logged so far is written, at most FLUSH_LIMIT seconds."""
        written = threading.Event()
        self.call(written.set)
        if self._thread.is_alive():
            written.wait(FLUSH_LIMIT)

    def close(self) -> None:
        """Write what waits, then end the thread; safe to call twice."""
        self._waiting.put(None)
        self._thread.join(FLUSH_LIMIT)
        super().close()

    def _run(self) -> None:
        going = True
        while going:
            items = [self._waiting.get()]
            time.sleep(GATHER)
            items += [self._waiting.get_nowait() for _ in range(self._waiting.qsize())]
            going = None not in items
            self._perform(items)

    def _perform(self, items: list[str | Callable[[], None] | None]) -> None:
        """Do what was handed over in its order; texts in a row are one write."""
        texts: list[str] = []
        for item in items:
            if isinstance(item, str):
                texts.append(item)
                continue
            self._write_all(texts)
            if item is not None:
                item()
        self._write_all(texts)

    def _write_all(self, texts: list[str]) -> None:
        if texts:
            self._write("\n".join(texts))
            texts.clear()


class AgentLog:
    """The log of a running agent; `setup` makes it."""

    def __init__(self, config: Config, redactor: Redactor) -> None:
        formatter = MaskingFormatter(redactor)
        self._file = RotatingFile(config.log_max_size, config.log_backup_count)
        self._to_file = ThreadHandler("file", self._file.write)
        self._handlers = [self._to_file]
        if tolerant(sys.stderr) is not None:
            self._handlers.append(ThreadHandler("console", _to_console))
        for handler in self._handlers:
            handler.setFormatter(formatter)
            logging.getLogger().addHandler(handler)
        _set_level(config.log_level)

    def adopt(self, config: Config) -> None:
        """Take over changed settings, behind the records that were logged before."""
        _set_level(config.log_level)
        keep = self._file.keep
        self._to_file.call(lambda: keep(config.log_max_size, config.log_backup_count))

    @property
    def path(self) -> Path | None:
        """The file in use; None when none could be opened."""
        return self._file.path

    def move_to(self, folder: Path) -> None:
        """Go on in `folder`/agent.log; when that cannot be opened, say so and stay.

        Returns at once: the move happens behind the records that were logged before.
        """
        self._to_file.call(lambda: self._open(folder))

    def flush(self) -> None:
        """Wait, bounded, until all that was logged so far is written."""
        for handler in self._handlers:
            handler.flush()

    def close(self) -> None:
        """Write what waits and take the handlers away; safe to call twice."""
        for handler in self._handlers:
            logging.getLogger().removeHandler(handler)
            handler.close()
        self._handlers = []
        self._file.close()

    def _open(self, folder: Path) -> None:
        before = self._file.path
        try:
            if before is None or before.parent != folder:
                self._file.open(folder)
        except (OSError, ValueError) as cause:
            log.warning(_("cannot log to %s, staying at %s: %s"), folder, before, cause)
        else:
            log.debug("logging to %s", self._file.path)


def setup(config: Config, redactor: Redactor) -> AgentLog:
    """Log to stderr and `<home>/logs/agent.log`; say what the configuration warned of.

    The caller closes the result last of all.
    """
    redactor.add(config.token)
    agent_log = AgentLog(config, redactor)
    agent_log.move_to(config.home / "logs")
    for warning in config.warnings:
        log.warning("%s", warning)
    if config.origins.get("token") == "--token":
        log.info(
            "%s",
            _("Other users of this computer can see a token given with --token;"
              " --token-file or ATS_AGENT_TOKEN hides it."),
        )  # fmt: skip
    return agent_log


def _set_level(level: str) -> None:
    logging.getLogger().setLevel(level)
    # Its DEBUG records repeat whole frames, with secrets that nobody has named yet.
    logging.getLogger("websockets").setLevel(max(logging.INFO, logging.root.level))


def _to_console(text: str) -> None:
    say(text, error=True)
