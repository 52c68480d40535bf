"""Tests of app.build_info: what a build has noted, and what sources know of themselves."""

import json
import subprocess
from pathlib import Path

import pytest

import app
from app import resources
from app.build_info import build_info


def test_a_build_has_noted_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The note goes before; of what else is in it nothing is told."""
    note = {"version": "9.8.7", "commit": "c0ffee", "built": "2026-01-02T03:04:05Z", "modules": []}
    (tmp_path / "build.json").write_text(json.dumps(note), encoding="utf-8")
    monkeypatch.setattr(resources, "BUILD", tmp_path / "build.json")
    told = build_info()
    assert (told["version"], told["commit"]) == ("9.8.7", "c0ffee")
    assert set(told) == {"version", "commit", "built", "os", "machine", "python"}


def test_sources_ask_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commit of the clone; without a clone it is not known."""
    monkeypatch.setattr(resources, "ROOT", tmp_path)
    assert build_info()["commit"] == ""
    words = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
    for command in (["init", "-q"], [*words, "commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)  # noqa: S607 (the user's)
    told = build_info()
    assert len(told["commit"]) == 40
    assert (told["version"], told["built"]) == (app.__version__, "")
