"""Tests of app.jobs.masking."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.jobs import masking
from app.jobs.masking import COMMAND, MaskedText
from app.redaction import Redactor


def through(pieces: list[str], redactor: Redactor | None = None) -> str:
    """What comes out of a stream that gets these pieces."""
    masked = MaskedText(redactor or Redactor())
    return "".join(map(masked.feed, pieces)) + masked.flush()


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


def test_their_number_and_size_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program cannot make the agent slow with values, nor hold it up with a line."""
    monkeypatch.setattr(masking, "MOST_VALUES", 2)
    lines = [f"::add-mask::value-{number}\n" for number in range(4)]
    shown = through([*lines, "value-0 value-1 value-2"])
    assert shown.endswith("*** *** value-2")
    assert shown.count("::add-mask::***") == 4
    masked = MaskedText(Redactor())
    endless = COMMAND + "x" * masking.LONGEST_VALUE
    assert masked.feed(endless).startswith(COMMAND)
