"""Tests of app.jobs.masking."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.jobs import masking
from app.jobs.masking import COMMAND, LONGEST_VALUE, MaskedText, Values
from app.redaction import Redactor


class Job:
    """Streams of one job, and what it was warned of."""

    def __init__(self, redactor: Redactor | None = None) -> None:
        self.warnings: list[str] = []
        self._values = Values(redactor or Redactor(), self.warnings.append)

    def shows(self, *pieces: str) -> str:
        """What comes out of a stream that gets these pieces."""
        masked = MaskedText(self._values)
        return "".join(map(masked.feed, pieces)) + masked.flush()


def through(pieces: list[str], redactor: Redactor | None = None) -> str:
    """What comes out of a job's only stream."""
    return Job(redactor).shows(*pieces)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::add-mask::abcdef123\nabcdef123\n", "::add-mask::***\n***\n"),
        ("  ::add-mask:: abcdef123 \nabcdef123", "  ::add-mask::***\n***"),
        ("::add-mask::abc def%25\nabc def%", "::add-mask::***\n***"),
        ("::add-mask::one11111%0Atwo22222\ntwo22222!", "::add-mask::***\n***!"),
        ("a ::add-mask::abcdef123\nabcdef123", "a ::add-mask::abcdef123\nabcdef123"),
        ("::add-mask::abc\nabc", "::add-mask::***\nabc"),
        ("::add-mask::", "::add-mask::***"),
        ("::add-mask", "::add-mask"),
        ("before abcdef123\n::add-mask::abcdef123\n", "before abcdef123\n::add-mask::***\n"),
    ],
)
def test_a_line_names_a_secret(text: str, shown: str) -> None:
    """Only at the start of a line; its value counts from then on; whole or in single pieces."""
    assert through([text]) == shown
    assert through(list(text)) == shown


PIECES = st.lists(
    st.sampled_from([COMMAND, "abcdef123", "x1y2z3w4", "\n", " ", "::", "add-mask", "a", "end\n"]),
    max_size=20,
)


@given(PIECES, st.data())
def test_the_cuts_do_not_matter(words: list[str], data: st.DataObject) -> None:
    """However a text is cut, the same comes out."""
    text = "".join(words)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert through(pieces) == through([text])


def test_what_a_job_named_is_forgotten_with_it() -> None:
    """The next job may print it."""
    redactor = Redactor()
    scope = redactor.scope()
    assert through(["::add-mask::abcdef123\nabcdef123"], scope).endswith("***")
    assert redactor.mask("abcdef123") == "***"
    scope.close()
    assert redactor.mask("abcdef123") == "abcdef123"


def test_their_number_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program cannot make the agent slow with values of both streams; it is told so, once."""
    monkeypatch.setattr(masking, "MOST_VALUES", 2)
    job = Job()
    lines = [f"::add-mask::value-{number}\n" for number in (0, 0, 1, 2, 3)]
    assert job.shows(*lines).count("::add-mask::***") == 5
    assert job.shows("value-0 value-1 value-2") == "*** *** value-2"
    assert job.warnings == ["More than 2 values to mask: further ones are not masked."]


@pytest.mark.parametrize("cut", [1000, 7000, LONGEST_VALUE, 10**6])
def test_a_value_too_long_is_never_shown(cut: int) -> None:
    """However its line comes: nothing of it is held for long or shown; its beginning counts."""
    value = "".join(f"{number:07}-" for number in range(9000))
    text = f"{COMMAND}{value}\n{value[:LONGEST_VALUE]}\nend"
    job = Job()
    shown = job.shows(*(text[at : at + cut] for at in range(0, len(text), cut)))
    assert shown == f"{COMMAND}***\n***\nend"
    assert len(job.warnings) == 1


def test_a_long_indent_is_no_command() -> None:
    """Spaces are not held for ever."""
    spaces = " " * (2 * LONGEST_VALUE)
    assert through([spaces, f"{COMMAND}abcdef\n"]) == f"{spaces}{COMMAND}abcdef\n"


def test_a_value_counts_as_written_and_as_meant() -> None:
    """Its escapes are GitHub's; a program may print either."""
    assert through([f"{COMMAND}p/q%0Ar?st\np/q%0Ar?st p/q\nr?st"]) == f"{COMMAND}***\n*** ***"


def test_a_partial_line_is_not_torn_for_a_letter() -> None:
    """What may go on as a secret holds back the whole of a line that has not ended."""
    redactor = Redactor()
    redactor.add("secret-word")
    masked = MaskedText(Values(redactor, print))
    assert masked.partial("progress") == ""  # a secret begins with "s"
    assert masked.partial("") == ""
    assert masked.feed(" 50 %\n") == "progress 50 %\n"
    assert masked.partial("Password: ") == "Password: "
    assert masked.partial("tasks") == ""
    assert masked.flush() == "tasks"
