"""Tests of app.resources: what was kept needs no file."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from app import i18n, resources
from app.webpage.site import Site


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    yield
    resources.forget()


def test_what_is_kept_outlives_its_folder(tmp_path: Path) -> None:
    """Contents and lists of files come from memory; what was not kept is missed."""
    kept, other = tmp_path / "web", tmp_path / "other"
    for folder in (kept, other):
        folder.mkdir()
        (folder / "a.js").write_bytes(b"1")
    resources.keep([kept])
    shutil.rmtree(kept)
    (other / "a.js").unlink()
    assert resources.files(kept) == [kept / "a.js"]
    assert resources.read(kept / "a.js") == b"1"
    with pytest.raises(FileNotFoundError):
        resources.read(other / "a.js")


def test_all_that_the_agent_needs_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """With every file kept neither the page nor a language touches the disk."""
    resources.keep()

    def gone(path: Path) -> NoReturn:
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, "read_bytes", gone)
    monkeypatch.setattr(Path, "iterdir", gone)
    Site(resources.ROOT / "app" / "dashboard" / "web")
    try:
        i18n.install("zh_CN")
        assert i18n.page_texts()
        assert i18n._("Quit") != "Quit"
    finally:
        i18n.install()
