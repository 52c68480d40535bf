"""Tests of app.local.desk."""

from pathlib import Path

import pytest

from app.errors import FatalError
from app.host.containment import prepare_process
from app.jobs.deps import JobLimits
from app.jobs.results.items import Verdict
from app.local.desk import Desk, DeskParts
from app.local.paint import Paint
from app.local.stop import Stop
from app.local.suite_file import Case, SuiteFile
from app.redaction import Redactor
from app.state import JobState

pytestmark = pytest.mark.integration


def desk(folder: Path, scratch: Path) -> Desk:
    """A run of a command that leaves a file behind."""
    prepare_process()
    cases = (Case("b", "1"), Case("a", "2"))
    suite = SuiteFile(
        path=folder / "s.yml", folder=folder, command="echo ran > ran.txt", cases=cases
    )
    parts = DeskParts(
        scratch=scratch,
        limits=JobLimits(task_timeout=20.0, grace=0.3),
        patterns=(),
        screenshots=False,
        paint=Paint(),
        redactor=Redactor(),
        git_token="s3cret-token",
    )
    assert "s3cret" not in repr(parts)
    return Desk(suite, parts)


async def test_stopped_before_it_began(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl+C in the first moment: nothing runs, and the report says so."""
    stop = Stop()
    stop.ask()
    report = await desk(tmp_path, tmp_path / "scratch").run(stop)
    assert report.state is JobState.INTERRUPTED
    assert [(row.name, row.result) for row in report.rows] == [
        ("b", Verdict.ERROR),
        ("a", Verdict.ERROR),
    ]
    assert not (tmp_path / "ran.txt").exists()
    assert "cannot be shown" not in capsys.readouterr().err


async def test_no_room_for_the_journal(tmp_path: Path) -> None:
    """What keeps a run from beginning is the user's to solve: one sentence, no traceback."""
    (tmp_path / "scratch").write_text("in the way", encoding="utf-8")
    with pytest.raises(FatalError):
        await desk(tmp_path, tmp_path / "scratch").run(Stop())
