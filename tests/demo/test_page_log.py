"""The page's logs: lines, repeats, limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.demo import page_log
from app.demo.joblog import PREFIX
from app.demo.page_log import LogBook, RunLog
from app.demo.record import Frame

TEXTS = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=5)


def texts(log: RunLog) -> list[str]:
    return [line.text for line in log.since(0, 10**6, 10**9)]


def frame(kind: str, **body: object) -> Frame:
    return Frame(0.0, 1, kind, {"type": kind, **body}, 0)


def test_suite_lines_lose_their_stamp_to_the_time() -> None:
    """The agent's stamp becomes the line's time; a line without one keeps its text."""
    log = RunLog()
    log.add_suite("[2026-11-22 19:31:28.421] one\n[x] two", "warning")
    assert [line.plain() for line in log.since(0, 9, 99)] == [
        [1, "19:31:28.421", "one"],
        [1, "", "[x] two"],
    ]


def test_task_line_goes_on() -> None:
    """A piece that stands right behind an unended line continues it."""
    log = RunLog()
    log.add_task({"message": "one\nhalf", "offset": 0})
    log.add_task({"message": " whole", "offset": 2 * PREFIX + len("one\nhalf")})
    assert texts(log) == ["one", "half whole"]


@given(st.lists(TEXTS, min_size=1, max_size=8), st.lists(st.integers(0, 7), max_size=8))
def test_repeats_add_nothing(lines: list[str], repeats: list[int]) -> None:
    """However pieces repeat after a reconnect, from whichever line, each line is there once."""
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + PREFIX + len(line.encode()) + 1)
    log = RunLog()
    for number, line in enumerate(lines):
        log.add_task({"message": line, "offset": offsets[number]})
        for start in repeats:
            if start <= number:
                text = "\n".join(lines[start : number + 1])
                log.add_task({"message": text, "offset": offsets[start]})
    assert texts(log) == lines


@pytest.mark.parametrize("body", [{}, {"message": None}, {"message": 7, "offset": "x"}])
def test_strange_pieces_are_ignored(body: dict[str, object]) -> None:
    """What is no text is no line."""
    log = RunLog()
    log.add_task(body)
    assert log.total == 0


def test_the_oldest_lines_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the limit the first lines are dropped and the numbers go on."""
    monkeypatch.setattr(page_log, "MAX_LINES", 3)
    log = RunLog()
    log.add_suite("\n".join("abcde"), "info")
    assert (log.first, log.total, texts(log)) == (2, 5, ["c", "d", "e"])
    assert log.line(1) is None


def test_the_oldest_characters_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit in characters holds as well; a long line is cut before it counts."""
    monkeypatch.setattr(page_log, "MAX_LINE", 4)
    monkeypatch.setattr(page_log, "MAX_CHARS", 20)
    log = RunLog()
    log.add_suite("\n".join(f"{n}23456789" for n in range(5)), "info")
    assert texts(log) == ["3234 […]", "4234 […]"]


def test_a_piece_is_bounded() -> None:
    """A look takes no more than asked for, but always one line at least."""
    log = RunLog()
    log.add_suite("aaaa\nbbbb\ncccc", "info")
    assert len(log.since(0, 2, 99)) == 2
    assert len(log.since(0, 9, 8)) == 2
    assert len(log.since(1, 9, 1)) == 1
    assert log.since(3, 9, 99) == []


def test_the_book_keeps_the_runs_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks and executions have their own logs; the longest silent one goes first."""
    monkeypatch.setattr(page_log, "MAX_BOOK_CHARS", 8)
    book = LogBook()
    book.take(frame("task_log", task_id="t", message="task", offset=0))
    book.take(frame("test_suite_log", execution_id="e", message="suite"))
    book.take(frame("test_suite_log", message="nobody's"))
    book.take(frame("heartbeat", task_id="t", message="no log"))
    assert (texts(book.log("t")), texts(book.log("e"))) == ([], ["suite"])
