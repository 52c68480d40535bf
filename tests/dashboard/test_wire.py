"""What travels between page and agent."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dashboard import asks, wire
from app.errors import NotDoneError
from app.state import CancelJob, Command, StartAtLogin


def decoded(**body: Any) -> object:
    """The ask in a frame, or what is wrong with it."""
    found = wire.decode(json.dumps({"id": 1, **body}))
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("body", "ask"),
    [
        ({"ask": "command", "command": "pause"}, Command.PAUSE),
        ({"ask": "cancel", "job_id": "s/e"}, CancelJob("s/e")),
        ({"ask": "autostart", "wanted": False}, StartAtLogin(wanted=False)),
        ({"ask": "open", "what": "config"}, asks.AskOpen("config")),
        ({"ask": "follow", "stream": "a", "key": None, "from": -9}, asks.AskFollow("a", None, -9)),
        ({"ask": "follow", "stream": 1, "key": 2.0, "from": 3}, asks.AskFollow(1, 2, 3)),
        ({"ask": "unfollow", "stream": 1}, asks.AskUnfollow(1)),
        ({"ask": "read", "key": 4, "at": 0, "length": 65536}, asks.AskRead(4, 0, 65536)),
        ({"ask": "search", "key": 4, "text": "x", "at": 0}, asks.AskSearch(4, "x", 0)),
        (
            {"ask": "history", "kind": "", "state": "", "text": "", "before": None, "limit": 1},
            asks.AskHistory("", "", "", None, 1),
        ),
        (
            {
                **{"ask": "history", "kind": "suite", "state": "timed out"},
                **{"text": "t", "before": 5, "limit": 100},
            },
            asks.AskHistory("suite", "timed out", "t", 5, 100),
        ),
        ({"ask": "cases", "key": 1}, asks.AskCases(1)),
        ({"ask": "disk"}, asks.AskDisk()),
        ({"ask": "settings"}, asks.AskSettings()),
        ({"ask": "config.read"}, asks.AskConfigRead()),
        ({"ask": "config.check", "text": ""}, asks.AskConfigCheck("")),
        ({"ask": "config.save", "text": "x"}, asks.AskConfigSave("x")),
        (
            {"ask": "check", "server_url": "u", "token": "t", "work_dir": "d"},
            asks.AskCheck("u", "t", "d", save=False),
        ),
        (
            {"ask": "save", "server_url": "u", "token": "t", "work_dir": "d"},
            asks.AskCheck("u", "t", "d", save=True),
        ),
        ({"ask": "parse_command", "text": "x"}, asks.AskParse("x")),
    ],
)
def test_every_ask_is_decoded(body: dict[str, Any], ask: asks.Ask) -> None:
    """The page's words become values."""
    assert decoded(**body) == ask


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ask": 5},
        {"ask": ["disk"]},
        {"ask": "fly"},
        {"ask": "command", "command": "explode"},
        {"ask": "cancel", "job_id": 5},
        {"ask": "autostart", "wanted": 1},
        {"ask": "open", "what": "/etc/passwd"},
        {"ask": "follow", "stream": None, "key": 1, "from": 0},
        {"ask": "follow", "stream": "x" * 1001, "key": 1, "from": 0},
        {"ask": "follow", "stream": 1, "key": True, "from": 0},
        {"ask": "read", "key": 1, "at": -1, "length": 5},
        {"ask": "read", "key": 1, "at": 0.5, "length": 5},
        {"ask": "read", "key": 2**63, "at": 0, "length": 5},
        {"ask": "read", "key": 1, "at": 0, "length": 65537},
        {"ask": "search", "key": 1, "text": "x" * 1001, "at": 0},
        {"ask": "history", "kind": "all", "state": "", "text": "", "before": None, "limit": 1},
        {"ask": "history", "kind": "", "state": "", "text": "", "before": None, "limit": 101},
        {"ask": "check", "server_url": "u", "token": None, "work_dir": ""},
    ],
)
def test_what_the_page_would_not_send_is_refused(body: dict[str, Any]) -> None:
    """Fields that are missing, of another kind or out of range."""
    assert isinstance(decoded(**body), wire.WrongError)


@pytest.mark.parametrize(
    "frame", ["", "{", "[]", "null", "{}", '{"id": "1"}', '{"id": true}', "[" * 100_000, b"\xff"]
)
def test_what_has_no_id_is_nothing(frame: str | bytes) -> None:
    """Nobody could be answered."""
    assert wire.decode(frame) is None


@given(st.text() | st.binary())
def test_no_frame_breaks_the_decoder(frame: str | bytes) -> None:
    """Whatever a frame holds, decoding it raises nothing."""
    wire.decode(frame)


def test_secrets_are_in_no_repr() -> None:
    """A token that somebody enters is in no log of a task or an error."""
    ask = decoded(ask="check", server_url="u", token="tok-secret", work_dir="")
    assert "tok-secret" not in repr(ask)
    assert "tok-secret" not in repr(decoded(ask="parse_command", text="--token=tok-secret"))


def test_errors_have_a_cause_and_a_next_step() -> None:
    """As the page shows them."""
    said = wire.refusal(7, NotDoneError("It rains.", "Wait."))
    assert said == {
        "type": "reply",
        "id": 7,
        "error": {"cause": "It rains.", "next_step": "Wait."},
    }
    wrong = wire.refusal(7, wire.WrongError("ask: not known"))
    assert "not known" in wrong["error"]["cause"]


def test_any_text_can_be_sent() -> None:
    """A lone surrogate of a foreign file name breaks no frame."""
    assert json.loads(wire.encode({"a": "\ud800测"})) == {"a": "\ud800测"}
