"""Opening something for the user (app/host/opening.py)."""

import logging
import sys
from importlib import import_module
from pathlib import Path

import pytest

from app.host import opening
from tests.fakes.panel import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other system: no xdg-open")


@pytest.fixture
def opener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An xdg-open that notes what it is given; it fails for a file named `bad`."""
    script = tmp_path / "bin" / "xdg-open"
    script.parent.mkdir()
    notes = tmp_path / "notes"
    script.write_text(
        f'#!/bin/sh\n{{ echo "$#:$1"; env; }} >"{notes}.new"\nmv "{notes}.new" "{notes}"\n'
        'case "$1" in *bad) exit 3;; esac\n',
        encoding="utf-8",
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:/usr/bin:/bin")
    monkeypatch.setattr("app.host._subreaper.AGENT.opened", False)
    return notes


def test_a_path_is_one_argument_and_our_secrets_stay_here(
    opener: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No shell looks at it; neither the token nor a job's mark is in the environment."""
    monkeypatch.setenv("ATS_AGENT_TOKEN", "top-secret-token")
    path = tmp_path / "日志 $(touch x); a.log"
    path.touch()
    opening.open_for_user(path)
    until(opener.exists, "it was opened")
    said = opener.read_text(encoding="utf-8")
    assert said.startswith(f"1:{path}\n")
    assert "ATS_" not in said


def test_a_page_is_opened_and_not_named(opener: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Its address holds a secret: the browser gets it, the log does not."""
    with caplog.at_level(logging.DEBUG):
        opening.open_url("http://127.0.0.1:1/secret/bad")
        until(lambda: "exit code 3" in caplog.text, "the failure is told")
    assert opener.read_text(encoding="utf-8").startswith("1:http://127.0.0.1:1/secret/bad\n")
    assert "secret" not in caplog.text


def test_the_containment_is_told_before(opener: Path, tmp_path: Path) -> None:
    """An orphan may be the user's from now on."""
    opening.open_for_user(tmp_path)
    assert import_module("app.host._subreaper").AGENT.opened
    until(opener.exists, "it was opened")


def test_what_is_not_there_cannot_be_opened(tmp_path: Path) -> None:
    """The user is told, not the opener."""
    with pytest.raises(opening.CannotOpenError, match="does not exist"):
        opening.open_for_user(tmp_path / "gone")


def test_no_opener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A desktop without xdg-open: a sentence instead of a traceback."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("app.host._subreaper.AGENT.opened", False)
    with pytest.raises(opening.CannotOpenError, match="cannot be opened"):
        opening.open_for_user(tmp_path)


def test_an_opener_that_fails_is_a_line_in_the_log(
    opener: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """By then nobody waits for it any more."""
    (tmp_path / "bad").touch()
    with caplog.at_level(logging.WARNING):
        opening.open_for_user(tmp_path / "bad")
        until(lambda: "exit code 3" in caplog.text, "the failure is told")
    assert opener.exists()
