"""Tests of app.jobs.excerpt."""

from hypothesis import given, settings
from hypothesis import strategies as st

from app.jobs.excerpt import HEAD, OUTPUT_LIMIT, TAIL, Excerpt

PIECES = st.lists(
    st.tuples(st.sampled_from(["a", "é", "测\n", "😀"]), st.integers(0, 30_000)), max_size=8
)


def excerpt(texts: list[str]) -> str:
    """The excerpt of `texts`, added one after the other."""
    kept = Excerpt()
    for text in texts:
        kept.add(text)
    return kept.text()


@given(PIECES)
@settings(max_examples=60, deadline=None)
def test_short_is_whole_and_long_is_bounded(pieces: list[tuple[str, int]]) -> None:
    """What fits is kept whole; of anything else head and tail, cut at characters."""
    texts = [text * count for text, count in pieces]
    whole = "".join(texts)
    short = excerpt(texts)
    size = len(whole.encode())
    if size <= HEAD + TAIL:
        assert short == whole
    else:
        assert len(short.encode()) <= OUTPUT_LIMIT
        head, mark, tail = short.partition("\n… ")
        count, _, tail = tail.partition(" bytes left out …\n")
        assert mark
        assert whole.startswith(head)
        assert whole.endswith(tail)
        assert int(count) == size - len(head.encode()) - len(tail.encode())


def test_the_cuts_do_not_matter() -> None:
    """One large piece and many small ones give the same excerpt."""
    text = "".join(f"line {number}\n" for number in range(20_000))
    pieces = [text[at : at + 777] for at in range(0, len(text), 777)]
    assert excerpt([text]) == excerpt(pieces)
