"""The workflows of GitHub say the same commands as build.py; actionlint checks them over there."""

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

import build

FILES = sorted((build.ROOT / ".github" / "workflows").glob("*.yml"))
SYSTEMS = {"linux": "ubuntu", "windows": "windows", "macos": "macos"}


def jobs(file: Path) -> dict[str, Any]:
    """The jobs of a workflow by name."""
    found: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"]
    return found


def commands(job: dict[str, Any]) -> list[str]:
    """Every line that a job runs in a shell."""
    texts = (step.get("run", "") for step in job["steps"])
    return [line for text in texts for line in text.splitlines()]


def ours(job: dict[str, Any]) -> list[list[str]]:
    """What it runs of build.py, as arguments."""
    start = "python build.py "
    lines = [line for line in commands(job) if line.startswith(start)]
    return [shlex.split(line.removeprefix(start)) for line in lines]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_build_py_knows_its_commands(file: Path) -> None:
    """Each `python build.py …` is one that it takes."""
    found = [words for job in jobs(file).values() for words in ours(job)]
    assert found
    for words in found:
        build.parse(words)


@pytest.mark.parametrize(("name", "runner"), SYSTEMS.items())
def test_each_system_builds_and_packs(name: str, runner: str) -> None:
    """Tests, executables, packages, and the packages are kept."""
    job = jobs(build.ROOT / ".github" / "workflows" / "build.yml")[name]
    matrix = job.get("strategy", {}).get("matrix", {}).get("include", [])
    runners = [one["runner"] for one in matrix] or [job["runs-on"]]
    assert all(one.startswith(runner) for one in runners)
    called = [" ".join(words) for words in ours(job)]
    assert called[0].startswith("test")
    assert "package" in called
    assert any(one in ("binary", "test --frozen") for one in called)
    assert any(step.get("uses", "").startswith("actions/upload-artifact@") for step in job["steps"])


def test_secrets_are_optional() -> None:
    """A step that needs a secret runs only where it exists, and only for a release."""
    for job in jobs(build.ROOT / ".github" / "workflows" / "build.yml").values():
        for step in job["steps"]:
            if "secrets." in str(step.get("env", "")):
                assert "env.CAN_" in step["if"]
                assert "refs/tags/" in step["if"]


def test_both_processors_of_macos() -> None:
    """Apple's own and Intel's."""
    matrix = jobs(build.ROOT / ".github" / "workflows" / "build.yml")["macos"]["strategy"]["matrix"]
    assert {one["machine"] for one in matrix["include"]} == {"arm64", "x86_64"}
