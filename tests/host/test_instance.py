"""One agent per home."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.errors import AlreadyRunningError, ConfigError
from app.host.instance import InstanceLock

HOLDER = """
import sys, time
from pathlib import Path
from app.host.instance import InstanceLock
with InstanceLock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_second_agent_is_refused_with_the_first_ones_pid(tmp_path: Path) -> None:
    """The message says who and where; after the end the lock is free."""
    home = tmp_path / "home"
    with InstanceLock(home), pytest.raises(AlreadyRunningError) as caught, InstanceLock(home):
        pass
    assert str(os.getpid()) in str(caught.value)
    assert str(home) in str(caught.value)
    with InstanceLock(home):
        assert (home / "agent.lock").read_text(encoding="ascii") == f"{os.getpid()}\n"


def test_two_homes_are_two_agents(tmp_path: Path) -> None:
    """The lock belongs to the home folder."""
    with InstanceLock(tmp_path / "a"), InstanceLock(tmp_path / "b"):
        pass


@pytest.mark.slow
@pytest.mark.integration
def test_killed_agent_releases_the_lock(tmp_path: Path) -> None:
    """kill -9 leaves the file but not the lock."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(AlreadyRunningError, match=str(holder.pid)), InstanceLock(tmp_path):
            pass
        holder.kill()
        holder.wait(10)
    with InstanceLock(tmp_path):
        pass


def test_home_that_is_a_file(tmp_path: Path) -> None:
    """Not another agent, but a wrong home."""
    path = tmp_path / "file"
    path.write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(str(path))), InstanceLock(path):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="other system: mode bits")
def test_lock_file_is_private(tmp_path: Path) -> None:
    """Another user could hold a lock on a file that they may open."""
    with InstanceLock(tmp_path):
        assert (tmp_path / "agent.lock").stat().st_mode & 0o777 == 0o600


def test_garbage_in_the_lock_file(tmp_path: Path) -> None:
    """What an editor wrote there does not matter."""
    (tmp_path / "agent.lock").write_bytes(b"\xff garbage")
    with InstanceLock(tmp_path):
        (tmp_path / "agent.lock").write_bytes(b"\xff")
        with pytest.raises(AlreadyRunningError, match="unknown"), InstanceLock(tmp_path):
            pass
