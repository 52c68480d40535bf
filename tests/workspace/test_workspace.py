"""Whole requests against hostile users and races (app/workspace/workspace.py)."""

import json
import shutil
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.protocol import codec
from app.protocol.messages import WorkspaceRequest, WorkspaceVerb
from app.workspace.workspace import Workspace
from tests.workspace.conftest import DELETE, LIST, MKDIR, READ, SECRET, WRITE, Yard

PIECES = (
    *("..", ".", "", "a", "b", "out", "up", "in", "loop", "secret.txt", "deep", "work", "con"),
    *("C:", "outside", "work-beside", "%2e%2e", "x:y", "汉", " ", "\0", "~", "a" * 300),
)
SWAPS = 1500
PATHS = st.one_of(
    st.builds(
        lambda head, pieces, glue: head + glue.join(pieces),
        st.sampled_from(["", "/", "\\", "//", "\\\\?\\", "./"]),
        st.lists(st.sampled_from(PIECES), max_size=6),
        st.sampled_from(["/", "\\", "//", "/./"]),
    ),
    st.text(max_size=30),
)


def with_links(base: Path) -> Yard:
    yard = Yard(base)
    (yard.root / "a" / "b").mkdir(parents=True)
    (yard.root / "a" / "secret.txt").write_text("inside", encoding="utf-8")
    links: dict[str, str | Path] = {
        "out": yard.outside,
        "up": "..",
        "in": "a",
        "a/out": "../../outside",
        "loop": "loop",
        "b": yard.base / "work-beside",
        "a/up": "..",
        "file": yard.outside / "secret.txt",
    }
    for name, target in links.items():
        (yard.root / name).symlink_to(target)
    return yard


@pytest.mark.slow
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(requests=st.lists(st.tuples(st.sampled_from(list(WorkspaceVerb)), PATHS), max_size=8))
def test_nothing_outside_is_ever_touched(
    any_system: str, requests: list[tuple[WorkspaceVerb, str]]
) -> None:
    """Whatever is asked in whatever order: no secret comes in, nothing around changes."""
    base = Path(tempfile.mkdtemp())
    try:
        yard = with_links(base)
        before = yard.around()
        for verb, path in [*requests, (LIST, ""), (READ, "file")]:
            answer = yard.ask(verb, path, "content")
            json.loads(codec.encode(answer))
            assert SECRET not in str(answer), any_system
            assert answer.success is (answer.error == "")
        assert yard.around() == before
    finally:
        shutil.rmtree(base)


class Swapper:
    """Swaps a folder of the work dir for a link to the outside and back, all the time."""

    def __init__(self, yard: Yard) -> None:
        self._yard = yard
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.swaps = 0

    def __enter__(self) -> "Swapper":
        self._thread.start()
        return self

    def __exit__(self, *_details: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        place, aside = self._yard.root / "place", self._yard.root / "aside"
        while not self._stop.is_set():
            with suppress(OSError):
                place.rename(aside)
                place.symlink_to(self._yard.outside)
                self.swaps += 1
            if place.is_symlink():
                place.unlink()
            elif aside.exists():  # a request has made the folder anew
                shutil.rmtree(place, ignore_errors=True)
            if aside.exists():
                with suppress(OSError):
                    aside.rename(place)


@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.parametrize("any_system", ["this system's"], indirect=True)
@pytest.mark.parametrize("verb", [READ, LIST, WRITE, DELETE, MKDIR])
def test_a_folder_swapped_for_a_link_in_a_race(yard: Yard, verb: WorkspaceVerb) -> None:
    """Neither the content nor the names of the outside come in, and nothing goes out."""
    (yard.root / "place").mkdir()
    (yard.root / "place" / "secret.txt").write_text("inside", encoding="utf-8")
    path = {LIST: "place", WRITE: "place/new", MKDIR: "place/made/x"}.get(verb, "place/secret.txt")
    good = 0
    with Swapper(yard) as swapper:
        while swapper.swaps < SWAPS:
            answer = yard.ask(verb, path, "content")
            assert SECRET not in str(answer.data)
            if answer.success:
                good += 1
                assert "deep" not in str(answer.data)
    assert good > 0
    # the fixture proves that nothing outside has changed


def test_a_missing_work_dir(tmp_path: Path) -> None:
    """Every operation says so; none makes it."""
    workspace = Workspace(tmp_path / "gone")
    for verb in WorkspaceVerb:
        answer = workspace.answer(WorkspaceRequest(verb, "r", "a"))
        assert not answer.success
        assert "does not exist" in answer.error
    assert list(tmp_path.iterdir()) == []


def test_a_work_dir_that_is_a_link(yard: Yard) -> None:
    """The administrator's own link to the work dir is no way out."""
    link = yard.base / "link-to-work"
    link.symlink_to(yard.root)
    (yard.root / "a").write_text("x", encoding="utf-8")
    answer = Workspace(link).answer(WorkspaceRequest(READ, "r", "a"))
    link.unlink()
    assert answer.data["content"] == "x"


def test_an_answer_echoes_the_request(yard: Yard) -> None:
    """The platform matches by request_id."""
    answer = yard.ask(LIST, "")
    assert (answer.verb, answer.request_id, answer.success, answer.error) == (LIST, "r1", True, "")
