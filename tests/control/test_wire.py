"""Lines between terminal and agent (app/control/wire.py)."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.control.wire import (
    Ask,
    AskJobs,
    AskLogs,
    AskPage,
    AskStatus,
    decode,
    decode_ask,
    encode,
    encode_ask,
)
from app.state import CancelJob, Command

ASKS: list[Ask] = [
    AskStatus(),
    AskJobs(),
    CancelJob("任务/1"),
    AskPage("settings", show=True),
    AskPage("", show=False),
    AskLogs("", 5, follow=True),
    AskLogs("t", None, follow=False),
    *Command,
]


@pytest.mark.parametrize("ask", ASKS, ids=str)
def test_an_ask_arrives(ask: Ask) -> None:
    """One line there, the same ask out of it."""
    line = encode(encode_ask(ask))
    assert line.count(b"\n") == 1
    assert decode_ask(decode(line)) == ask


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ask": 5},
        {"ask": "command", "command": "explode"},
        {"ask": "command", "command": ["pause"]},
        {"ask": "cancel"},
        {"ask": "page", "view": "", "show": 1},
        {"ask": "page", "show": True},
        {"ask": "cancel", "job_id": 5},
        {"ask": "logs", "job_id": "", "lines": -1, "follow": True},
        {"ask": "logs", "job_id": "", "lines": True, "follow": True},
        {"ask": "logs", "job_id": "", "lines": "5", "follow": True},
        {"ask": "logs", "job_id": "", "lines": 5, "follow": 1},
    ],
)
def test_what_is_not_understood(body: dict[str, Any]) -> None:
    """It is no ask, and no error either."""
    assert decode_ask(body) is None


@given(st.binary(max_size=200))
def test_a_line_is_an_object_or_a_value_error(line: bytes) -> None:
    """Whatever comes."""
    with suppress(ValueError):
        assert isinstance(decode(line), dict)
