"""What is in a folder (app/workspace/listing.py)."""

import os
from datetime import datetime
from pathlib import Path

import pytest

from app.protocol import codec
from app.protocol.messages import WorkspaceRequest
from app.workspace import listing
from tests.workspace.conftest import DELETE, LIST, READ, Yard

FRAME = 16 * 2**20  # bytes that the platform takes


def names(yard: Yard, path: str = "") -> list[str]:
    answer = yard.ask(LIST, path)
    assert answer.success, answer.error
    return [entry["name"] for entry in answer.data]


def test_folders_first_then_by_lower_cased_name(yard: Yard) -> None:
    """The stock agent's order (docs/protocol.md 4.5)."""
    for name in ("b.txt", "A.txt", "c.txt", "Ä"):
        (yard.root / name).write_text("x", encoding="utf-8")
    for name in ("z", "Y"):
        (yard.root / name).mkdir()
    assert names(yard) == ["Y", "z", "A.txt", "b.txt", "c.txt", "Ä"]


def test_an_entry(yard: Yard) -> None:
    """Size in bytes, local time without a zone, the path from the work dir with slashes."""
    folder = yard.root / "测试 结果"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"12345")
    os.utime(folder / "a.txt", (1_700_000_000, 1_700_000_000))
    moment = datetime.fromtimestamp(1_700_000_000)  # noqa: DTZ006 (local, as the platform wants)
    assert yard.ask(LIST, "/测试 结果/").data == [
        {
            "name": "a.txt",
            "type": "file",
            "size": 5,
            "modified": moment.isoformat(),
            "path": "测试 结果/a.txt",
        }
    ]
    assert yard.ask(LIST, "").data[0]["type"] == "directory"
    assert yard.ask(LIST, "").data[0]["size"] == 0


def test_links_are_shown_as_what_they_lead_to_inside(yard: Yard) -> None:
    """One that leads out is shown as itself, and nothing behind it is told."""
    (yard.root / "folder").mkdir()
    (yard.root / "to-folder").symlink_to("folder")
    (yard.root / "to-outside").symlink_to(yard.outside)
    (yard.root / "to-nothing").symlink_to("nothing")
    types = {entry["name"]: entry["type"] for entry in yard.ask(LIST, "").data}
    assert types == {
        "folder": "directory",
        "to-folder": "directory",
        "to-outside": "file",
        "to-nothing": "file",
    }


@pytest.mark.parametrize("path", ["missing", "a.txt", "to-outside"])
def test_what_cannot_be_listed(yard: Yard, path: str) -> None:
    """The error names path and cause."""
    (yard.root / "a.txt").write_text("x", encoding="utf-8")
    (yard.root / "to-outside").symlink_to(yard.outside)
    answer = yard.ask(LIST, path)
    assert not answer.success
    assert path in answer.error


def test_a_name_that_is_no_text(yard: Yard) -> None:
    """Bytes that are no UTF-8 (POSIX) are shown as U+FFFD."""
    try:
        (yard.root / os.fsdecode(b"gbk-\xba\xba")).write_text("x", encoding="utf-8")
    except (OSError, ValueError):
        pytest.skip("other system: every name is text here")
    assert names(yard) == ["gbk-\ufffd\ufffd"]


def test_an_impossible_time(yard: Yard) -> None:
    """A damaged disk's time does not cost the listing."""
    assert listing._local(1e30) == "1970-01-01T00:00:00"


def test_too_many_entries(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first ones in order, then one that says how many more; no request can mean it."""
    monkeypatch.setattr(listing, "MAX_ENTRIES", 3)
    for number in range(8):
        (yard.root / f"f{number}").write_text("x", encoding="utf-8")
    (yard.root / "z").mkdir()
    shown = names(yard)
    assert shown[:3] == ["z", "f0", "f1"]
    assert shown[3:] == ["…: 6 more entries are not shown"]
    for verb in (READ, DELETE):
        assert "refused" in yard.ask(verb, shown[3]).error


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_the_largest_list_fits_into_a_frame(tmp_path: Path) -> None:
    """20,000 entries with long names under a long path end before the frame is full."""
    yard = Yard(tmp_path)
    folder = yard.root.joinpath(*["汉" * 80] * 4)
    folder.mkdir(parents=True)
    for number in range(listing.MAX_ENTRIES + 1):
        (folder / f"{'字' * 70}-{number}").touch()
    answer = yard.ask(LIST, folder.relative_to(yard.root).as_posix())
    assert answer.success
    frame = codec.encode(answer).encode()
    assert listing.MAX_BYTES * 0.9 < len(frame) < FRAME
    assert "more entries" in answer.data[-1]["name"]


def test_a_listing_that_nobody_waits_for_ends(yard: Yard) -> None:
    """It is asked at every entry."""
    for number in range(10):
        (yard.root / f"f{number}").touch()
    asked = []

    def given_up() -> bool:
        asked.append(1)
        return len(asked) > 3

    answer = yard.workspace.answer(WorkspaceRequest(LIST, "r"), given_up)
    assert not answer.success
    assert len(asked) == 4
