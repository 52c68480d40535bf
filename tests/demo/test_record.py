"""The bounded record of frames."""

import asyncio

import pytest

from app.demo.record import Frame, Limits, Record


def frame(number: int, size: int = 1) -> Frame:
    return Frame(float(number), 1, "note", {"number": number}, size)


def test_bounded_by_bytes() -> None:
    """The oldest frames go when the kept ones together are too large."""
    record = Record(Limits(max_frame_bytes=10))
    for number in range(4):
        record.add(frame(number, size=4))
    assert [kept.body["number"] for kept in record.frames] == [2, 3]


def test_since() -> None:
    """What came after a count is returned, as far as it is kept."""
    record = Record(Limits(max_frames=3))
    for number in range(5):
        record.add(frame(number))
    assert [new.body["number"] for new in record.since(4)] == [4]
    assert len(record.since(0)) == 3
    assert record.since(5) == []


async def test_every_waiter_wakes() -> None:
    """Several may wait for different things at once."""
    record = Record(Limits())
    waits = asyncio.gather(
        record.wait_for(lambda: record.total >= 1, 5, "one"),
        record.wait_for(lambda: record.total >= 2, 5, "two"),
    )
    await asyncio.sleep(0)
    record.add(frame(1))
    await asyncio.sleep(0)
    record.add(frame(2))
    assert all(await waits)


async def test_what_is_asked_may_fail() -> None:
    """An error in the condition reaches the one who waits."""
    with pytest.raises(ZeroDivisionError):
        await Record(Limits()).wait_for(lambda: 1 / 0, 5, "nothing")
