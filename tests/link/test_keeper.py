"""When to connect again, and when to wait for the user (app/link/keeper.py)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import pytest

from app.errors import AgentError, LinkLostError
from app.link import keeper as keeper_module
from app.link.keeper import Keeper, KeeperParts
from app.link.serve import Clocks, Ending, EndKind, Serving
from app.link.transport import Transport
from app.protocol.backoff import Backoff
from app.protocol.session import Session
from app.state import LinkState
from tests.fakes.link import WELCOME, FakeDuties, FakeOutlet, FakeTransport


@pytest.fixture(autouse=True)
def quick_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keeper looks at its (fake) clock often, so that no test waits for time."""
    monkeypatch.setattr(keeper_module, "PAUSE_SLICE", 0.02)


class GreetingDuties(FakeDuties):
    """Duties that tell the keeper of the greeting, as the agent does."""

    def __init__(self, keeper: Callable[[], Keeper]) -> None:
        super().__init__()
        self._keeper = keeper

    def greeted(self, welcome: object) -> None:
        self._keeper().greeted()


class Scene:
    """A keeper, and a network on which each attempt does what the script says next.

    A script entry is an error (the attempt fails) or a transport; after the script every
    attempt gets a fresh, friendly transport. `now` is the keeper's clock, from which the
    wall clock differs by `wall_ahead`; every delay is `delay` seconds, or the shortest.
    """

    def __init__(
        self, *script: AgentError | FakeTransport, haunted: bool = False, wanted: bool = True
    ) -> None:
        self.now = 1000.0
        self.wall_ahead = 0.0
        self.wall_looks = 0
        self.watched = asyncio.Event()  # the wall clock was looked at twice
        self.delay = 0.0
        self.opened_at: list[float] = []
        self.script = list(script)
        self.opened: list[FakeTransport] = []
        self.attempts = 0
        self.in_flight = False
        self.set_up = True
        self.endings: list[Ending] = []
        self.goodbyes = 0
        self.changed = asyncio.Event()
        self.outlet = FakeOutlet([])
        self.keeper = Keeper(
            KeeperParts(
                open_link=self._open,
                serving=self._serving,
                in_flight=lambda: self.in_flight,
                on_change=self.changed.set,
                on_session_end=self.endings.append,
                on_goodbye=self._goodbye,
                set_up=lambda: self.set_up,
                backoff=Backoff(draw=lambda low, _high: max(low, self.delay)),
                clocks=Clocks(mono=self._mono, wall=self._wall),
            ),
            wanted=wanted,
        )
        if haunted:
            self.keeper.distrust()

    def _goodbye(self) -> None:
        self.goodbyes += 1

    def _mono(self) -> float:
        """A clock that moves on whenever somebody looks, so that no pause is long."""
        self.now += 0.2
        return self.now

    def _wall(self) -> float:
        self.wall_looks += 1
        if self.wall_looks > 1:
            self.watched.set()
        return self.now + self.wall_ahead

    async def _open(self) -> Transport:
        self.attempts += 1
        self.opened_at.append(self.now)
        step = self.script.pop(0) if self.script else FakeTransport()
        if isinstance(step, AgentError):
            raise step
        step.says(WELCOME)
        self.opened.append(step)
        return cast(Transport, step)

    def _serving(self, transport: Transport) -> Serving:
        duties = GreetingDuties(lambda: self.keeper)
        clocks = Clocks(mono=lambda: self.now, wall=lambda: self.now)
        session = Session(heartbeat_every=3600.0, now=self.now)
        return Serving(transport, session, self.outlet, duties, clocks=clocks)

    async def reaches(self, state: LinkState) -> None:
        """Wait until the keeper is in this state."""
        async with asyncio.timeout(10):
            while self.keeper.state is not state:
                self.changed.clear()
                await self.changed.wait()


@asynccontextmanager
async def keeping(
    *script: AgentError | FakeTransport, haunted: bool = False, wanted: bool = True
) -> AsyncIterator[Scene]:
    """Run a keeper through a script; it is stopped at the end."""
    scene = Scene(*script, haunted=haunted, wanted=wanted)
    async with asyncio.timeout(15), asyncio.TaskGroup() as tasks:
        tasks.create_task(scene.keeper.run(), name="keeper")
        yield scene
        scene.keeper.stop()


async def test_who_did_not_want_to_be_connected_is_not() -> None:
    """Not even a haunted one, until the wish changes; before a session there is no latency."""
    async with keeping(haunted=True, wanted=False) as scene:
        for _turn in range(20):
            await asyncio.sleep(0)
        assert (scene.keeper.state, scene.attempts) == (LinkState.STOPPED, 0)
        assert scene.keeper.latency is None
        scene.keeper.connect()
        await scene.reaches(LinkState.ONLINE)
        assert scene.keeper.wanted


async def test_failed_attempts_are_repeated_until_one_stands() -> None:
    """Network trouble is never given up on, and the last cause is there to be shown."""
    async with keeping(LinkLostError("no route"), LinkLostError("still none")) as scene:
        await scene.reaches(LinkState.BACKING_OFF)
        assert scene.keeper.problem == "no route"
        await scene.reaches(LinkState.ONLINE)
        assert scene.attempts == 3
        assert scene.keeper.problem == ""
    assert scene.keeper.state is LinkState.STOPPED


async def test_a_refused_token_stops_the_attempts() -> None:
    """Only the user can help: no retry storm against the platform."""
    refusing = FakeTransport()
    async with keeping(refusing) as scene:
        refusing.dies(1008, "Invalid token", clean=True)
        await scene.reaches(LinkState.REJECTED)
        assert "Invalid token" in scene.keeper.problem
        await asyncio.sleep(0.05)
        assert scene.attempts == 1


async def test_connect_after_a_refusal_tries_again() -> None:
    """The user has put in a new token and says so."""
    refusing = FakeTransport()
    async with keeping(refusing) as scene:
        refusing.dies(1008, "Invalid token", clean=True)
        await scene.reaches(LinkState.REJECTED)
        scene.keeper.connect()
        await scene.reaches(LinkState.ONLINE)


async def test_what_is_not_set_up_is_not_opened() -> None:
    """Nobody knows where to; once somebody does, `renew` connects."""
    async with keeping() as scene:
        scene.set_up = False
        await asyncio.sleep(0.05)
        assert (scene.keeper.state, scene.attempts) == (LinkState.STOPPED, 0)
        scene.set_up = True
        scene.keeper.renew()
        await scene.reaches(LinkState.ONLINE)


async def test_new_settings_mean_a_new_connection() -> None:
    """Out of every state: a refusal of the old token is forgotten, a session ends in order."""
    refusing = FakeTransport()
    async with keeping(refusing) as scene:
        refusing.dies(1008, "Invalid token", clean=True)
        await scene.reaches(LinkState.REJECTED)
        scene.keeper.renew()
        assert scene.keeper.problem == ""
        await scene.reaches(LinkState.ONLINE)
        scene.keeper.renew()
        await scene.reaches(LinkState.CONNECTING)
        await scene.reaches(LinkState.ONLINE)
        assert scene.opened[1].closed_with == 1000
        assert scene.opened_at[2] - scene.opened_at[1] >= keeper_module.AFTER_A_LOSS


async def test_while_it_is_held_no_connection_is_opened() -> None:
    """A session that stands goes on; afterwards the keeper goes on as before."""
    async with keeping(LinkLostError("no route")) as scene:
        await scene.reaches(LinkState.BACKING_OFF)
        with scene.keeper.held():
            await scene.reaches(LinkState.STOPPED)
            attempts = scene.attempts
            await asyncio.sleep(0.05)
            assert scene.attempts == attempts
        await scene.reaches(LinkState.ONLINE)
        with scene.keeper.held():
            await asyncio.sleep(0.02)
            assert scene.keeper.state is LinkState.ONLINE


async def test_disconnect_says_goodbye_and_connect_comes_back() -> None:
    """The wish is the user's; the fact follows it."""
    async with keeping() as scene:
        await scene.reaches(LinkState.ONLINE)
        scene.keeper.disconnect()
        await scene.reaches(LinkState.STOPPED)
        assert scene.opened[0].closed_with == 1000
        scene.keeper.connect()
        await scene.reaches(LinkState.ONLINE)
        assert len(scene.opened) == 2


async def test_a_disconnect_between_two_attempts_counts_at_once() -> None:
    """Nobody is told that the agent tries again while it does not."""
    async with keeping(LinkLostError("no route")) as scene:
        scene.delay = 3600.0
        await scene.reaches(LinkState.BACKING_OFF)
        scene.keeper.disconnect()
        await scene.reaches(LinkState.STOPPED)


async def test_a_user_who_comes_back_at_once_waits_a_second() -> None:
    """No socket within AFTER_A_LOSS of the last one, however often connect is asked for (8.4)."""
    async with keeping() as scene:
        await scene.reaches(LinkState.ONLINE)
        ended = scene.now
        scene.keeper.disconnect()
        scene.keeper.connect()
        await scene.reaches(LinkState.CONNECTING)
        scene.keeper.connect()
        await scene.reaches(LinkState.ONLINE)
        assert scene.opened_at[1] >= ended + keeper_module.AFTER_A_LOSS
        ended = scene.now
        scene.keeper.disconnect()
        await scene.reaches(LinkState.STOPPED)
        scene.keeper.connect()
        await scene.reaches(LinkState.ONLINE)
        assert scene.opened_at[2] >= ended + keeper_module.AFTER_A_LOSS
        assert scene.attempts == 3


async def test_connect_shortens_the_wait_but_not_the_rest() -> None:
    """The user may try again now, but not at once: an hour's delay becomes a second."""
    dying = FakeTransport()
    async with keeping(dying) as scene:
        scene.delay = 3600.0
        await scene.reaches(LinkState.ONLINE)
        lost_at = scene.now
        dying.dies(1012, clean=True)
        await scene.reaches(LinkState.BACKING_OFF)
        scene.keeper.connect()
        await scene.reaches(LinkState.ONLINE)
        assert lost_at + keeper_module.AFTER_A_LOSS <= scene.opened_at[1] <= lost_at + 10


async def test_a_disconnect_ends_the_rest() -> None:
    """Who leaves again while the rest lasts is not kept waiting, and no socket is opened."""
    async with keeping() as scene:
        await scene.reaches(LinkState.ONLINE)
        scene.keeper.disconnect()
        scene.keeper.connect()
        await scene.reaches(LinkState.CONNECTING)
        scene.keeper.disconnect()
        await scene.reaches(LinkState.STOPPED)
        assert scene.attempts == 1


async def test_connect_while_connected_does_not_skip_a_later_wait() -> None:
    """A wish that is fulfilled already changes nothing."""
    dying = FakeTransport()
    async with keeping(dying) as scene:
        await scene.reaches(LinkState.ONLINE)
        scene.keeper.connect()
        scene.delay = 5.0
        dying.dies(1012, clean=True)
        await scene.reaches(LinkState.BACKING_OFF)
        lost_at = scene.now
        await scene.reaches(LinkState.ONLINE)
        assert scene.opened_at[1] >= lost_at + 4.0


async def test_waking_up_shortens_the_wait() -> None:
    """A computer that slept through its delay tries again after WOKEN_WAIT."""
    scene = Scene(LinkLostError("no route"))
    scene.delay = 3600.0
    async with asyncio.timeout(15), asyncio.TaskGroup() as tasks:
        tasks.create_task(scene.keeper.run(), name="keeper")
        await scene.reaches(LinkState.BACKING_OFF)
        await scene.watched.wait()
        scene.wall_ahead, woke_at = 100.0, scene.now
        await scene.reaches(LinkState.ONLINE)
        scene.keeper.stop()
    assert woke_at + keeper_module.WOKEN_WAIT <= scene.opened_at[1] <= woke_at + 10


@pytest.mark.parametrize(("in_flight", "at"), [(False, 60.0), (True, 75.0)])
async def test_after_a_silent_loss_the_connection_is_made_anew(in_flight: bool, at: float) -> None:
    """The platform forgets the connection that replaced a silently dead one (8.4)."""
    dying = FakeTransport()
    async with keeping(dying) as scene:
        await scene.reaches(LinkState.ONLINE)
        scene.in_flight = in_flight
        dying.dies(1006, clean=False)
        lost_at = scene.now
        await scene.reaches(LinkState.BACKING_OFF)
        await scene.reaches(LinkState.ONLINE)
        scene.now = lost_at + at
        await scene.reaches(LinkState.BACKING_OFF)
        assert scene.endings[-1].kind is EndKind.LOCAL
        assert scene.opened[1].closed_with == 1000
        await scene.reaches(LinkState.ONLINE)
        scene.now += 500
        await asyncio.sleep(0.2)
        assert len(scene.opened) == 3


async def test_a_clean_goodbye_of_the_platform_needs_no_second_connection() -> None:
    """A restarted platform remembers nothing that could hurt."""
    leaving = FakeTransport()
    async with keeping(leaving) as scene:
        await scene.reaches(LinkState.ONLINE)
        leaving.dies(1012, clean=True)
        await scene.reaches(LinkState.BACKING_OFF)
        await scene.reaches(LinkState.ONLINE)
        scene.now += 500
        await asyncio.sleep(0.2)
        assert len(scene.opened) == 2


async def test_an_agent_that_died_connected_is_refreshed_after_its_restart() -> None:
    """The platform may still hold the dead agent's connection, and then forgets the new one."""
    async with keeping(haunted=True) as scene:
        begun = scene.now
        await scene.reaches(LinkState.ONLINE)
        assert scene.now >= begun + 1.0
        scene.now = begun + 61.0
        await scene.reaches(LinkState.BACKING_OFF)
        assert scene.goodbyes == 0
        await scene.reaches(LinkState.ONLINE)
    assert len(scene.opened) == 2
    assert scene.goodbyes == 1


async def test_a_check_that_died_silently_costs_one_refresh() -> None:
    """A connection that somebody tried meanwhile haunts the next session as an own one would."""
    async with keeping(LinkLostError("no route")) as scene:
        await scene.reaches(LinkState.BACKING_OFF)
        with scene.keeper.held():
            await scene.reaches(LinkState.STOPPED)
            scene.keeper.distrust()
            lost = scene.now
        await scene.reaches(LinkState.ONLINE)
        assert scene.now >= lost + keeper_module.AFTER_A_LOSS
        scene.now = lost + 61.0
        await scene.reaches(LinkState.BACKING_OFF)
        await scene.reaches(LinkState.ONLINE)
        scene.now += 500
        await asyncio.sleep(0.1)
    assert len(scene.opened) == 2


async def test_after_a_hold_nothing_is_opened_at_once() -> None:
    """The connection that was tried may have ended in the same moment (8.4)."""
    async with keeping(wanted=False) as scene:
        with scene.keeper.held():
            scene.keeper.connect()
            scene.now += 100
            ended = scene.now
        await scene.reaches(LinkState.ONLINE)
        assert scene.opened_at[0] >= ended + keeper_module.AFTER_A_LOSS


async def test_a_goodbye_soon_after_a_silent_loss_leaves_the_danger() -> None:
    """The dead connection is found out later: the next connection needs its refresh too."""
    dying = FakeTransport()
    async with keeping(dying) as scene:
        await scene.reaches(LinkState.ONLINE)
        dying.dies(1006, clean=False)
        await scene.reaches(LinkState.BACKING_OFF)
        await scene.reaches(LinkState.ONLINE)
    assert scene.goodbyes == 0


async def test_leaving_while_an_attempt_hangs_does_not_wait_for_it() -> None:
    """Quit is prompt even when the network is not."""
    scene = Scene()
    hanging = asyncio.Event()

    async def hang() -> Transport:
        await hanging.wait()
        raise AssertionError

    scene.keeper._parts = KeeperParts(
        **{
            name: getattr(scene.keeper._parts, name)
            for name in ("serving", "in_flight", "on_change", "on_session_end", "on_goodbye")
        },
        open_link=hang,
    )
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(scene.keeper.run(), name="keeper")
        await scene.reaches(LinkState.CONNECTING)
        scene.keeper.stop()
    assert scene.keeper.state is LinkState.STOPPED
