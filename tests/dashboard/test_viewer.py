"""What one page asks for and is told, over a real WebSocket."""

import asyncio
import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.dashboard import viewer
from app.dashboard.wire import _ASKS, MAX_FRAME
from app.host.recent import Sample
from app.journal.records import CaseReport, Finish, JobKind, OwedItem, OwedKind
from app.state import CancelJob, Command, JobState, StartAtLogin
from tests.dashboard.desk import NOW, looking, open_desk, served, stage

pytestmark = pytest.mark.slow


def sample(at: float, received: float | None) -> Sample:
    return Sample(at, 10.0, 20.0, 30.0, received, 0.0)


async def test_samples_are_told_once(tmp_path: Path) -> None:
    """All of the last minutes first, then each new one; rates are those between two samples."""
    async with open_desk(tmp_path) as desk, served(desk.parts()) as dashboard:
        desk.samples = [sample(NOW - 10, 1000.0), sample(NOW - 5, 6000.0)]
        async with looking(await dashboard.open()) as looker:
            first = await looker.hears(lambda m: m["type"] == "metrics" and m["samples"])
            assert first == [
                [NOW - 10, 10.0, 20.0, 30.0, None, None],
                [NOW - 5, 10.0, 20.0, 30.0, 1000.0, 0.0],
            ]
            desk.samples.append(sample(NOW, 5.0))
            again = await looker.hears(
                lambda m: m["type"] == "metrics" and m["samples"][-1][0] == NOW and m["samples"]
            )
            assert again == [[NOW, 10.0, 20.0, 30.0, None, 0.0]]


async def test_commands_are_posted(tmp_path: Path) -> None:
    """What the tray can do the page can do."""
    async with stage(tmp_path) as (desk, _dashboard, looker):
        desk.runs(7)
        desk.snapshot = replace(desk.snapshot, autostart=False)
        for command in Command:
            assert await looker.asks("command", command=command.value) is None
        await looker.asks("cancel", job_id="job-7")
        await looker.asks("autostart", wanted=True)
        assert desk.posted == [*Command, CancelJob("job-7"), StartAtLogin(wanted=True)]


async def test_what_cannot_be_done_is_said(tmp_path: Path) -> None:
    """A job that has gone, one that ends already, a system without a start at login."""
    async with stage(tmp_path) as (desk, _dashboard, looker):
        assert "runs or waits" in (await looker.fails("cancel", job_id="job-7"))["cause"]
        desk.runs(7)
        [job] = desk.snapshot.jobs
        desk.snapshot = replace(desk.snapshot, jobs=(replace(job, state=JobState.STOPPING),))
        assert "ending" in (await looker.fails("cancel", job_id="job-7"))["cause"]
        assert "login" in (await looker.fails("autostart", wanted=True))["cause"]
        assert (await looker.fails("cases", key=99))["cause"]
        assert (await looker.fails("follow", stream=1, key=99, **{"from": 0}))["cause"]
        assert (await looker.fails("read", key=None, at=0, length=1))["cause"]
        assert desk.posted == []


async def test_files_are_opened_for_the_user(tmp_path: Path) -> None:
    """The log, the work folder and the configuration, and no other file."""
    async with stage(tmp_path) as (desk, _dashboard, looker):
        assert (await looker.fails("open", what="log"))["cause"]
        desk.log = tmp_path / "agent.log"
        for what in ("log", "work_folder", "config"):
            await looker.asks("open", what=what)
        assert desk.opened == [desk.log, desk.work_dir, tmp_path / "config.yaml"]
        await looker.fails("open", what="/etc/passwd")


async def test_a_log_is_followed_to_its_end(tmp_path: Path) -> None:
    """What is there, what comes, and the end of it when the job has ended."""
    async with stage(tmp_path) as (desk, _dashboard, looker):
        key = await desk.job("t1", "früh\n".encode())
        desk.runs(key)
        assert await looker.asks("follow", stream="a", key=key, **{"from": 0}) is None
        await looker.log("a", lambda text: text == "früh\n")
        record = await desk.store.record(key)
        assert record is not None
        with record.log.open("ab") as log:
            log.write("spät: 测".encode()[:-1])  # the last character is torn
        await looker.log("a", lambda text: text == "früh\nspät: ")
        with record.log.open("ab") as log:
            log.write("测".encode()[-1:])
        await looker.log("a", lambda text: text == "früh\nspät: 测")
        desk.runs()
        end = await looker.hears(lambda m: m["type"] == "log" and m["end"] and m)
        size = record.log.stat().st_size
        assert (end["at"] + len(end["text"].encode()), end["size"]) == (size, size)
        assert [m["end"] for m in looker.seen if m["type"] == "log"].count(True) == 1


async def test_a_log_that_has_ended_ends_at_once(tmp_path: Path) -> None:
    """Also one that is empty or has been removed."""
    async with stage(tmp_path) as (desk, _dashboard, looker):
        full, empty = await desk.job("t1", b"x" * 200_000), await desk.job("t2")
        gone = await desk.job("t3")
        record = await desk.store.record(gone)
        assert record is not None
        record.log.unlink()
        for key in (full, empty, gone):
            await looker.asks("follow", stream=key, key=key, **{"from": 0})
            await looker.hears(lambda m, key=key: m.get("stream") == key and m["end"])  # type: ignore[misc]
        pieces = [m for m in looker.seen if m.get("stream") == full]
        assert [piece["at"] for piece in pieces] == [0, 65536, 131072, 196608]
        assert sum(len(piece["text"]) for piece in pieces) == 200_000


async def test_the_end_of_a_log_is_asked_for(tmp_path: Path) -> None:
    """A negative place counts from the end; no character is cut."""
    async with stage(tmp_path) as (desk, _dashboard, looker):
        key = await desk.job("t1", "0测试".encode())
        await looker.asks("follow", stream=1, key=key, **{"from": -4})
        piece = await looker.hears(lambda m: m["type"] == "log" and m)
        assert (piece["at"], piece["text"]) == (4, "试")


async def test_unfollow_ends_a_stream(tmp_path: Path) -> None:
    """Nothing comes of it any more; a stream of the same name begins anew."""
    async with stage(tmp_path) as (desk, _dashboard, looker):
        key = await desk.job("t1", b"one")
        desk.runs(key)
        await looker.asks("follow", stream=1, key=key, **{"from": 0})
        await looker.log(1, lambda text: text == "one")
        await looker.asks("follow", stream=1, key=key, **{"from": 0})
        await looker.log(1, lambda text: text == "oneone")
        await looker.asks("unfollow", stream=1)
        await looker.asks("unfollow", stream="never followed")
        desk.runs()
        await looker.asks("follow", stream=2, key=key, **{"from": 0})
        await looker.hears(lambda m: m.get("stream") == 2 and m["end"])
        assert not any(m.get("stream") == 1 and m["end"] for m in looker.seen)


async def test_so_many_streams_at_most(tmp_path: Path) -> None:
    """A page cannot make the agent read files for ever and everywhere."""
    async with stage(tmp_path) as (desk, _dashboard, looker):
        desk.log = tmp_path / "agent.log"
        for stream in range(8):
            await looker.asks("follow", stream=stream, key=None, **{"from": 0})
        error = await looker.fails("follow", stream=9, key=None, **{"from": 0})
        assert "too much" in error["cause"]
        await looker.asks("unfollow", stream=0)
        await looker.asks("follow", stream=9, key=None, **{"from": 0})


async def test_a_log_is_read_in_pieces(tmp_path: Path) -> None:
    """Bytes as they are, for a download."""
    async with stage(tmp_path) as (desk, _dashboard, looker):
        key = await desk.job("t1", b"\x00\xff0123456789")
        piece = await looker.asks("read", key=key, at=1, length=3)
        assert (piece["at"], piece["size"]) == (1, 12)
        assert base64.b64decode(piece["text_base64"]) == b"\xff01"
        assert (await looker.asks("read", key=key, at=99, length=65536))["text_base64"] == ""
        await looker.fails("read", key=key, at=0, length=65537)


async def test_a_log_is_searched(tmp_path: Path) -> None:
    """The next place in bytes, None when there is none."""
    async with stage(tmp_path) as (desk, _dashboard, looker):
        key = await desk.job("t1", "测 Error\nerror".encode())
        assert await looker.asks("search", key=key, text="ERROR", at=0) == {"found": 4, "size": 15}
        assert (await looker.asks("search", key=key, text="ERROR", at=5))["found"] == 10
        assert (await looker.asks("search", key=key, text="ERROR", at=11))["found"] is None


async def test_history_and_cases(tmp_path: Path) -> None:
    """Jobs newest first, with counts; a running one has the state that the agent knows."""
    async with stage(tmp_path) as (desk, _dashboard, looker):
        details: dict[str, Any] = {"title": "pytest -q", "suite_id": "s", "execution_id": "e"}
        details |= {"case_ids": ["b", "a"], "case_codes": ["001", "002"]}
        suite = await desk.job("s/e", kind=JobKind.SUITE, details=details, group="s")
        item = OwedItem(OwedKind.CASE_RESULT, {})
        await desk.store.report(suite, [CaseReport("b", "failed", item)])
        task = await desk.job("t1")
        desk.runs(task)
        answer = await looker.asks("history", kind="", state="", text=" ", before=None, limit=100)
        running, ended = answer["jobs"]
        assert (running["job_id"], running["state"], running["cases"]) == ("t1", "running", None)
        assert (ended["title"], ended["key"], answer["more"]) == ("pytest -q", suite, False)
        assert ended["cases"] == {"passed": 0, "failed": 1, "error": 0, "skipped": 0}
        fields = {"kind": "suite", "state": "queued", "text": "PYTEST", "before": suite + 1}
        again = await looker.asks("history", **fields, limit=1)
        assert [job["key"] for job in again["jobs"]] == [suite]
        assert (await looker.asks("cases", key=suite))["cases"] == [
            {"case_id": "b", "code": "002", "result": "failed"},
            {"case_id": "a", "code": "001", "result": None},
        ]


async def test_history_of_an_ended_job(tmp_path: Path) -> None:
    """Its end, the size of its log, and whether all of it is delivered."""
    async with stage(tmp_path) as (desk, _dashboard, looker):
        key = await desk.job("t1", b"12345")
        await desk.store.finish(key, Finish(JobState.FAILED, None, [], NOW))
        fields = {"kind": "", "state": "failed", "text": "", "before": None, "limit": 1}
        [job] = (await looker.asks("history", **fields))["jobs"]
        assert (job["finished_at"], job["log_size"], job["delivered"]) == (NOW, 5, False)


async def test_settings_show_no_secret(tmp_path: Path) -> None:
    """Each setting with its meaning and origin; of the token only that it is set."""
    async with stage(tmp_path) as (desk, _dashboard, looker):
        answer = await looker.asks("settings")
        rows = {row["key"]: row for row in answer["rows"]}
        assert answer["config_path"] is None
        assert rows["monitor.interval"]["default"] == 5.0
        assert rows["monitor.interval"]["in_file"]
        assert rows["home"]["value"] == str(desk.home)
        assert rows["token"]["origin"] == "--token"
        assert "tok-secret" not in json.dumps(answer)


async def test_the_configuration_is_edited(tmp_path: Path) -> None:
    """Read, checked and saved; a wrong text is refused with the line and changes nothing."""
    async with stage(tmp_path) as (_desk, _dashboard, looker):
        path = tmp_path / "config.yaml"
        assert await looker.asks("config.read") == {"path": str(path), "text": ""}
        assert await looker.asks("config.check", text="logging: {level: INFO}") == {"warnings": []}
        error = await looker.fails("config.save", text="logging:\n  level: loud\n")
        assert "config.yaml:2" in error["cause"]
        assert not path.exists()
        saved = await looker.asks("config.save", text="task:\n  colour: 测\n")
        assert len(saved["warnings"]) == 1
        assert (await looker.asks("config.read"))["text"] == "task:\n  colour: 测\n"


async def test_a_wrong_configuration_can_be_mended_on_the_page(tmp_path: Path) -> None:
    """While a line of it is wrong the last good settings are shown, and the editor works."""
    async with stage(tmp_path) as (desk, _dashboard, looker):
        desk.wrong = True
        (tmp_path / "config.yaml").write_text("task: [", encoding="utf-8")
        assert (await looker.asks("settings"))["rows"]
        assert (await looker.asks("config.read"))["text"] == "task: ["
        await looker.asks("config.save", text="task: {timeout: 5}")


async def test_the_disk_is_measured(tmp_path: Path) -> None:
    """Each part of the work folder by itself."""
    async with stage(tmp_path) as (desk, _dashboard, looker):
        (desk.work_dir / "cache").mkdir()
        (desk.work_dir / "cache" / "f").write_bytes(b"x" * 1000)
        answer = await looker.asks("disk")
        assert answer["work_dir_bytes"]["cache"] == 1000
        assert 0 < answer["free"] <= answer["total"]
        assert answer["home_bytes"] > 0


async def test_a_connection_is_checked_and_saved(tmp_path: Path) -> None:
    """The room that knows how gets the three fields; its answer goes to the page as it is."""
    async with stage(tmp_path) as (desk, _dashboard, looker):
        fields = {"server_url": "ws://h", "token": "t", "work_dir": ""}
        assert await looker.asks("check", **fields) == {"environment": "bench-7", "warnings": []}
        assert (await looker.asks("save", **fields))["problem"]["field"] == "token"
        assert desk.checked == [("check", "ws://h", "t", ""), ("save", "ws://h", "t", "")]
        command = "python agent.py --url='ws://h:1/ws/agent' --token='T' --work_dir='D'"
        parsed = await looker.asks("parse_command", text=command)
        assert parsed == {"server_url": "ws://h:1/ws/agent", "token": "T", "work_dir": "D"}


async def test_so_many_asks_at_a_time(tmp_path: Path) -> None:
    """More than a page needs are refused; the others go on."""
    async with stage(tmp_path) as (desk, _dashboard, looker):
        desk.hold = asyncio.Event()
        for number in range(viewer.MOST_ASKS):
            body = {"server_url": "", "token": "", "work_dir": ""}
            await looker.says({"id": 1000 + number, "ask": "check", **body})
        assert "too much" in (await looker.fails("settings"))["cause"]
        desk.hold.set()
        for number in range(viewer.MOST_ASKS):
            await looker.hears(lambda m, number=number: m.get("id") == 1000 + number)  # type: ignore[misc]
        await looker.asks("settings")


async def test_a_browser_that_takes_nothing_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while it is cut off, so that nothing waits for it for ever."""
    monkeypatch.setattr(viewer, "SEND_LIMIT", 0.2)
    async with open_desk(tmp_path) as desk, served(desk.parts()) as dashboard:
        desk.snapshot = replace(desk.snapshot, problem="x" * 2**25)
        async with looking(await dashboard.open(), max_queue=1) as looker:
            looker.socket.transport.pause_reading()
            async with asyncio.timeout(5):
                while any("page" in task.get_name() for task in asyncio.all_tasks()):  # noqa: ASYNC110 (tasks have no event)
                    await asyncio.sleep(0.02)
            looker.socket.transport.abort()


async def test_a_frame_that_is_too_large_ends_the_connection(tmp_path: Path) -> None:
    """The agent keeps no more of it than the limit."""
    async with stage(tmp_path) as (_desk, dashboard, looker):
        await looker.socket.send("x" * (MAX_FRAME + 1))
        await looker.socket.wait_closed()
        assert looker.socket.close_code == 1009
        async with looking(await dashboard.open()) as another:
            await another.state(bool)


HOSTILE = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
NAMES = st.sampled_from([*sorted(_ASKS), "nothing"])
FIELDS = st.sampled_from(
    [
        *("command", "job_id", "wanted", "what", "stream", "key", "from", "at", "length"),
        *("text", "kind", "state", "before", "limit", "server_url", "token", "work_dir"),
    ]
)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(NAMES, st.dictionaries(FIELDS, HOSTILE)) | st.text() | st.binary(), max_size=8
    )
)
def test_hostile_frames_do_no_harm(
    tmp_path_factory: pytest.TempPathFactory, frames: list[Any]
) -> None:
    """Whatever comes, the ask behind it is answered on the same connection."""

    async def send() -> None:
        async with stage(tmp_path_factory.mktemp("hostile")) as (_desk, _dashboard, looker):
            for number, frame in enumerate(frames):
                if isinstance(frame, tuple):
                    ask, fields = frame
                    await looker.says({**fields, "id": 1000 + number, "ask": ask})
                else:
                    await looker.socket.send(frame)
            await looker.asks("settings")

    asyncio.run(send())
