"""Tests of the rules in tests/conftest.py."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

SKIPPING = """
import pytest
def test_lazy(): pytest.skip("no git here")
@pytest.mark.skipif(True, reason="other system: Windows")
def test_elsewhere(): pass
@pytest.mark.xfail(reason="known", strict=True)
def test_known(): assert False
"""


@pytest.mark.slow
@pytest.mark.parametrize(("ci", "counted"), [("true", "1 failed, 1 skipped"), ("", "2 skipped")])
def test_ci_takes_a_skip_for_a_failure(tmp_path: Path, ci: str, counted: str) -> None:
    """In CI only tests of another system may be skipped; elsewhere any test may."""
    (tmp_path / "pytest.ini").write_text("[pytest]", encoding="utf-8")
    (tmp_path / "test_sample.py").write_text(SKIPPING, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", str(tmp_path)]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider"],
        env={"CI": ci, "PATH": ""},
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"{counted}, 1 xfailed" in done.stdout


def test_no_test_leaves_this_machine() -> None:
    """A connection to any address but loopback is refused before a packet is sent."""
    with socket.socket() as tcp, pytest.raises(AssertionError, match="leave this machine"):
        tcp.connect(("192.0.2.1", 9))
