"""The page as a part of the agent: opened on first use, guarded, ended in order."""

import asyncio
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app.dashboard import hall
from app.dashboard.dashboard import Dashboard
from app.errors import NotDoneError
from app.state import LinkState
from tests.dashboard.desk import (
    looking,
    open_desk,
    origin_of,
    served,
    socket_address,
    stage,
)

pytestmark = pytest.mark.slow

SERVED = "<!doctype html><title>t</title>"

AS_ANYBODY = (
    ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    if sys.platform == "linux" and os.geteuid() == 0
    else ()
)


def got(url: str, **headers: str) -> tuple[int, str, str]:
    """Status, text and final address of a GET, as a browser does it."""
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 (a loopback address)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 (the same)
            return answer.status, answer.read().decode(), answer.url
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, "", url


async def get(url: str, **headers: str) -> tuple[int, str, str]:
    return await asyncio.to_thread(lambda: got(url, **headers))


async def test_nothing_until_somebody_wants_it(tmp_path: Path) -> None:
    """A dashboard that nobody opens serves nothing and makes no picture."""
    async with open_desk(tmp_path) as desk:
        parts = desk.parts()
        async with served(parts) as dashboard:
            dashboard.changed()
            await asyncio.sleep(0)
            assert dashboard._hall is None
        assert desk.pictures == 0


async def test_importing_it_imports_no_web_server() -> None:
    """An idle agent pays for no server: it is loaded when the page is opened."""
    code = (
        "import sys, app.dashboard.dashboard\n"
        "print([m for m in sys.modules if 'webpage' in m or m == 'app.dashboard.hall'])"
    )
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code), stdout=asyncio.subprocess.PIPE
    )
    said, _nothing = await child.communicate()
    assert said.split() == [b"[]"]


async def test_open_gives_the_same_address_each_time(tmp_path: Path) -> None:
    """The first call starts the server; the view stands in the fragment."""
    async with open_desk(tmp_path) as desk, served(desk.parts()) as dashboard:
        url, other = await asyncio.gather(dashboard.open(), dashboard.open("jobs"))
        assert other == f"{url}#jobs"
        assert await get(url) == (200, SERVED, url)


async def test_show_opens_a_link_that_works_once(tmp_path: Path) -> None:
    """What stands in the browser's command line, for all users to read, is soon worth nothing."""
    async with open_desk(tmp_path) as desk, served(desk.parts()) as dashboard:
        url = await dashboard.open()
        await dashboard.show("connect")
        [link] = desk.browsed
        link, _hash, view = link.partition("#")
        assert (view, url in link) == ("connect", False)
        assert await get(link) == (200, SERVED, url)
        assert (await get(link))[0] == 404


@pytest.mark.skipif(not AS_ANYBODY, reason="other system: nobody may become another user")
async def test_another_user_who_is_faster_than_the_browser(tmp_path: Path) -> None:
    """Its arguments are for all to read; the link stays good for whom it is meant."""
    async with open_desk(tmp_path) as desk, served(desk.parts()) as dashboard:
        await dashboard.show()
        [link] = desk.browsed
        connection = f"/dev/tcp/127.0.0.1/{urlsplit(link).port}"
        script = f"exec 3<>{connection}; printf '%b' \"$1\" >&3; exec head -1 <&3"
        asked = f"GET {urlsplit(link).path} HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n\\r\\n"
        thief = await asyncio.create_subprocess_exec(
            *(*AS_ANYBODY, "bash", "-c", script, "bash", asked), stdout=asyncio.subprocess.PIPE
        )
        said, _err = await thief.communicate()
        assert said.startswith(b"HTTP/1.1 403 ")
        assert (await get(link))[0] == 200


async def test_stale_links_and_strangers(tmp_path: Path) -> None:
    """Without the secret nobody gets in, page or socket, nor from a foreign site or name."""
    async with open_desk(tmp_path) as desk, served(desk.parts()) as dashboard:
        url = await dashboard.open()
        origin = origin_of(url)
        stale = f"{origin}/{'x' * 32}/"
        assert (await get(stale))[0] == 404
        assert (await get(f"{origin}/"))[0] == 404
        assert (await get(url, Host="evil.example"))[0] == 403
        assert (await get(url, Origin="http://evil.example"))[0] == 403
        for address, headers, status in (
            (stale, {"Origin": origin}, 404),
            (url, {"Origin": "http://evil.example"}, 403),
            (url, {"Origin": "null"}, 403),
            (url, {}, 403),
        ):
            with pytest.raises(InvalidStatus) as refused:
                await connect(socket_address(address), additional_headers=headers)
            assert refused.value.response.status_code == status


async def test_a_page_that_cannot_be_served(tmp_path: Path) -> None:
    """Whoever opens it hears why; the next one may have more luck."""
    async with open_desk(tmp_path) as desk:
        web = tmp_path / "later"
        async with served(desk.parts(web=web)) as dashboard:
            with pytest.raises(NotDoneError, match="cannot be served"):
                await dashboard.open()
            web.mkdir()
            assert await dashboard.open()


async def test_the_end_of_the_agent_closes_pages(tmp_path: Path) -> None:
    """Pages hear the end, even of a browser that hangs; nobody opens one after it."""
    async with open_desk(tmp_path) as desk:
        dashboard = Dashboard(desk.parts())
        running = asyncio.get_running_loop().create_task(dashboard.run())  # noqa: RUF100, TID251
        url = await dashboard.open()
        async with looking(url) as looker, looking(url) as mute:
            await looker.state(bool)
            mute.socket.transport.pause_reading()
            began = asyncio.get_running_loop().time()
            running.cancel()
            with pytest.raises(ConnectionClosed):
                await looker.hears(lambda _message: False)
            await asyncio.wait({running})
            assert asyncio.get_running_loop().time() - began < 4
            mute.socket.transport.abort()
        with pytest.raises(NotDoneError, match="ending"):
            await dashboard.open()


async def test_so_many_pages_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is refused, and let in when another has left."""
    monkeypatch.setattr(hall, "MOST_VIEWERS", 2)
    async with open_desk(tmp_path) as desk, served(desk.parts()) as dashboard:
        url = await dashboard.open()
        async with looking(url) as one, looking(url) as two:
            await one.state(bool)
            await two.state(bool)
            with pytest.raises(InvalidStatus):
                await connect(socket_address(url), origin=origin_of(url))  # type: ignore[arg-type]
        async with looking(url) as three:
            await three.state(bool)


async def test_hello_and_state_come_first(tmp_path: Path) -> None:
    """The page learns language, texts and clock before anything else, then the state at once."""
    async with stage(tmp_path) as (desk, _dashboard, looker):
        state = await looker.state(bool)
        assert [message["type"] for message in looker.seen[:2]] == ["hello", "state"]
        hello = looker.seen[0]
        assert (hello["version"], hello["language"], hello["texts"]) == ("1.2.3", "en", {})
        assert (hello["log_piece"], hello["clock"]) == (65536, desk.parts().clock())
        assert (state["link"], state["set_up"], state["headless"]) == ("online", True, False)


async def test_changes_are_told_and_nothing_else(tmp_path: Path) -> None:
    """A change is told at once; the same picture is not told twice."""
    async with stage(tmp_path) as (desk, dashboard, looker):
        await looker.state(bool)
        dashboard.changed()
        desk.snapshot = replace(desk.snapshot, link=LinkState.BACKING_OFF)
        dashboard.changed()
        await looker.state(lambda state: state["link"] == "backing off")
        assert sum(message["type"] == "state" for message in looker.seen) == 2


async def test_at_most_five_states_a_second(tmp_path: Path) -> None:
    """A flood of changes costs a browser, and the agent, no more than five pictures a second."""
    async with stage(tmp_path) as (desk, dashboard, looker):
        await looker.state(bool)
        desk.pictures = 0
        clock = asyncio.get_running_loop().time
        began = clock()
        while clock() - began < 1.0:
            desk.snapshot = replace(desk.snapshot, owed_bytes=desk.snapshot.owed_bytes + 1)
            dashboard.changed()
            await asyncio.sleep(0.001)
        assert 1 <= desk.pictures <= 7
        await looker.state(lambda state: state["owed_bytes"] == desk.snapshot.owed_bytes)


async def test_a_page_that_leaves_takes_its_tasks_along(tmp_path: Path) -> None:
    """What it asked for and what it followed ends with it."""
    async with open_desk(tmp_path) as desk, served(desk.parts()) as dashboard:
        desk.hold = asyncio.Event()
        desk.log = tmp_path / "agent.log"
        desk.log.write_text("one\n", encoding="utf-8", newline="\n")
        tasks = len(asyncio.all_tasks())
        async with looking(await dashboard.open()) as looker:
            await looker.asks("follow", stream=1, key=None, **{"from": 0})
            await looker.says({"id": 9, "ask": "check", **_no_connection()})
            await looker.log(1, lambda text: text == "one\n")
            assert len(asyncio.all_tasks()) > tasks + 2
        await _until(lambda: len(asyncio.all_tasks()) <= tasks + 1)  # the server stays
        assert desk.checked == []


async def test_a_slow_page_gets_the_newest_state_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing piles up for a browser that takes nothing; in the end it has the newest."""
    monkeypatch.setattr(hall, "REST", 0.0)
    async with open_desk(tmp_path) as desk, served(desk.parts()) as dashboard:
        url = await dashboard.open()
        async with looking(url, max_queue=1) as slow, looking(url) as quick:
            await slow.state(bool)
            slow.socket.transport.pause_reading()
            padding = "x" * 2**22  # bytes: more than the system keeps for a socket, soon
            for number in range(1, 13):
                desk.snapshot = replace(desk.snapshot, problem=padding, owed_bytes=number)
                dashboard.changed()
                await quick.state(partial(_owes, number))
            slow.socket.transport.resume_reading()
            await slow.state(partial(_owes, 12))
            told = [m["snapshot"]["owed_bytes"] for m in slow.seen if m["type"] == "state"]
            assert len(told) < 12
            assert told[-1] == 12


def _owes(count: int, state: dict[str, Any]) -> bool:
    return bool(state["owed_bytes"] == count)


def _no_connection() -> dict[str, Any]:
    return {"server_url": "", "token": "", "work_dir": ""}


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 (tasks have no event)
            await asyncio.sleep(0.01)
