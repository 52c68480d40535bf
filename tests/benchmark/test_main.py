"""Tests of the benchmark's command line."""

import pytest

from tests.benchmark.__main__ import chosen, parse
from tests.benchmark.catalogue import CATALOGUE


def test_everything_unless_asked_otherwise() -> None:
    """Without flags all is measured, with --only what it names, in the table's order."""
    assert chosen(parse([])) == list(CATALOGUE)
    names = [each.name for each in chosen(parse(["--only", "idle", "--only", "start"]))]
    assert names == ["start", "idle"]


def test_quick_leaves_out_what_takes_long() -> None:
    """A quick run has no outages."""
    assert "reconnect" not in [each.name for each in chosen(parse(["--quick"]))]


@pytest.mark.parametrize("flags", [["--write", "--quick"], ["--write", "--only", "idle"]])
def test_only_a_full_run_is_written(flags: list[str]) -> None:
    """docs/performance.md never shows half a run."""
    with pytest.raises(SystemExit):
        parse(flags)
