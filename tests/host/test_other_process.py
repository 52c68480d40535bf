"""Whether another process has ended (app/host/other_process.py)."""

import os
import subprocess
import sys
import time

import pytest

from app.host.other_process import ended

pytestmark = pytest.mark.integration


def test_a_process_that_ends() -> None:
    """It is over as soon as it is a zombie: its parent may never look."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        look = ended(child.pid)
        assert not look()
        child.kill()
        while not look():
            time.sleep(0.01)
    assert look()
    assert ended(child.pid)()


def test_what_was_never_there() -> None:
    """No id, or one's own, is nothing to wait for."""
    assert ended(0)()
    assert ended(os.getpid())()
