"""app/protocol/codec.py (with fields.py and bodies.py): frames to messages and back."""

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.protocol.bodies import RESULT_TEXT_BYTES, clip, clip_start
from app.protocol.codec import EXCERPT, MAX_FRAME, decode, encode
from app.protocol.messages import (
    BadJob,
    BadSuite,
    CancelJob,
    CancelSuite,
    Facts,
    Heartbeat,
    HeartbeatAck,
    JobAssigned,
    JobLog,
    JobResult,
    Level,
    Malformed,
    Ping,
    Pong,
    SuiteAssigned,
    SuiteCompleted,
    SuiteLog,
    SuiteResult,
    TokenInvalid,
    Unknown,
    Welcome,
    WorkspaceAnswer,
    WorkspaceRequest,
    WorkspaceVerb,
)

AT = datetime(2026, 11, 22, 19, 31, 28, 421030, timezone(timedelta(hours=8)))
SUITE = {
    "type": "execute_test_suite",
    "suite_id": "s",
    "plan_id": "p",
    "execution_id": "e",
    "git_repo_url": None,
    "git_branch": None,
    "git_token": None,
    "execution_command": "pytest",
    "case_ids": ["c2", "c1"],
    "executor_id": "u",
}
KNOWN_TYPES = [
    "welcome",
    "auth_success",
    "heartbeat_ack",
    "ping",
    "token_invalid",
    "task",
    "cancel_task",
    "execute_test_suite",
    "cancel_test_suite",
    *(verb.value for verb in WorkspaceVerb),
]
any_text = st.text(st.characters())  # lone surrogates included
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=8,
)
FIELD_NAMES = [
    *("task_id", "command", "work_dir", "env_vars", "timeout", "suite_id", "execution_id"),
    *("execution_command", "case_ids", "case_codes", "executor_id", "request_id", "path"),
    *("environment_id", "reconnect_delay", "timestamp", "reason", "is_base64"),
]


def frame(**fields: Any) -> str:
    """Return the fields as the platform writes them."""
    return json.dumps(fields)


def body(message: Any) -> dict[str, Any]:
    """Return what the platform reads."""
    return dict(json.loads(encode(message).encode().decode()))


# ---------------------------------------------------------------- decode: what is said


@pytest.mark.parametrize("kind", ["welcome", "auth_success"])
def test_both_greetings_are_one_message(kind: str) -> None:
    """`welcome` and `auth_success` say the same; the second has no name in it."""
    said = {"environment_id": "env", "work_dir": "~/ats", "reconnect_delay": 30}
    assert decode(frame(type=kind, **said)) == Welcome("env", "", "~/ats")
    named = decode(frame(type=kind, environment_name="PC 测试", **said))
    assert named == Welcome("env", "PC 测试", "~/ats")


@pytest.mark.parametrize("delay", [None, "soon", -1, True, [], 10**400])
def test_greeting_survives_a_strange_delay(delay: Any) -> None:
    """An unreadable reconnect_delay, which nothing reads, does not lose the greeting."""
    said = decode(frame(type="welcome", environment_id="env", reconnect_delay=delay))
    assert said == Welcome("env")


@pytest.mark.parametrize(
    ("timestamp", "at"),
    [
        ("2026-11-22T19:31:28.421030+08:00", AT),
        ("2026-11-22T11:31:28.421030Z", AT),
        ("2026-11-22T11:31:28", None),
        ("soon", None),
        (12, None),
        (None, None),
        ("\ud800", None),
    ],
)
def test_every_ack_counts(timestamp: Any, at: datetime | None) -> None:
    """An ack is a fence even when its time cannot be read or has no offset."""
    assert decode(frame(type="heartbeat_ack", timestamp=timestamp)) == HeartbeatAck(at)


def test_small_messages() -> None:
    """ping, token_invalid and both cancels."""
    assert decode(frame(type="ping")) == Ping()
    assert decode(frame(type="token_invalid", message="m", reason="r")) == TokenInvalid("r")
    assert decode(frame(type="token_invalid", message="m")) == TokenInvalid("m")
    assert decode(frame(type="cancel_task", task_id="t")) == CancelJob("t")
    cancel = frame(type="cancel_test_suite", suite_id="s", execution_id="e")
    assert decode(cancel) == CancelSuite("s", "e")
    assert decode(frame(type="cancel_test_suite", suite_id="s")) == CancelSuite("s", None)


def test_job_with_everything() -> None:
    """All fields of a task; numbers, booleans and null in env_vars become text."""
    variables = {"A": "x", "N": 3, "F": 1.5, "B": True, "Z": None}
    said = frame(
        type="task", task_id="t", command="a\nb", work_dir="/w", env_vars=variables, timeout=1.5
    )
    expected = (("A", "x"), ("N", "3"), ("F", "1.5"), ("B", "true"), ("Z", ""))
    assert decode(said) == JobAssigned("t", "a\nb", "/w", expected, 1.5)


def test_job_with_the_least() -> None:
    """Absent and null options are the same; a list is a command without a shell."""
    bare = frame(type="task", task_id="t", command=["echo", ""])
    null = frame(
        type="task", task_id="t", command=["echo", ""], work_dir=None, env_vars=None, timeout=None
    )
    assert decode(bare) == decode(null) == JobAssigned("t", ("echo", ""))


@pytest.mark.parametrize("timeout", ["60", 60, 60.0])
def test_timeout_as_text(timeout: Any) -> None:
    """A number written as text is a number."""
    said = decode(frame(type="task", task_id="t", command="x", timeout=timeout))
    assert said == JobAssigned("t", "x", timeout=60.0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("command", None),
        ("command", " \n"),
        ("command", 5),
        ("command", []),
        ("command", [""]),
        ("command", ["a", 1]),
        ("command", "a\0b"),
        ("command", ["a", "b\0"]),
        ("command", "\udc80"),
        ("work_dir", 7),
        ("work_dir", "a\0"),
        ("env_vars", []),
        ("env_vars", {"A": []}),
        ("env_vars", {"A": "\0"}),
        ("env_vars", {"A\0": "x"}),
        ("env_vars", {"A": "\ud83d"}),
        ("timeout", 0),
        ("timeout", -1),
        ("timeout", True),
        ("timeout", "never"),
        ("timeout", 10**400),
        ("timeout", []),
    ],
)
def test_bad_job_is_answered_by_its_id(field: str, value: Any) -> None:
    """A task whose id can be read is refused by name of the bad field, never dropped."""
    said = decode(frame(**{"type": "task", "task_id": "t", "command": "x", field: value}))
    assert isinstance(said, BadJob)
    assert said.job_id == "t"
    assert said.why.startswith(field)


@pytest.mark.parametrize("number", ["1e999", "-1e999"])
def test_number_beyond_any_float(number: str) -> None:
    """JSON allows 1e999, which Python reads as infinity: no timeout, no variable."""
    for field in (f'"timeout": {number}', f'"env_vars": {{"A": {number}}}'):
        said = decode(f'{{"type": "task", "task_id": "t", "command": "x", {field}}}')
        assert isinstance(said, BadJob)


@pytest.mark.parametrize("task_id", [None, "", " ", 5, [], "\ud800", "x" * 256])
def test_task_without_a_readable_id(task_id: Any) -> None:
    """Nobody can be answered, so the frame is malformed."""
    assert isinstance(decode(frame(type="task", task_id=task_id, command="x")), Malformed)


def test_suite_with_and_without_codes() -> None:
    """`case_codes` may be absent, which is not the same as empty."""
    expected = SuiteAssigned("s", "p", "e", "pytest", ("c2", "c1"), None, "u")
    assert decode(frame(**SUITE)) == expected
    with_codes = decode(frame(**SUITE, case_codes=["000001", "000002"]))
    assert isinstance(with_codes, SuiteAssigned)
    assert with_codes.case_codes == ("000001", "000002")


def test_git_token_is_not_in_the_repr() -> None:
    """A message that lands in a log by accident shows no secret."""
    said = decode(frame(**{**SUITE, "git_repo_url": "u", "git_token": "ghp_secret"}))
    assert isinstance(said, SuiteAssigned)
    assert said.git_token == "ghp_secret"
    assert "ghp_secret" not in repr(said)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("execution_command", None),
        ("execution_command", ""),
        ("case_ids", "c1"),
        ("case_ids", [1]),
        ("case_codes", {}),
        ("executor_id", None),
        ("git_token", 5),
    ],
)
def test_bad_suite_is_answered_by_its_ids(field: str, value: Any) -> None:
    """An unreadable suite still needs its completion, so its ids are kept."""
    said = decode(frame(**{**SUITE, field: value}))
    assert isinstance(said, BadSuite)
    assert (said.suite_id, said.execution_id) == ("s", "e")
    assert field in said.why


@pytest.mark.parametrize("verb", list(WorkspaceVerb))
def test_workspace_requests(verb: WorkspaceVerb) -> None:
    """Five verbs, one shape; what is absent has the platform's default."""
    full = frame(
        type=verb.value, request_id="r", path="p", encoding="gbk", content="c", is_base64=True
    )
    assert decode(full) == WorkspaceRequest(verb, "r", "p", "gbk", "c", is_base64=True)
    assert decode(frame(type=verb.value, request_id="r")) == WorkspaceRequest(verb, "r")
    assert isinstance(decode(frame(type=verb.value, request_id="r", is_base64=1)), Malformed)


# ---------------------------------------------------------------- decode: what cannot be read


@pytest.mark.slow
@pytest.mark.parametrize(
    "bad",
    [
        "",
        "hello",
        "[]",
        "5",
        '"task"',
        "null",
        "{}",
        '{"type": null}',
        '{"type": 5}',
        '{"type": "\\ud800"}',
        '{"type": "ping"',
        '{"type": "ping", "x": NaN}',
        '{"type": "ping", "x": -Infinity}',
        '{"type": "ping", "x": ' + "9" * 5000 + "}",
        '{"type": "ping", "x": ' + "[" * 100_000,
        '{"type": "ping", "x": ' + '{"a":' * 100_000,
        '{"type": "ping"}\ud800',
        "\ufeff{}",
        b"",
        b'{"type": "ping"}',
        b"\xff\x00" * 1000,
    ],
    ids=lambda bad: repr(bad[:30]),
)
def test_malformed(bad: str | bytes) -> None:
    """What is no JSON object in a text frame is told with its reason and its first characters."""
    said = decode(bad)
    assert isinstance(said, Malformed)
    assert said.why
    assert len(said.excerpt) <= EXCERPT
    assert all(char.isprintable() or char == "\ufffd" for char in said.excerpt)


def test_too_large_is_not_even_read() -> None:
    """A frame over MAX_FRAME characters is malformed whatever it holds; one at it is read."""
    ping = '{"type":"ping"}'
    assert decode(ping + " " * (MAX_FRAME - len(ping))) == Ping()
    assert isinstance(decode(ping + " " * (MAX_FRAME - len(ping) + 1)), Malformed)


def test_unknown_type_is_a_value() -> None:
    """A type of the future is Unknown; its name is cut and printable."""
    assert decode(frame(type="task_log_ack", task_id="t")) == Unknown("task_log_ack")
    said = decode(frame(type="\x1b[2J" + "x" * 5000))
    assert isinstance(said, Unknown)
    assert len(said.type) <= 100
    assert said.type.isprintable() or "\ufffd" in said.type


@given(st.text(st.characters()) | st.binary())
def test_decode_never_raises(data: str | bytes) -> None:
    """Any frame gives a message."""
    assert decode(data) is not None


@given(
    st.sampled_from(KNOWN_TYPES),
    st.dictionaries(st.sampled_from(FIELD_NAMES), any_json, max_size=8),
)
def test_decode_never_raises_for_a_known_type(kind: str, fields: dict[str, Any]) -> None:
    """Any fields of any JSON type give a message whose texts can be stored and sent."""
    said = decode(json.dumps({**fields, "type": kind}))
    assert isinstance(said, Malformed) or repr(said).encode()
    if isinstance(said, BadJob | JobAssigned):
        said.job_id.encode()


# ---------------------------------------------------------------- encode


def test_heartbeat_has_all_fields() -> None:
    """A field left out would be wiped there, so even empty facts send all six."""
    data = body(Heartbeat(Facts(cpu_info={"usage_percent": 1.5})))["data"]
    assert data == {
        "node_ip": "unknown",
        "os_type": "unknown",
        "os_version": "unknown",
        "cpu_info": {"usage_percent": 1.5},
        "memory_info": {},
        "disk_info": {},
        "network_info": {},
    }


def test_heartbeat_limits() -> None:
    """Over-long texts and NaN would break the platform's session: clipped in bytes, and null."""
    facts = Facts("1" * 99, "测" * 99, "\ud800" * 99, {"usage_percent": math.nan, "l": [math.inf]})
    data = body(Heartbeat(facts))["data"]
    assert data["node_ip"] == "1" * 50
    assert data["os_type"] == "测" * 33
    assert data["os_version"] == "\ufffd" * 33
    assert data["cpu_info"] == {"usage_percent": None, "l": [None]}


def test_job_log() -> None:
    """Exact names; time with milliseconds and offset; our `offset` only when there is one."""
    log = JobLog("t", Level.WARNING, 'a "b"\n\0\x1b[0m', AT, 7)
    assert body(log) == {
        "type": "task_log",
        "task_id": "t",
        "level": "warning",
        "message": 'a "b"\n\0\x1b[0m',
        "timestamp": "2026-11-22T19:31:28.421+08:00",
        "offset": 7,
    }
    assert "offset" not in body(JobLog("t", Level.INFO, "", AT))


def test_job_result() -> None:
    """The fields of 4.6, output and error bounded."""
    result = JobResult("t", "failed", -9, "测" * 99_999, "e" * 999_999, 1.25, AT)
    said = body(result)
    assert len(said.pop("output").encode()) in range(RESULT_TEXT_BYTES - 2, RESULT_TEXT_BYTES + 1)
    assert len(said.pop("error")) == RESULT_TEXT_BYTES
    assert said == {
        "type": "task_result",
        "task_id": "t",
        "status": "failed",
        "exit_code": -9,
        "duration": 1.25,
        "timestamp": "2026-11-22T19:31:28.421+08:00",
    }


def test_suite_messages() -> None:
    """The fields of 4.2 and 4.4; a text never exceeds the platform's column."""
    assert body(SuiteLog("s", "e", "x" * 99_999, AT))["message"] == "x" * 65_535
    assert body(SuiteLog("s", "e", "x", AT.astimezone(UTC), Level.ERROR)) == {
        "type": "test_suite_log",
        "suite_id": "s",
        "execution_id": "e",
        "message": "x",
        "timestamp": "2026-11-22T11:31:28.421+00:00",
        "level": "error",
    }
    assert body(SuiteCompleted("s", "e", "failed", "why")) == {
        "type": "test_suite_completed",
        "suite_id": "s",
        "execution_id": "e",
        "status": "failed",
        "message": "why",
    }


def test_a_completion_tells_true_counts() -> None:
    """Ignored by the platform, but said; a status that it would take for success is a failure."""
    said = body(SuiteCompleted("s", "e", "completed", "", 3, 4, math.nan))
    assert (said["reported_case_count"], said["total_case_count"], said["duration"]) == (3, 4, None)
    words = ["completed", "failed", "cancelled", "timeout", "error", "success", ""]
    assert [body(SuiteCompleted("s", "e", word))["status"] for word in words] == [
        *words[:3],
        *["failed"] * 4,
    ]


def test_a_suite_result_fits_the_platforms_columns() -> None:
    """Each field within its limit, in bytes: one too long would poison the session."""
    result = SuiteResult("s", "c", "passed", "u", "0.12s", "log", "no")
    assert body(result) == {
        "type": "test_suite_result",
        "suite_id": "s",
        "case_id": "c",
        "result": "passed",
        "duration": "0.12s",
        "log_output": "log",
        "error_message": "no",
        "executor_id": "u",
    }
    large = body(
        SuiteResult("s", "c", "PASSED", "u", "时" * 9, "测" * 30_000 + "end", "头" * 30_000)
    )
    assert large["result"] == "error"
    assert large["duration"] == "时" * 6
    assert large["log_output"] == "测" * 21_844 + "end"
    assert large["error_message"] == "头" * 21_845
    broken = body(SuiteResult("s", "c", "", "u", "\ud800", "\ud83d\ude00\ud83d", "\udfff"))
    assert broken["duration"] == broken["error_message"] == "\ufffd"
    assert broken["log_output"] == "\U0001f600\ufffd"


def test_the_four_results_pass() -> None:
    """The platform's words, and nothing else (4.3)."""
    words = ["passed", "failed", "error", "skipped"]
    assert [body(SuiteResult("s", "c", word, "u"))["result"] for word in words] == words


def test_a_long_execution_id_is_echoed() -> None:
    """The platform drops such a log frame; cut, it would be another execution's."""
    assert body(SuiteLog("s", "e" * 99, "x", AT))["execution_id"] == "e" * 99


def test_workspace_answer_and_pong() -> None:
    """The answer's type is the request's with `_response`; no data is an empty object."""
    refused = WorkspaceAnswer(WorkspaceVerb.LIST, "r", success=False, error="no")
    assert body(refused) == {
        "type": "workspace_list_response",
        "request_id": "r",
        "success": False,
        "data": {},
        "error": "no",
    }
    listed = WorkspaceAnswer(WorkspaceVerb.READ, "r", success=True, data=[{"name": "a"}])
    assert body(listed)["data"] == [{"name": "a"}]
    assert encode(Pong()) == '{"type":"pong"}'


def test_surrogates_are_mended() -> None:
    """Halves that belong together become their character, lone ones a mark."""
    said = body(JobLog("t", Level.INFO, "\ud83d\ude00 \ud83d x", AT))
    assert said["message"] == "\U0001f600 \ufffd x"


@given(any_text, st.integers(0, 2**60) | st.none())
def test_every_log_text_arrives(text: str, offset: int | None) -> None:
    """Any text encodes as UTF-8 and arrives unchanged, surrogates apart."""
    said = body(JobLog("t", Level.INFO, text, AT, offset))
    assert said["message"] == text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@given(any_text, st.integers(0, 40))
def test_clip_is_the_longest_start_that_fits(text: str, limit: int) -> None:
    """Clipping counts bytes, cuts no character and keeps as much as fits."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    kept = clip(text, limit)
    assert len(kept.encode()) <= limit
    if len(whole.encode()) <= limit:
        assert kept == whole


@given(any_text, st.integers(1, 40))
def test_clip_start_is_the_longest_end_that_fits(text: str, limit: int) -> None:
    """As clip, from the other side."""
    kept = clip_start(text, limit)
    assert len(kept.encode()) <= limit
    if text.isascii():
        assert kept == text[-limit:]


@given(any_text, any_text, any_text)
def test_any_suite_result_fits(duration: str, log: str, error: str) -> None:
    """Whatever a test printed, the frame is valid and within every column."""
    said = body(SuiteResult("s", "c", "failed", "u", duration * 9, log * 3000, error * 3000))
    assert len(said["duration"].encode()) <= 20
    assert len(said["log_output"].encode()) <= 65_535
    assert len(said["error_message"].encode()) <= 65_535


@given(any_json)
def test_any_facts_encode(value: Any) -> None:
    """Whatever a sampler reads, the heartbeat is valid JSON in UTF-8."""
    body(Heartbeat(Facts(cpu_info={"x": value})))
