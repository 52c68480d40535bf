"""Result files as the tools really write them (tests/data/results)."""

from pathlib import Path

from app.jobs.results.items import Reading, TestItem, Verdict
from app.jobs.results.readers import read_results

FOLDER = Path(__file__).parents[2] / "data" / "results"
NAMES = sorted(path.name for path in FOLDER.iterdir())


def sample(name: str) -> bytes:
    """The bytes of one sample."""
    return (FOLDER / name).read_bytes()


def reading_of(data: bytes) -> Reading:
    """What the readers make of `data`, which has to be of a known format."""
    reading = read_results(data)
    assert reading is not None
    return reading


def items_of(name: str) -> dict[str, TestItem]:
    """The tests of one sample by the last word of their names."""
    return {
        item.name.replace("::", ".").split(".")[-1]: item for item in reading_of(sample(name)).items
    }


def verdicts_of(name: str) -> dict[str, Verdict]:
    """Their verdicts."""
    return {test: item.result for test, item in items_of(name).items()}
