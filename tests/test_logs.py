"""Console and agent.log: masked, harmless, never in the way."""

import logging
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import logs
from app.config import Config, gather
from app.redaction import Redactor

TOKEN = "s3cret-s3cret-s3cret"


def config_in(home: Path, **environ: str) -> Config:
    """Return a configuration whose home is `home`."""
    flags = {"home": str(home), "server.url": "h", "token": TOKEN}
    return gather(flags, environ, lambda: home).config()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[logs.AgentLog]:
    """A running log in tmp_path; the root logger is as before afterwards."""
    level = logging.root.level, logging.getLogger("websockets").level
    agent_log = logs.setup(config_in(tmp_path), Redactor())
    yield agent_log
    agent_log.close()
    logging.root.setLevel(level[0])
    logging.getLogger("websockets").setLevel(level[1])


def text_in(agent_log: logs.AgentLog, folder: Path) -> str:
    """Return what has been written into `folder`/agent.log."""
    agent_log.flush()
    return (folder / "agent.log").read_text(encoding="utf-8")


def test_line_has_time_level_logger_and_text(log: logs.AgentLog, tmp_path: Path) -> None:
    """Local ISO time with its offset, to the millisecond."""
    logging.getLogger("app.x").info("hello %s", "测试")
    *_, line = text_in(log, tmp_path / "logs").splitlines()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d INFO app\.x: hello 测试", line
    )


def test_console_gets_the_same(log: logs.AgentLog, capsys: pytest.CaptureFixture[str]) -> None:
    """What is in the file is on stderr as well."""
    logging.getLogger("app.x").warning("hello")
    log.flush()
    assert "WARNING app.x: hello\n" in capsys.readouterr().err


def test_secret_is_masked_in_messages_arguments_and_tracebacks(
    log: logs.AgentLog, tmp_path: Path
) -> None:
    """Also in the records of the websockets library."""
    try:
        int(f"bad {TOKEN}")
    except ValueError:
        logging.getLogger("app.x").exception("failed for %s", TOKEN)
    logging.getLogger("websockets.client").info("> GET /ws/agent?token=%s HTTP/1.1", TOKEN)
    text = text_in(log, tmp_path / "logs")
    assert "base 10: 'bad ***'" in text
    assert "token=*** HTTP" in text
    assert "s3cret" not in text


def test_text_from_outside_cannot_forge_a_record(log: logs.AgentLog, tmp_path: Path) -> None:
    """A further line is indented, control characters are escaped."""
    logging.getLogger("app.x").info("a\n2026-01-01 INFO forged\r\x1b[2J\u2028")
    assert "a\n    2026-01-01 INFO forged\\x0d\\x1b[2J\\u2028\n" in text_in(log, tmp_path / "logs")


def test_move_goes_on_in_the_new_folder(log: logs.AgentLog, tmp_path: Path) -> None:
    """Nothing is lost or repeated between the two files."""
    logger = logging.getLogger("app.x")
    logger.info("one")
    log.move_to(tmp_path / "work" / "logs")
    logger.info("two")
    new = text_in(log, tmp_path / "work" / "logs")
    old = text_in(log, tmp_path / "logs")
    assert ("one" in old, "two" in old) == (True, False)
    assert ("one" in new, "two" in new) == (False, True)
    assert log.path == tmp_path / "work" / "logs" / "agent.log"


def test_move_to_a_bad_folder_stays(log: logs.AgentLog, tmp_path: Path) -> None:
    """The old file goes on and says why."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    log.move_to(tmp_path / "file")
    log.flush()
    logging.getLogger("app.x").info("still here")
    text = text_in(log, tmp_path / "logs")
    assert "cannot log to" in text
    assert "still here" in text


@pytest.mark.usefixtures("log")
def test_websockets_never_logs_frames() -> None:
    """Its DEBUG records would hold secrets that nobody has named yet."""
    assert not logging.getLogger("websockets.client").isEnabledFor(logging.DEBUG)


def test_setup_says_what_the_configuration_warned_of(tmp_path: Path) -> None:
    """Unknown keys and a token on the command line are told once there is a log."""
    level = logging.root.level
    (tmp_path / "config.yaml").write_text("tusk: 1", encoding="utf-8")
    agent_log = logs.setup(config_in(tmp_path), Redactor())
    text = text_in(agent_log, tmp_path / "logs")
    agent_log.close()
    agent_log.close()
    logging.root.setLevel(level)
    assert "Did you mean task?" in text
    assert text.count("--token-file") == 1


def test_bad_log_call_is_told_without_its_arguments() -> None:
    """A wrong format string neither raises nor shows what it was given."""
    written = list[str]()
    handler = logs.ThreadHandler("test", written.append)
    bad = {"msg": "%d", "args": ("s3cret?",), "pathname": "x.py", "lineno": 7}
    handler.handle(logging.makeLogRecord(bad))
    handler.close()
    assert written == ["    (bad log call in x.py:7)"]


def test_stopped_console_holds_nobody_up() -> None:
    """Records wait up to a limit, then are counted as lost; the caller never waits."""
    go, written = threading.Event(), list[str]()

    def write(text: str) -> None:
        go.wait(10)
        written.append(text)

    handler = logs.ThreadHandler("test", write)
    handler.setFormatter(logging.Formatter("%(message)s"))
    record = logging.makeLogRecord({"msg": "x"})
    sent = 3 * logs.MAX_WAITING
    for _ in range(sent):
        handler.emit(record)
    go.set()
    handler.flush()
    handler.emit(record)
    handler.close()
    lines = "\n".join(written).splitlines()
    lost = sent + 1 - lines.count("x")
    # What waits, and what the writing thread has already taken.
    assert logs.MAX_WAITING <= lost <= sent - logs.MAX_WAITING
    told = re.findall(
        r"^    \((\d+) log records were lost: writing was too slow\)$", "\n".join(lines), re.M
    )
    assert sum(map(int, told)) == lost  # in one note, or in two where the thread took some
