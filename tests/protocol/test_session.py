"""The state machine of one connection (app/protocol/session.py)."""

from datetime import UTC, datetime

import pytest

from app.protocol.messages import (
    BadSuite,
    CancelJob,
    HeartbeatAck,
    Incoming,
    JobAssigned,
    Malformed,
    Ping,
    Pong,
    SuiteAssigned,
    TokenInvalid,
    Unknown,
    Welcome,
)
from app.protocol.session import (
    Action,
    Beat,
    Complain,
    Confirm,
    Deliver,
    End,
    FenceWanted,
    Greet,
    Received,
    Send,
    Session,
    SessionState,
    Tick,
    Woke,
)

WELCOME = Welcome("env-1", "Lab PC")
ACK = HeartbeatAck(datetime(2026, 11, 22, tzinfo=UTC))
SUITE = SuiteAssigned("s", "p", "e", "run", ("c",), None, "u")


def receive(session: Session, message: Incoming, now: float) -> list[Action]:
    """Hand one decoded frame to the session."""
    return session.handle(Received(message), now)


def online_session(heartbeat_every: float = 5.0) -> Session:
    """A session greeted at 0 whose first heartbeat is acked."""
    session = Session(heartbeat_every=heartbeat_every, now=0.0)
    receive(session, WELCOME, 0.0)
    receive(session, ACK, 0.1)
    return session


def test_greeting_brings_a_heartbeat_at_once() -> None:
    """The platform wipes the node's facts at connect, so the first beat must not wait."""
    session = Session(heartbeat_every=5.0, now=0.0)
    assert receive(session, WELCOME, 0.2) == [Greet(WELCOME), Beat()]
    assert session.state is SessionState.ONLINE


def test_auth_success_after_welcome_changes_nothing() -> None:
    """Both greetings arrive on every connect and are handled idempotently."""
    session = online_session()
    assert receive(session, WELCOME, 0.3) == []


def test_a_platform_that_never_greets_is_left() -> None:
    """Without a greeting within 30 s the connection is a loss."""
    session = Session(heartbeat_every=5.0, now=10.0)
    assert session.handle(Tick(), 39.9) == []
    [end] = session.handle(Tick(), 40.0)
    assert isinstance(end, End)
    assert not end.refused


def test_heartbeats_keep_their_plan() -> None:
    """A late tick does not shift the beats that follow."""
    session = online_session()
    beats = [t for t in (4.9, 5.0, 9.9, 10.4, 14.9, 15.0) if Beat() in _tick_acked(session, t)]
    assert beats == [5.0, 10.4, 15.0]


def _tick_acked(session: Session, now: float) -> list[Action]:
    actions = session.handle(Tick(), now)
    for action in actions:
        if isinstance(action, Beat):
            receive(session, ACK, now)
    return actions


def test_a_missing_ack_is_a_silent_loss_after_15_seconds() -> None:
    """The platform acks every heartbeat in order; one missing means it is gone."""
    session = online_session(heartbeat_every=60.0)
    session.handle(FenceWanted(), 1.0)
    assert session.handle(Tick(), 15.9) == []
    [end] = session.handle(Tick(), 16.0)
    assert isinstance(end, End)
    assert session.handle(Tick(), 17.0) == []


def test_acks_confirm_in_order_and_only_what_was_sent() -> None:
    """Each ack confirms one heartbeat; one too many is a complaint, not a crash."""
    session = online_session(heartbeat_every=60.0)
    assert session.handle(FenceWanted(), 1.0) == [Beat()]
    assert session.handle(FenceWanted(), 1.1) == [Beat()]
    assert receive(session, ACK, 1.2) == [Confirm(ACK)]
    assert receive(session, ACK, 1.3) == [Confirm(ACK)]
    [complaint] = receive(session, ACK, 1.4)
    assert isinstance(complaint, Complain)


def test_latency_is_measured_per_heartbeat() -> None:
    """The k-th ack belongs to the k-th heartbeat, woken up or not."""
    session = online_session(heartbeat_every=3600.0)
    before = session.latency
    session.handle(FenceWanted(), 10.0)
    session.handle(Woke(), 11.0)
    receive(session, ACK, 11.5)
    first = session.latency
    receive(session, ACK, 11.6)
    assert session.latency == pytest.approx(0.6)
    assert (before, first) == (0.1, 1.5)


def test_waking_up_asks_and_waits_five_seconds_only() -> None:
    """After a clock jump an old connection is given 5 s to prove itself, old fences included."""
    session = online_session(heartbeat_every=3600.0)
    session.handle(FenceWanted(), 1.0)
    assert session.handle(Woke(), 1000.0) == [Beat()]
    assert session.handle(Tick(), 1004.9) == []
    [end] = session.handle(Tick(), 1005.0)
    assert isinstance(end, End)


def test_waking_up_while_the_platform_answers_keeps_the_session() -> None:
    """An acked wake-up fence leaves everything as it was."""
    session = online_session(heartbeat_every=3600.0)
    session.handle(Woke(), 1000.0)
    receive(session, ACK, 1001.0)
    assert session.handle(Tick(), 1100.0) == []


def test_ping_is_answered() -> None:
    """The platform's JSON ping gets its pong."""
    assert receive(online_session(), Ping(), 1.0) == [Send(Pong())]


def test_a_revoked_token_ends_the_session_for_good() -> None:
    """`token_invalid` means that only a human can help."""
    [end] = receive(online_session(), TokenInvalid("token_regenerated"), 1.0)
    assert isinstance(end, End)
    assert end.refused


def test_work_is_delivered_in_order() -> None:
    """Assignments and cancels go to the agent untouched."""
    session = online_session()
    job = JobAssigned("t1", "echo hi")
    assert receive(session, job, 1.0) == [Deliver(job)]
    assert receive(session, CancelJob("t1"), 1.0) == [Deliver(CancelJob("t1"))]


@pytest.mark.parametrize("suite", [SUITE, BadSuite("s", "e", "no command")])
def test_a_suite_is_preceded_by_a_heartbeat(suite: SuiteAssigned | BadSuite) -> None:
    """The heartbeat cures the platform's stale view before the first log frame (8.1)."""
    assert receive(online_session(), suite, 1.0) == [Beat(), Deliver(suite)]


def test_work_before_the_greeting_is_not_done() -> None:
    """Before the greeting nobody knows to whom a result would be owed."""
    session = Session(heartbeat_every=5.0, now=0.0)
    [complaint] = receive(session, CancelJob("t1"), 0.1)
    assert isinstance(complaint, Complain)


@pytest.mark.parametrize("strange", [Unknown("dance"), Malformed("not JSON", "{{{")])
def test_strange_frames_are_complained_about_and_survived(strange: Incoming) -> None:
    """A frame that cannot be used changes nothing."""
    session = online_session()
    [complaint] = receive(session, strange, 1.0)
    assert isinstance(complaint, Complain)
    assert session.state is SessionState.ONLINE


def test_deadline_is_the_next_beat_or_the_oldest_missing_ack() -> None:
    """The shell may sleep until `next_deadline` and misses nothing."""
    session = online_session(heartbeat_every=60.0)
    assert session.next_deadline == 60.0
    session.handle(FenceWanted(), 2.0)
    assert session.next_deadline == 17.0
