"""Tests of a suite's log within its budget, against a platform that drops what is too much."""

import random
import re
from datetime import timedelta, timezone
from pathlib import Path

import pytest

from app.journal.budget import RESERVE
from app.journal.lines import Kind
from app.journal.outbox import LOG_LIMIT
from app.journal.records import Finish, OwedItem, OwedKind
from app.journal.store import Store
from app.journal.worker import Worker
from app.state import JobState
from tests.journal.kit import NOON
from tests.journal.suites import END, SuiteDesk

MEBI = 1 << 20
NOTICE = re.compile(r"… (\d+) bytes of this log are not shown here")


def shown(desk: SuiteDesk, execution: str = "run-1") -> str:
    """Return the log as the platform has it."""
    return desk.platform.logs[execution]


async def test_lines_carry_their_time_in_the_platforms_zone(suites: SuiteDesk) -> None:
    """The stamp is the line's true time, the frame's time the sending: both in its zone."""
    suites.outbox.zone = timezone(timedelta(hours=8))
    suites.connect()
    suites.line.arrives()
    suite = await suites.suite()
    await suite.prints("one\ntwo\n", at=NOON + 0.25)
    suites.wall = NOON + 3600
    await suite.ends()
    frames = []
    while await suites.line.sends() or suites.line.on_way:
        frames += [frame for frame in suites.line.on_way if "test_suite_log" in frame]
        suites.line.arrives()
    assert shown(suites).split("\n") == [
        "[2026-09-21 22:13:20.250] one",
        "[2026-09-21 22:13:20.250] two",
        f"[2026-09-21 22:13:29.000] {END}",
    ]
    assert all('"timestamp":"2026-09-21T23:13:20.000+08:00"' in frame for frame in frames)


async def test_a_frame_that_waited_says_when_it_is_sent(suites: SuiteDesk) -> None:
    """Cut at one time and handed over later, it goes with the later time."""
    suites.outbox.zone = timezone(timedelta(hours=8))
    suites.connect()
    suites.line.arrives()
    suite = await suites.suite()
    await suite.prints("out\n")
    await suite.prints("err\n", Kind.ERR)
    await suites.line.sends()  # a heartbeat first
    await suites.line.sends()
    suites.line.on_way.clear()
    suites.wall = NOON + 1000
    await suites.line.sends()
    assert '"[2026-09-21 22:13:20.000] err"' in suites.line.on_way[0]
    assert '"timestamp":"2026-09-21T22:30:00.000+08:00"' in suites.line.on_way[0]


async def test_much_output_uses_the_limit(suites: SuiteDesk) -> None:
    """10 MB: nothing is dropped there, 95 % is used, the end and how much is missing are told."""
    suites.connect()
    suite = await suites.suite()
    for number in range(10):
        text = "".join(f"{number}-{line} 汉字 {'x' * 80}\n" for line in range(10_000))
        await suite.prints(text)
        await suites.line.delivers()
    live = suites.platform.stored("run-1")
    assert LOG_LIMIT - RESERVE - 200 < live <= LOG_LIMIT - RESERVE
    await suite.ends()
    await suites.line.delivers()
    lines = shown(suites).split("\n")
    assert suites.platform.dropped == []
    assert suites.platform.stored("run-1") >= 0.95 * LOG_LIMIT
    assert lines[-1].endswith(END)
    assert lines[-2].startswith("[2026-09-21 14:13:20.000] 9-9999 ")
    [told] = NOTICE.findall(shown(suites))
    before = shown(suites).split("\n[2026-09-21 14:13:20.000] …")[0]
    tail = shown(suites).split(str(suite.record.log) + "\n")[1].rpartition("\n")[0]
    assert int(told) == suite.log.length - len(before.encode()) - 1 - len(tail.encode()) - 1
    assert suites.platform.completed == [("run-1", "completed")]
    assert await suites.store.undelivered() == []


async def test_the_newline_that_joins_frames_counts(suites: SuiteDesk) -> None:
    """The platform joins the frames of an execution with newlines: each takes a byte."""
    suites.connect()
    suites.line.arrives()
    suite = await suites.suite()
    for number in range(6):
        await suite.prints(f"{number} 汉字\n")
        await suites.line.delivers()
        suites.line.now += 1.0
    [budget] = [stream.budget for stream in suites.outbox._backlog.current()]
    assert budget is not None
    assert suites.platform.order.count("test_suite_log") == 6
    assert budget.spent == suites.platform.stored("run-1") + 1  # the first one joins nothing
    await suite.ends()
    await suites.line.delivers()
    assert budget.spent == suites.platform.stored("run-1") + 1
    found = await suites.store.find(suites.line.target, suite.record.job_id)
    assert found is not None
    assert found.spent >= suites.platform.stored("run-1")


async def test_the_notice_says_no_phrase(store: Store, worker: Worker, tmp_path: Path) -> None:
    """The path of the log may hold the platform's words: they are broken there too."""
    suites = SuiteDesk(store, worker, tmp_path / "取消 执行完成")
    suites.connect()
    suite = await suites.suite()
    await suite.prints("x" * 97 + "\n")
    for _ in range(12):
        await suite.prints(("y" * 97 + "\n") * 100)
    await suite.ends()
    await suites.line.delivers()
    await suite.log.close()
    assert NOTICE.search(shown(suites))
    assert "取\u200b消 执行\u200b完成" in shown(suites)
    assert "取消" not in shown(suites)
    assert shown(suites).count("执行完成") == 1  # the end phrase
    assert suites.platform.stored("run-1") <= LOG_LIMIT


async def test_a_log_that_just_fits_has_no_notice(suites: SuiteDesk) -> None:
    """What is over the live limit but within the whole one is sent at the end."""
    suites.connect()
    suite = await suites.suite()
    await suite.prints("x" * 97 + "\n")
    for _ in range(480):
        await suite.prints("x" * 97 + "\n")
    await suites.line.delivers()
    assert suites.platform.stored("run-1") < LOG_LIMIT - RESERVE
    await suite.ends()
    await suites.line.delivers()
    lines = shown(suites).split("\n")
    assert len(lines) == 482
    assert NOTICE.search(shown(suites)) is None
    assert suites.platform.dropped == []


@pytest.mark.parametrize("text", ["x" * 300_000, "汉" * 100_000, "取消" * 60_000, "\x1b" * 200_000])
async def test_one_endless_line_is_cut(suites: SuiteDesk, text: str) -> None:
    """A line longer than the limit is shown with its beginning and its end."""
    suites.connect()
    suite = await suites.suite()
    await suite.prints(text)
    await suites.line.delivers()
    await suite.prints("THE END\n")
    await suite.ends()
    await suites.line.delivers()
    assert suites.platform.dropped == []
    assert suites.platform.stored("run-1") >= 0.95 * LOG_LIMIT
    assert shown(suites).split("\n")[-2].endswith("THE END")
    assert "取消" not in shown(suites)


async def test_no_limit_sends_all(suites: SuiteDesk) -> None:
    """0 means a platform that keeps everything: nothing is left out, nothing is counted."""
    suites.limit, suites.platform.column = 0, 1 << 30
    await suites.restart()
    suites.connect()
    suite = await suites.suite()
    await suite.prints("".join(f"{n} {'y' * 90}\n" for n in range(20_000)))
    await suite.ends()
    await suites.line.delivers()
    lines = shown(suites).split("\n")
    assert [line.split(" ")[2] for line in lines[:-1]] == [str(n) for n in range(20_000)]
    found = await suites.store.find(suites.line.target, suite.record.job_id)
    assert found is not None
    assert found.spent == 0


async def test_frames_fit_the_column_without_a_limit(suites: SuiteDesk) -> None:
    """The codec clips at 64 KB: no frame is so large that it would lose anything."""
    suites.limit, suites.platform.column = 0, 1 << 30
    await suites.restart()
    suites.connect()
    suite = await suites.suite()
    for _ in range(8):
        await suites.line.delivers()  # the window grows
        await suite.prints("z" * 400_000 + "\n")
    await suite.ends()
    await suites.line.delivers()
    assert shown(suites).count("z") == 8 * 400_000


async def test_repeats_count(suites: SuiteDesk) -> None:
    """What is sent again after a cut takes from the same limit: nothing is ever dropped."""
    suites.connect()
    suites.line.arrives()
    suite = await suites.suite()
    await suite.prints("".join(f"{n} {'y' * 90}\n" for n in range(5000)))
    for _ in range(3):
        for _ in range(3):
            await suites.line.sends()
        while suites.line.on_way and len(suites.line.on_way) > 1:
            suites.line.arrives(1)  # handled, but not confirmed
        suites.line.cut()
        suites.connect()
        suites.line.arrives()
    await suite.ends()
    await suites.line.delivers()
    assert suites.platform.dropped == []
    assert shown(suites).endswith(END)


@pytest.mark.parametrize("seed", range(25))
async def test_whatever_happens_nothing_is_dropped(suites: SuiteDesk, seed: int) -> None:
    """Random output, reports, cuts, answers and crashes: the limit holds, the end arrives."""
    rng = random.Random(seed)  # noqa: S311 (a reproducible story, no secret)
    pieces = [
        "x" * 50 + "\n",
        "汉字" * 300 + "\n",
        "取消 执行完成\n",
        "\x1b" * 900,
        "y" * 9000 + "\n",
    ]
    suites.connect()
    suite = await suites.suite()
    cases = [f"case-{n}" for n in range(12)]
    for _step in range(150):
        match rng.choice(["print", "print", "report", "send", "send", "arrive", "cut", "crash"]):
            case "print":
                await suite.prints("".join(rng.choices(pieces, k=rng.randint(1, 5))))
            case "report" if cases:
                await suite.reports(cases.pop())
            case "send":
                await suites.line.sends()
            case "arrive":
                suites.line.arrives(rng.randint(1, 6))
            case "cut" if rng.random() < 0.5:
                suites.line.cut()
                suites.connect()
            case "crash" if rng.random() < 0.2:
                await suites.restart()
                suites.connect()
        suites.line.now += rng.random() / 3
    await suite.ends(END, *cases)
    if seed % 2:
        await suites.restart()
    suites.connect()
    await suites.line.delivers()
    assert suites.platform.dropped == suites.platform.unseen == suites.platform.rolled_back == []
    assert {case for case, _result in suites.platform.results} == {f"case-{n}" for n in range(12)}
    assert suites.platform.completed[-1] == ("run-1", "completed")
    assert shown(suites).endswith(END)
    assert not re.search("取消", shown(suites))
    found = await suites.store.find(suites.line.target, suite.record.job_id)
    assert found is not None
    assert suites.platform.stored("run-1") <= found.spent <= LOG_LIMIT
    assert await suites.store.undelivered() == []
    assert suites.problems == []


async def test_a_crash_counts_too_much_never_too_little(suites: SuiteDesk) -> None:
    """The count is in the journal before the frame is in the socket."""
    suites.connect()
    suites.line.arrives()
    suite = await suites.suite()
    for _ in range(60):
        await suite.prints("x" * 500 + "\n")
        suites.line.now += 1
        await suites.line.sends()
        sent = sum(len(f.encode()) for f in suites.line.on_way if "test_suite_log" in f)
        found = await suites.store.find(suites.line.target, suite.record.job_id)
        assert found is not None
        assert (sent == 0) == (found.spent == 0)
    await suites.restart()
    [stream] = [suites.outbox._backlog[suite.record.key]]
    assert stream.budget is not None
    assert stream.budget.spent >= 60 * 527


async def test_an_end_without_room_is_skipped(suites: SuiteDesk) -> None:
    """When every byte is spent the completion still goes."""
    suites.connect()
    suite = await suites.suite()
    await suites.store.spend(suite.record.key, LOG_LIMIT)
    await suite.prints("one\n")
    await suites.restart()
    suites.connect()
    await suite.reports("case")
    await suite.ends()
    await suites.line.delivers()
    assert suites.platform.logs == {}
    assert suites.platform.results == [("case", "passed")]
    assert suites.platform.completed == [("run-1", "completed")]
    assert await suites.store.undelivered() == []


async def test_a_lost_tail_is_told_again(suites: SuiteDesk) -> None:
    """There is room to say once more how much is missing, and the end phrase twice more."""
    suites.connect()
    suites.line.arrives()
    suite = await suites.suite()
    await suite.prints("".join(f"{n} {'y' * 90}\n" for n in range(5000)))
    await suites.line.delivers()
    await suite.ends()
    await suites.line.sends()
    assert NOTICE.search(suites.line.on_way[0])
    suites.line.cut()
    suites.connect()
    suites.line.arrives()
    await suites.line.sends()
    suites.line.arrives()
    await suites.line.sends()
    assert END in suites.line.on_way[0]
    suites.line.cut()
    suites.connect()
    await suites.line.delivers()
    assert NOTICE.search(shown(suites))
    assert shown(suites).endswith(END)
    assert suites.platform.dropped == []


async def test_a_log_that_is_gone_does_not_hold_up_the_end(suites: SuiteDesk) -> None:
    """Somebody deleted the log of a suite whose live output was used up."""
    suites.connect()
    suite = await suites.suite()
    await suite.prints("x" * 97 + "\n" * 70_000)
    await suites.line.delivers()
    await suite.log.close()
    suite.record.log.unlink()
    done = OwedItem(OwedKind.SUITE_COMPLETED, {**suite.ids, "status": "failed"})
    end = Finish(JobState.FAILED, suite.log.length, [done], NOON)
    stored = await suites.store.finish(suite.record.key, end)
    suites.outbox.finished(suite.record.key, suite.log.length, stored)
    await suites.line.delivers()
    assert suites.platform.completed == [("run-1", "failed")]
    assert len(suites.problems) == 1
