"""Tests of tests/wine/limits.txt."""

import ast
from pathlib import Path

from tests.wine.limits import WINE, limits

ROOT = Path(__file__).parents[2]
COUNTED = 43


def test_every_limit_names_a_test() -> None:
    """A renamed or removed test leaves no entry behind."""
    for entry, reason in limits().items():
        file, _, name = entry.partition("::")
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        names = {node.name for node in ast.walk(tree) if isinstance(node, functions)}
        assert not name or name.rpartition("::")[2].partition("[")[0] in names, entry
        assert reason


def test_limits_are_counted() -> None:
    """A new skip is noticed."""
    assert sum(reason.startswith(WINE) for reason in limits().values()) == COUNTED
