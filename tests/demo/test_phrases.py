"""What the platform reads out of log texts."""

from datetime import datetime, timedelta

import pytest

from app.demo.phrases import duration_of, tells_cancel, tells_end

THEN = datetime.fromisoformat("2026-11-22T12:00")
FIRST, LAST = "[2026-11-22 12:00:00.000]", "[2026-11-22 12:01:02.345]"


@pytest.mark.parametrize(
    ("message", "end", "cancel"),
    [
        ("[..] 测试套执行完成 3/3", True, False),
        ("用例执行完成", True, False),
        ("执行完成,订单已取消", True, True),
        ("测试套执行已取消", True, True),
        ("订单已取消", False, False),
        ("用户取消了订单", False, False),
        ("执行 完成", False, False),
    ],
)
def test_phrases(message: str, end: bool, cancel: bool) -> None:
    """6: three phrases end; one of them, or any of them with another word, cancels."""
    assert (tells_end(message), tells_cancel(message)) == (end, cancel)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        (f"{FIRST} a\n{LAST} b", "0:01:02.34"),
        (f"x{FIRST} a {LAST}", "0:01:02.34"),
        (f"{FIRST} a\n[2026-11-23 22:00:00.000]", "34:00:00.00"),
        (f"{FIRST} a\n{FIRST} b", None),
        (f"{LAST} a\n{FIRST} b", None),
        (f"{FIRST} a\n[2026-02-30 00:00:00.000] no such day\n{LAST} b", "0:01:02.34"),
        (f"{FIRST} a\n[2026-11-22 12:01:02] no milliseconds", "0:00:05.00"),
        ("nothing", "0:00:05.00"),
    ],
)
def test_duration(text: str, duration: str | None) -> None:
    """6: first to last stamp, whoever printed them; with fewer than two the row's own times."""
    assert duration_of(text, THEN, THEN + timedelta(seconds=5)) == duration


def test_negative_duration_is_none() -> None:
    """6: with UTC timestamps the fallback is negative, which is no duration."""
    assert duration_of("", THEN, THEN - timedelta(hours=8)) is None
