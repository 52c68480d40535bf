"""Small files that users write (app/small_file.py); what they say: test_config_file.py."""

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from app import small_file
from app.errors import ConfigError
from app.small_file import read_bounded

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="other system: pipes with names")


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A pipe where a file is expected."""
    path = tmp_path / "pipe"
    if sys.platform != "win32":
        os.mkfifo(path)
    return path


def test_a_pipe_without_a_writer_holds_nobody_up(
    pipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agent reads its files while it runs: a thread that waited for ever would hold its end."""
    monkeypatch.setattr(small_file, "PATIENCE", 0.05)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_bounded(pipe)


def test_a_pipe_is_read_to_its_end(pipe: Path) -> None:
    """A token may come from another program, in pieces: `--token-file <(pass show ats)`."""

    def write() -> None:
        with pipe.open("wb", buffering=0) as file:
            file.write(b"to")
            time.sleep(0.05)
            file.write(b"ken")

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    assert read_bounded(pipe) == b"token"
    writer.join()


def test_a_pipe_without_end_is_another_kind_of_file() -> None:
    """Nothing of ours is that large."""
    with pytest.raises(ConfigError, match="another kind"):
        read_bounded(Path("/dev/zero"))
