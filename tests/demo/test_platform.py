"""The demo platform, spoken to by a scripted agent."""

import asyncio
import json
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

from app.demo.environment import FACTS as FACT_NAMES
from app.demo.joblog import PREFIX
from app.demo.platform import DEAD_TOKEN, DemoPlatform, Settings, UnreachableError
from app.demo.record import Limits
from tests.demo.agent import FACTS, ScriptedAgent, connected

SHORT = 0.05  # seconds


async def refusal(address: str) -> tuple[int, str]:
    """How the platform ends a connection to this address: HTTP status or close code."""
    try:
        async with connect(address) as socket:
            await socket.wait_closed()
            return socket.close_code or 0, socket.close_reason or ""
    except InvalidStatus as error:
        return error.response.status_code, ""


async def closing(agent: ScriptedAgent) -> tuple[int, str] | None:
    """How the platform ended this connection; None without a close frame."""
    try:
        while True:
            await agent.hears()
    except ConnectionClosed as error:
        return (error.rcvd.code, error.rcvd.reason) if error.rcvd else None


async def test_greeting_and_heartbeat() -> None:
    """Two greetings, then an ack in the server's zone; the facts are wiped in between."""
    async with DemoPlatform(Settings(work_dir="~/ats")) as platform:
        async with connect(f"{platform.url}?token={platform.token}") as socket:
            agent = ScriptedAgent(socket)
            welcome, success = await agent.hears(), await agent.hears()
            assert welcome["type"] == "welcome"
            assert success["type"] == "auth_success"
            for greeting in (welcome, success):
                assert greeting["environment_id"] == platform.environment.id
                assert greeting["work_dir"] == "~/ats"
                assert greeting["reconnect_delay"] == 30
            assert platform.online
            assert platform.facts == dict.fromkeys(FACT_NAMES)
            ack = await agent.beats()
            assert datetime.fromisoformat(ack["timestamp"]).utcoffset() == timedelta(hours=8)
            assert (await platform.agent_online()).facts == FACTS
            assert platform.facts == FACTS
        await platform.agent_gone()
        assert not platform.online


@pytest.mark.parametrize(
    ("target", "answer"),
    [
        ("/ws/agent", (1008, "Token required")),
        ("/ws/agent?token=", (1008, "Token required")),
        ("/ws/agent?Token={token}", (1008, "Token required")),
        (
            "/ws/agent?token=wrong",
            (1008, "Invalid token - Please use environment token, not JWT token"),
        ),
        (
            "/ws/agent?token={token}&token=x",
            (1008, "Invalid token - Please use environment token, not JWT token"),
        ),
        (
            "/ws/agent?token=%2D{token}",
            (1008, "Invalid token - Please use environment token, not JWT token"),
        ),
        ("/ws/agent?token={token}=", (500, "")),
        ("/ws/agent?token={token}&a=b=c", (500, "")),
        ("/ws/agent/?token={token}", (403, "")),
        ("/ws?token={token}", (403, "")),
    ],
)
async def test_refused(target: str, answer: tuple[int, str]) -> None:
    """A bad token is accepted and closed, a bad path or query refused at the handshake."""
    async with DemoPlatform() as platform:
        address = f"ws://127.0.0.1:{platform.port}" + target.format(token=platform.token)
        assert await refusal(address) == answer
        assert (platform.refusals, platform.connections) == (1, 0)


async def test_tolerated_queries() -> None:
    """Parts without "=" and further parameters do not matter, the last token counts."""
    async with DemoPlatform() as platform:
        address = f"{platform.url}?flag&token=x&a=b&token={platform.token}"
        async with connect(address) as socket:
            assert json.loads(await socket.recv())["type"] == "welcome"


async def test_token_may_begin_with_a_dash() -> None:
    """An awkward token has 43 characters as well and works."""
    async with DemoPlatform() as platform:
        token = platform.issue_token(starting_with="-")
        assert len(token) == 43
        async with connected(platform, token) as agent:
            await agent.beats()


async def test_revoked_token() -> None:
    """Who is connected hears it and is closed; the old token is dead, the new one works."""
    async with DemoPlatform() as platform:
        old = platform.token
        async with connected(platform) as agent:
            await asyncio.gather(platform.revoke_token(), hears_of_revocation(agent))
        assert (await refusal(f"{platform.url}?token={old}"))[0] == 1008
        async with connected(platform) as agent:
            await agent.beats()


async def hears_of_revocation(agent: ScriptedAgent) -> None:
    """The conversation of a revoked token."""
    assert (await agent.hears())["reason"] == "token_regenerated"
    assert await closing(agent) == (1008, DEAD_TOKEN)


async def test_task_and_result() -> None:
    """A task goes out with its options; logs and the result come back in order."""
    async with DemoPlatform() as platform, connected(platform) as agent:
        await platform.send_task("t1", "echo hi", timeout=5, env_vars={"A": "1"})
        task = await agent.hears()
        assert task == {
            "type": "task",
            "task_id": "t1",
            "command": "echo hi",
            "timeout": 5,
            "env_vars": {"A": "1"},
        }
        offset = await agent.logs("t1", "hi\nthere", 0)
        await agent.logs("t1", "bye", offset, "error")
        await agent.logs("t1", "a remark", None)
        await agent.says(type="task_result", task_id="t1", status="success")
        assert (await platform.result("t1"))["status"] == "success"
        assert platform.log_text("t1") == "hi\nthere\nbye"
        assert platform.log("t1").complete
        assert platform.log("t1").remarks == ["a remark"]
        assert [frame.body["level"] for frame in platform.logs("t1")] == ["info", "error", "info"]
        await platform.cancel_task("t1")
        assert await agent.hears() == {"type": "cancel_task", "task_id": "t1"}


async def test_nobody_there() -> None:
    """Without an agent a task cannot be handed over."""
    async with DemoPlatform() as platform:
        with pytest.raises(UnreachableError):
            await platform.send_task("t1", "echo hi")


async def test_wait_that_fails_tells() -> None:
    """A wait that runs out says for what, and what came instead."""
    async with DemoPlatform() as platform, connected(platform) as agent:
        await agent.beats()
        with pytest.raises(TimeoutError, match=r"the result of t1.*heartbeat"):
            await platform.result("t1", timeout=SHORT)


@pytest.mark.parametrize(
    "frame", ["", "{", "[]", "null", '{"type": 7}', '{"type": "auth"}', b"\x00", '"\\ud800"']
)
async def test_junk_is_ignored(frame: str | bytes) -> None:
    """Nothing that is not a known message is answered or ends the connection."""
    async with DemoPlatform() as platform, connected(platform) as agent:
        await agent.socket.send(frame)
        assert (await agent.beats())["type"] == "heartbeat_ack"
        assert len(platform.frames) == 2


@pytest.mark.parametrize("data", [None, []])
async def test_heartbeat_without_an_object(data: object) -> None:
    """`data` that is no object is not acknowledged; the connection lives."""
    async with DemoPlatform() as platform, connected(platform) as agent:
        await agent.says(type="heartbeat", data=data)
        assert (await agent.beats())["type"] == "heartbeat_ack"
        assert len(platform.heartbeats) == 2
        assert (await platform.agent_online()).heartbeats == 1


async def test_fact_left_out_is_wiped() -> None:
    """Each heartbeat overwrites all six facts."""
    async with DemoPlatform() as platform, connected(platform) as agent:
        await agent.beats()
        await agent.says(type="heartbeat", data={"node_ip": "1.2.3.4"})
        await agent.hears()
        assert platform.facts == {**dict.fromkeys(FACT_NAMES), "node_ip": "1.2.3.4"}


async def test_heartbeat_without_data() -> None:
    """No `data` is acknowledged and wipes all six."""
    async with DemoPlatform() as platform, connected(platform) as agent:
        await agent.beats()
        await agent.says(type="heartbeat")
        assert (await agent.hears())["type"] == "heartbeat_ack"
        assert platform.facts == dict.fromkeys(FACT_NAMES)


async def test_facts_of_other_types() -> None:
    """A number as an address, a string as CPU facts, anything besides: taken, or passed over."""
    async with DemoPlatform() as platform, connected(platform) as agent:
        await agent.beats(node_ip=7, cpu_info="fast", more="x" * 500)
        assert platform.facts == {**FACTS, "node_ip": 7, "cpu_info": "fast"}


async def test_deleted_environment() -> None:
    """8.5: heartbeats are not acknowledged any more, the connection lives."""
    async with DemoPlatform() as platform, connected(platform) as agent:
        await agent.beats()
        platform.delete_environment()
        await agent.says(type="heartbeat", data=FACTS)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(agent.hears(), SHORT)
        assert platform.open_connections == 1


@pytest.mark.parametrize(
    "facts",
    [
        {"node_ip": "x" * 51},
        {"os_type": "x" * 101},
        {"os_version": "x" * 101},
        {"cpu_info": {"usage_percent": float("nan")}},
        {"disk_info": [float("inf")]},
    ],
)
async def test_unstorable_facts_kill(facts: dict[str, object]) -> None:
    """What MySQL refuses ends the connection without an ack and leaves the node "online"."""
    async with DemoPlatform() as platform, connected(platform) as agent:
        with pytest.raises(ConnectionClosedError) as error:
            await agent.beats(**facts)
        assert error.value.rcvd is None
        await platform.agent_gone()
        assert platform.online
        assert not platform.reachable
        assert len(platform.poisonings) == 1


@pytest.mark.slow
async def test_frame_too_large() -> None:
    """A frame over 16 MiB closes with 1009."""
    async with DemoPlatform() as platform, connected(platform) as agent:
        with suppress(ConnectionClosed):
            await agent.socket.send("x" * (16 * 2**20 + 1))
        ended = await closing(agent)
        assert ended is not None
        assert ended[0] == 1009


async def test_silence_is_asked_about() -> None:
    """After a silence the platform says ping, again and again, and demands no answer."""
    async with DemoPlatform(Settings(silence=SHORT)) as platform, connected(platform) as agent:
        for _ in range(3):
            assert await agent.hears() == {"type": "ping"}
        assert platform.reachable


async def test_older_connection_takes_the_registration_along() -> None:
    """8.4: when the older of two ends, the newer one cannot be reached any more."""
    async with DemoPlatform() as platform:
        async with connected(platform) as older:
            await older.beats()
            async with connected(platform) as newer:
                await newer.beats()
                await older.socket.close()
                await platform.wait_for(lambda: platform.open_connections == 1)
                await platform.wait_for(lambda: not platform.online)
                await newer.beats()
                assert platform.online
                with pytest.raises(UnreachableError):
                    await platform.send_task("t1", "echo hi")
        async with connected(platform) as agent:
            await agent.beats()
            await platform.send_task("t1", "echo hi")


async def test_a_dead_connection_is_noticed_late() -> None:
    """8.4: a pulled cable is found out later, and then the newer connection is unreachable."""
    async with DemoPlatform() as platform, connected(platform) as older:
        await older.beats()
        platform.pull_cable()
        older.socket.transport.abort()
        async with connected(platform) as newer:
            await newer.beats()
            assert platform.open_connections == 2
            assert platform.reachable
            await platform.notice_loss()
            await platform.wait_for(lambda: platform.open_connections == 1)
            await newer.beats()
            assert platform.online
            assert not platform.reachable


async def test_reconnecting_at_once_makes_unreachable() -> None:
    """8.4: the end of a connection takes the registration of one that came too fast."""
    async with DemoPlatform(Settings(forgets_after=SHORT)) as platform:
        async with connected(platform) as older:
            await older.beats()
        async with connected(platform) as newer:
            await newer.beats()
            assert platform.reachable
            await platform.wait_for(lambda: not platform.reachable)
        await platform.agent_gone()
        async with connected(platform) as agent:
            await agent.beats()
            await asyncio.sleep(2 * SHORT)
            assert platform.reachable


async def test_stop_and_start() -> None:
    """A stop closes with 1012 and frees the port, a start takes the same one again."""
    async with DemoPlatform() as platform:
        async with connected(platform) as agent:
            heard = await asyncio.gather(closing(agent), platform.stop())
            assert heard[0] == (1012, "")
        with pytest.raises(ConnectionRefusedError):
            await connect(platform.url)
        await platform.start()
        async with connected(platform) as agent:
            await agent.beats()


async def test_crash_is_abrupt() -> None:
    """A killed platform leaves no close frame and no listener."""
    async with DemoPlatform() as platform, connected(platform) as agent:
        await platform.crash()
        assert await closing(agent) is None
        with pytest.raises(ConnectionRefusedError):
            await connect(platform.url)


async def test_refuses_on_request() -> None:
    """The handshake can be answered with an HTTP error, until it is not any more."""
    async with DemoPlatform() as platform:
        platform.refuse_connections(502)
        assert (await refusal(f"{platform.url}?token={platform.token}"))[0] == 502
        platform.accept_connections()
        async with connected(platform):
            pass


async def test_closes_on_request() -> None:
    """Any code and reason reach the agent, and the platform notes how it ended."""
    async with DemoPlatform() as platform, connected(platform) as agent:
        heard = await asyncio.gather(closing(agent), platform.close_agents(4000, "because"))
        assert heard[0] == (4000, "because")
        assert platform.closings[-1].code == 4000


@pytest.mark.parametrize("mid_frame", [False, True])
async def test_cut(mid_frame: bool) -> None:
    """A cut connection, in the middle of a frame or not, ends without a close frame."""
    async with DemoPlatform() as platform, connected(platform) as agent:
        await (platform.cut_mid_frame() if mid_frame else platform.cut())
        assert not platform.open_connections
        assert await closing(agent) is None
        assert platform.closings[-1].code is None


async def test_stall_and_resume() -> None:
    """Frozen: no ack and no handshake; afterwards both, and nothing was lost."""
    async with DemoPlatform() as platform, connected(platform) as agent:
        platform.stall()
        await agent.says(type="heartbeat", data=FACTS)
        with pytest.raises(TimeoutError):
            await connect(f"{platform.url}?token={platform.token}", open_timeout=SHORT)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(agent.hears(), SHORT)
        platform.resume()
        assert (await agent.hears())["type"] == "heartbeat_ack"


async def test_missed_pongs_close() -> None:
    """An agent that does not get its pongs through is closed with 1011."""
    settings = Settings(ping_interval=SHORT, ping_timeout=SHORT, close_timeout=SHORT)
    async with DemoPlatform(settings) as platform, connected(platform) as agent:
        platform.stall()
        assert await closing(agent) == (1011, "keepalive ping timeout")
        platform.resume()
        await platform.agent_gone()


async def test_answers_late_and_in_order() -> None:
    """A late ack holds up what is behind it, and the order stays."""
    async with DemoPlatform() as platform, connected(platform) as agent:
        platform.answer_late(SHORT)
        before = asyncio.get_running_loop().time()
        await agent.says(type="heartbeat", data=FACTS)
        await agent.logs("t1", "behind", 0)
        await agent.hears()
        assert asyncio.get_running_loop().time() - before >= SHORT
        await platform.wait_for(lambda: platform.log_text("t1"))
        assert [frame.type for frame in platform.frames] == ["heartbeat", "task_log"]


async def test_silent_and_dropping() -> None:
    """Silent: everything is recorded and nothing said. Dropping: not even recorded."""
    async with DemoPlatform() as platform, connected(platform) as agent:
        platform.go_silent()
        await agent.says(type="heartbeat", data=FACTS)
        await platform.wait_for(lambda: platform.heartbeats)
        platform.speak()
        platform.drop_next(1)
        await agent.says(type="heartbeat", data=FACTS)
        await agent.beats(node_ip="10.0.0.1")
        assert [frame.body["data"]["node_ip"] for frame in platform.heartbeats] == [
            "127.0.0.1",
            "10.0.0.1",
        ]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(agent.hears(), SHORT)


async def test_poisoned_session() -> None:
    """8.3: after a database error the next heartbeat dies, unless a suite's log cures it."""
    async with DemoPlatform() as platform:
        async with connected(platform) as agent:
            platform.poison_next()
            await agent.says(type="test_suite_log", suite_id="s", message="cure")
            await agent.beats()
            platform.poison_on(lambda body: body.get("message") == "bad")
            await agent.logs("t1", "bad", 0)
            with pytest.raises(ConnectionClosedError):
                await agent.beats()
        platform.poison_on(None)
        async with connected(platform) as agent:
            await agent.beats()


async def test_what_was_not_handled_is_lost() -> None:
    """7.3: frames that the platform had received but not handled when it closes are gone."""
    async with DemoPlatform() as platform, connected(platform) as agent:
        platform.handle_slowly(SHORT)
        for number in range(5):
            await agent.logs("t1", "x", number * (PREFIX + 2))
        await platform.wait_for(lambda: platform.frames)
        await platform.close_agents(1011)
        assert len(platform.frames) < 5


async def test_record_is_bounded() -> None:
    """The oldest frames go first; counts, heartbeats and results stay."""
    limits = Limits(keep_logs=False, max_frames=5)
    async with DemoPlatform(Settings(limits=limits)) as platform, connected(platform) as agent:
        await agent.beats()
        offset = 0
        for _ in range(20):
            offset = await agent.logs("t1", "line", offset)
        await agent.says(type="task_result", task_id="t1", status="success")
        await platform.result("t1")
        assert len(platform.frames) == 5
        assert len(platform.heartbeats) == 1
        assert platform.log("t1").lines == 20
        assert platform.log("t1").complete
        assert platform.logs("t1")[0].body["message"] == platform.log_text("t1") == ""
