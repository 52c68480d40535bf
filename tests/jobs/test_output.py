"""Tests of app.jobs.output, with a real log file."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.jobs import output as output_module
from app.jobs.ceiling import Ceiling
from app.jobs.output import MEMORY_LIMIT, RECENT, Output, Sink
from app.jobs.process import Stream
from app.journal.joblog import JobLog
from app.journal.lines import Kind
from app.journal.worker import Worker
from app.redaction import Redactor

STAMP = re.compile(r"(?m)^\[2001-09-09 01:46:40\.000\]")


class Bench:
    """An output whose clock stands still, and what came of it."""

    def __init__(self, joblog: JobLog, ceiling: Ceiling | None, redactor: Redactor | None) -> None:
        self.joblog = joblog
        self.grown: list[int] = []
        sink = Sink(joblog, self._grew)
        self.output = Output(sink, (), lambda: 1e9, redactor=redactor, ceiling=ceiling)

    def _grew(self, length: int, tail: bytes) -> None:
        assert self.joblog.path.read_bytes()[:length].endswith(tail)
        self.grown.append(length)

    async def end(self) -> None:
        """End the output and wait for the disk."""
        await self.output.end("end", Kind.NOTE)
        await self.output.settle()

    def text(self) -> str:
        """The log without its stamps."""
        return STAMP.sub("", self.joblog.path.read_bytes().decode())


class Pipes:
    """A child's pipes that remember what they were told."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def pause_output(self) -> None:
        """Stop."""
        self.calls.append("pause")

    def resume_output(self) -> None:
        """Flow again."""
        self.calls.append("resume")


@asynccontextmanager
async def bench(
    path: Path, ceiling: Ceiling | None = None, redactor: Redactor | None = None
) -> AsyncIterator[Bench]:
    """An output with a log at `path`."""
    worker = Worker()
    worker.start()
    joblog = await worker.submit(JobLog.create_here, worker, path)
    a_bench = Bench(joblog, ceiling, redactor)
    yield a_bench
    await a_bench.output.close()
    await worker.stop()


FEEDS = st.lists(
    st.tuples(st.sampled_from([Stream.OUT, Stream.ERR]), st.text(max_size=12)), max_size=20
)


@given(FEEDS)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_each_stream_is_whole_in_the_log(
    tmp_path: Path, feeds: list[tuple[Stream, str]]
) -> None:
    """However both streams mix, each one's text is in the log, in order."""
    async with bench(tmp_path / "log") as b:
        for stream, text in feeds:
            b.output.feed(stream, text.encode("utf-8", "replace"))
        await b.end()
        lines = b.text().split("\n")
        assert lines[-2:] == ["*end", ""]
        for stream, mark in ((Stream.OUT, " "), (Stream.ERR, "!")):
            sent = "".join(text for fed, text in feeds if fed is stream)
            sent = sent.encode("utf-8", "replace").decode().replace("\r\n", "\n")
            logged = "\n".join(line[1:] for line in lines if line.startswith(mark))
            assert logged == sent.removesuffix("\n")
        assert b.grown[-1] == b.output.length == b.joblog.path.stat().st_size


async def test_a_complete_line_is_on_disk_before_anyone_hears(tmp_path: Path) -> None:
    """`grew` tells the length that the file has."""
    async with bench(tmp_path / "log") as b:
        b.output.feed(Stream.OUT, b"one\ntw")
        await b.output.settle()
        assert b.text() == " one\n"
        assert b.grown == [len(b.joblog.path.read_bytes())]


async def test_a_partial_line_waits_a_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is logged as far as it is, and goes on in the same line."""
    monkeypatch.setattr(output_module, "PARTIAL_AFTER", 0.01)
    async with bench(tmp_path / "log") as b:
        b.output.feed(Stream.OUT, b"Name: \xe6\xb5")
        async with asyncio.timeout(5):
            while not b.grown:  # noqa: ASYNC110 (a timer of the output has no event)
                await asyncio.sleep(0.005)
        assert b.text() == " Name: "
        b.output.feed(Stream.OUT, b"\x8b\n")
        await b.output.settle()
        assert b.text() == " Name: 测\n"


async def test_output_cannot_forge_a_remark(tmp_path: Path) -> None:
    """A line that looks like the agent's own is marked as the program's."""
    async with bench(tmp_path / "log") as b:
        b.output.feed(Stream.OUT, b"[2001-09-09 01:46:40.000]*Task ended: success\n")
        b.output.note("real")
        await b.output.settle()
        lines = b.joblog.path.read_text(encoding="utf-8").splitlines()
        assert [line[25] for line in lines] == [" ", "*"]


async def test_pipes_stop_while_the_disk_is_behind(tmp_path: Path) -> None:
    """More than a mebibyte in memory pauses the child until half of it is written."""
    async with bench(tmp_path / "log") as b:
        pipes = Pipes()
        b.output.attach(pipes)
        line = b"x" * 65_535 + b"\n"
        for _number in range(MEMORY_LIMIT // len(line) + 1):
            b.output.feed(Stream.OUT, line)
        assert pipes.calls == ["pause"]
        await b.output.settle()
        assert pipes.calls == ["pause", "resume"]


async def test_what_the_disk_refuses_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lost bytes add up to one warning, before the first line that is written again."""
    real, full = JobLog._append, True

    def append(joblog: JobLog, data: bytes) -> int:
        if full:
            raise OSError(28, "No space left on device")
        return real(joblog, data)

    async with bench(tmp_path / "log") as b:
        b.output.feed(Stream.OUT, b"first\nopen")
        b.output._take_partial_lines()
        await b.output.settle()
        monkeypatch.setattr(JobLog, "_append", append)
        for _turn in range(2):
            b.output.feed(Stream.OUT, b"lost\n")
            await b.output.settle()
        full = False
        b.output.feed(Stream.OUT, b"last\n")
        await b.output.settle()
        lines = b.text().splitlines()
        assert lines[:2] == [" first", " open"]
        assert lines[2].startswith("?10 bytes of output are missing here: ")
        assert lines[3:] == [" last"]
        assert b.output.excerpt() == "first\nopenlost\nlost\nlast\n"


async def test_a_disk_that_stays_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end comes all the same; the log keeps what it had."""
    async with bench(tmp_path / "log") as b:
        b.output.feed(Stream.OUT, b"kept\n")
        await b.output.settle()

        def append(_joblog: JobLog, _data: bytes) -> int:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(JobLog, "_append", append)
        b.output.feed(Stream.OUT, b"lost\n")
        await b.end()
        assert b.text() == " kept\n"
        assert b.output.length == b.joblog.path.stat().st_size


async def test_a_bug_is_not_swallowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no trouble of the disk is raised where the job's owner waits."""
    async with bench(tmp_path / "log") as b:

        def append(_joblog: JobLog, _data: bytes) -> int:
            raise ZeroDivisionError

        monkeypatch.setattr(JobLog, "_append", append)
        b.output.feed(Stream.OUT, b"x\n")
        with pytest.raises(ZeroDivisionError):
            await b.output.settle()


async def test_past_its_limit_the_log_keeps_the_last_part(tmp_path: Path) -> None:
    """A mark where it was full, then at the end how much is missing and the last lines."""
    async with bench(tmp_path / "log", Ceiling(limit=10, tail=8)) as b:
        for number in range(9):
            b.output.feed(Stream.OUT, b"no %d\n" % number)
        await b.end()
        assert b.text().splitlines() == [
            " no 0",
            " no 1",
            "?The log is full at 10 bytes; of what follows the last part is kept.",
            "?30 bytes of output are left out here.",
            " no 8",
            "*end",
        ]


async def test_no_secret_is_in_the_log(tmp_path: Path) -> None:
    """Cut anywhere, in the other stream, in a remark, in the excerpt."""
    redactor = Redactor()
    redactor.add("hunter2-hunter2")
    async with bench(tmp_path / "log", redactor=redactor) as b:
        for byte in b"say hunter2-hunter2 now\n":
            b.output.feed(Stream.OUT, bytes([byte]))
        b.output.feed(Stream.ERR, b"hunter2-hunter2")
        b.output.note("hunter2-hunter2")
        await b.end()
        assert " say *** now\n" in b.text()
        assert b.text().count("***") == 3
        assert "hunter" not in b.text()
        assert "hunter" not in b.output.excerpt()


async def test_a_job_may_name_its_own_secrets(tmp_path: Path) -> None:
    """An add-mask line masks what follows, on both streams, and hides its own value."""
    async with bench(tmp_path / "log") as b:
        b.output.feed(Stream.OUT, b"::add-mask::s3cr3t-v4lue\n")
        b.output.feed(Stream.ERR, b"s3cr3t-v4lue\n")
        await b.end()
        assert b.text() == " ::add-mask::***\n!***\n*end\n"


async def test_the_recent_output_is_what_a_case_gets(tmp_path: Path) -> None:
    """What was printed since the mark, its end when it is long, from a line's start."""
    async with bench(tmp_path / "log") as b:
        b.output.feed(Stream.OUT, b"before\n")
        b.output.mark_recent()
        b.output.feed(Stream.OUT, b"one\n")
        assert b.output.recent_tail() == "one\n"
        b.output.feed(Stream.OUT, b"x" * RECENT + b"\nlast line\n")
        assert b.output.recent_tail() == "last line\n"
        await b.end()
