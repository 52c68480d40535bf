"""Tests of app.secret_finder, against a search that tries every place."""

from hypothesis import given
from hypothesis import strategies as st

from app.secret_finder import Finder, Span, _is_form, united
from app.secret_forms import LEAD, LONGEST, Form, flat

LETTERS = st.sampled_from("ab?1Qé密")
FORMS = st.lists(
    st.builds(Form, st.text(LETTERS, min_size=6, max_size=12), st.booleans()),
    min_size=1,
    max_size=5,
)
PIECES = st.sampled_from(["a", "b", "?", "1", "é", "密", "\n", "\r\n", "\r", " "])


def places(text: str, forms: list[Form]) -> list[Span]:
    """All places of forms, found the slow way."""
    spans = [
        (start, end)
        for start in range(len(text))
        for end in range(start + 1, min(len(text), start + 2 * LONGEST) + 1)
        for form in forms
        if flat(text[start:end]) == form.flat and _is_form(text[start:end], form)
    ]
    return united(sorted(spans))


def broken(form: Form, at: int, end: str) -> str:
    """The form with a line end in it."""
    return form.text[:at] + end + form.text[at:]


@given(FORMS, st.lists(PIECES, max_size=12), st.data())
def test_all_places_are_found(forms: list[Form], noise: list[str], data: st.DataObject) -> None:
    """Whatever characters there are, in forms with line ends and without; and no others."""
    form = data.draw(st.sampled_from(forms))
    at, end = data.draw(st.integers(0, LEAD + 2)), data.draw(st.sampled_from(["", "\n", "\r\n"]))
    text = "".join([*noise, broken(form, at, end), *noise[::-1], form.text])
    assert Finder(forms).spans(text) == places(text, forms)


@given(FORMS, st.lists(PIECES, max_size=12), st.data())
def test_no_place_begins_in_what_is_decided(
    forms: list[Form], noise: list[str], data: st.DataObject
) -> None:
    """What may be the beginning of a form is undecided, wherever the text is cut."""
    form = data.draw(st.sampled_from(forms))
    text = "".join([*noise, broken(form, data.draw(st.integers(0, LEAD + 2)), "\r\n")])
    spans = [span for each in forms for span in places(text, [each])]
    for cut in range(len(text) + 1):
        decided = cut - Finder(forms).undecided(text[:cut])
        assert not any(start < decided and end > cut for start, end in spans)


def test_forms_learned_later_are_found() -> None:
    """Also when there were many already."""
    finder = Finder(Form(f"form-number-{number:04}") for number in range(100))
    finder.add([Form("another-form")])
    assert finder.spans("an another-form form-number-0007") == [(3, 15), (16, 32)]
