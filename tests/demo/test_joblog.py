"""A job's log put together from its pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.demo.joblog import PREFIX, Gap, ReceivedLog

MANY = 10**6


def taken(*pieces: tuple[str, int]) -> ReceivedLog:
    """A log that got these texts at these offsets."""
    log = ReceivedLog(MANY)
    for text, offset in pieces:
        log.add(text, "info", offset)
    return log


def test_lines_join() -> None:
    """The newline between two pieces shows in the second one's offset."""
    log = taken(("a", 0), ("b\nc", PREFIX + 2))
    assert log.text == "a\nb\nc"
    assert (log.lines, log.size, log.complete) == (3, 5, True)


def test_open_line_goes_on() -> None:
    """A piece that begins right behind the last one continues its line and has no stamp."""
    log = taken(("ab", 0), ("cd\nef", PREFIX + 2), ("g", 2 * PREFIX + 7))
    assert log.text == "abcd\nefg"
    assert log.complete


def test_repeat_is_dropped() -> None:
    """Pieces sent again after a reconnect, cut differently, add nothing but what is new."""
    log = taken(("one", 0), ("two", 30), ("two\nthree", 30))
    assert log.text == "one\ntwo\nthree"
    assert (log.repeats, log.differing, log.complete) == (1, 0, True)


def test_differing_repeat_is_noticed() -> None:
    """A repeat that says something else than the first time is not complete."""
    log = taken(("one", 0), ("two", 30), ("2wo", 30))
    assert log.text == "one\ntwo"
    assert log.differing == 1


def test_gap_is_noticed() -> None:
    """A piece that begins further on shows a loss, and the text goes on behind it."""
    log = taken(("one", 0), ("three", 60))
    assert log.gaps == [Gap(expected=29, got=60)]
    assert log.text == "onethree"


def test_remarks_are_apart() -> None:
    """A piece without an offset is not in the agent's file and not in the text."""
    log = ReceivedLog(MANY)
    log.add("waiting", "warning", None)
    assert (log.text, log.remarks, log.levels["warning"]) == ("", ["waiting"], 1)


def test_text_is_bounded() -> None:
    """What is beyond the limit is counted and checked, not kept."""
    log = ReceivedLog(4)
    log.add("abc", "info", 0)
    log.add("défg", "info", 30)
    assert log.text == "abc\n"
    assert (log.size, log.lines, log.complete) == (9, 2, True)


LINES = st.lists(
    st.text(st.characters(exclude_characters="\n", codec="utf-8"), max_size=5), min_size=1
)


@pytest.mark.slow
@given(LINES, st.data())
def test_any_repetition_gives_the_whole(lines: list[str], data: st.DataObject) -> None:
    """However often the agent falls back to an earlier piece, the text comes out whole."""
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + PREFIX + len(line.encode()) + 1)
    for limit in (MANY, 0):
        log = ReceivedLog(limit)
        position = 0
        while position < len(lines):
            log.add(lines[position], "info", starts[position])
            back = data.draw(st.integers(0, min(position, 2)), "back")
            position += 1 - back * data.draw(st.integers(0, 1), "falls back")
        assert log.complete
        assert log.text == ("\n".join(lines) if limit else "")
        assert (log.lines, log.size) == (len(lines), len("\n".join(lines).encode()))
