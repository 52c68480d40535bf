"""How the demo looks."""

import pytest

from app.demo.look import FANCY_SIGNS, Look, amount, span

PLAIN = Look()
TERMINAL = {"TERM": "xterm"}


@pytest.mark.parametrize(
    ("encoding", "env", "terminal", "look"),
    [
        ("utf-8", TERMINAL, True, Look(colour=True, live=True, signs=FANCY_SIGNS)),
        ("utf-8", TERMINAL, False, Look(signs=FANCY_SIGNS)),
        ("utf-8", {**TERMINAL, "NO_COLOR": "1"}, True, Look(live=True, signs=FANCY_SIGNS)),
        ("utf-8", {"TERM": "dumb"}, True, Look(signs=FANCY_SIGNS)),
        ("utf-8", {"WT_SESSION": "x"}, True, Look(colour=True, live=True, signs=FANCY_SIGNS)),
        ("gbk", {}, True, Look()),
    ],
)
def test_richest_look(encoding: str, env: dict[str, str], terminal: bool, look: Look) -> None:
    """Colours and the live line are for capable terminals, signs for encodings that have them."""
    assert Look.of(encoding, env, terminal=terminal) == look


def test_log_lines() -> None:
    """Each line has time and level; a program cannot drive the terminal."""
    body = {
        "level": "error",
        "message": "a\x1b[2J\n\tb\r",
        "timestamp": "2026-11-22T19:31:28.421+08:00",
    }
    assert PLAIN.log(body) == [
        "  19:31:28.421  error | a\\x1b[2J",
        "  19:31:28.421  error | \tb",
    ]


def test_colour_only_where_there_is() -> None:
    """Plain output holds no escape sequence, coloured output ends each one."""
    assert PLAIN.verdict("t", "x", good=False) == "x t  x"
    painted = Look(colour=True).verdict("t", "x", good=True)
    assert painted.count("\x1b[0m") == 3


def test_columns_align_with_chinese() -> None:
    """Chinese characters take two columns."""
    assert PLAIN.rows([("内存", "1"), ("disk x", "2")]) == ["    内存    1", "    disk x  2"]


def test_facts_of_a_heartbeat() -> None:
    """Numbers become readable; what is unknown says so."""
    memory = {"total": 2048, "used": 512, "usage_percent": 25.0, "unit": "MB"}
    facts = {
        "node_ip": "127.0.0.1",
        "os_type": "Linux",
        "os_version": "6.1",
        "cpu_info": {"usage_percent": 3.4, "cores": 2},
        "memory_info": memory,
        "disk_info": None,
    }
    assert dict(PLAIN.facts(facts)) == {
        "system": "Linux 6.1 - 127.0.0.1",
        "CPU": "3 % of 2 cores",
        "memory": "512.0 MiB of 2.0 GiB (25 %)",
        "disk": "unknown",
    }
    assert PLAIN.load(facts) == "CPU 3 % - memory 25 % - disk unknown"


def test_figures() -> None:
    """Bytes and seconds for people."""
    assert [amount(n) for n in (999, 2048, 3 * 2**20)] == ["999 B", "2.0 KiB", "3.0 MiB"]
    assert [span(s) for s in (0.0123, 5.1, 75)] == ["12 ms", "5.10 s", "1 min 15 s"]
