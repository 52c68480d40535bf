"""A program of a job that crashes on Windows ends, with its code and without a window."""

import subprocess
import sys

import pytest

from app.host import containment
from app.host.containment import Containment, clean_environment, new_marker

pytestmark = pytest.mark.skipif(sys.platform != "win32", reason="other system: no crash dialogs")

ACCESS_VIOLATION = 0xC0000005
LIMIT = 15  # seconds; a dialog would wait for ever
# ctypes would turn it into an exception of Python; faulthandler's own test function does not.
CRASH = "import faulthandler; faulthandler._read_null()"
CHILD = f"import subprocess, sys; print(subprocess.call([sys.executable, '-c', {CRASH!r}]))"
MODE = "import ctypes; print(ctypes.windll.kernel32.GetErrorMode())"
WINE = "import ctypes; print(hasattr(ctypes.windll.ntdll, 'wine_get_version'))"  # as its FAQ says


def ran(code: str) -> tuple[int, str]:
    """Run Python code as a job does; return its exit code and what it printed."""
    containment.prepare_process()
    job = Containment(new_marker())
    try:
        with job.spawning():
            process = subprocess.Popen(
                [sys.executable, "-c", code],
                env=clean_environment({}, job.marker),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                **job.popen_options(),
            )
            job.adopt(process.pid)
        said, _nothing = process.communicate(timeout=LIMIT)
        return process.returncode, said
    finally:
        job.close()


def test_a_crash_ends_with_its_code() -> None:
    """The job's own program: nobody has to close anything."""
    assert ran(CRASH)[0] == ACCESS_VIOLATION


def test_a_crash_further_down() -> None:
    """What the job's program starts, the same."""
    assert int(ran(CHILD)[1].split()[-1]) == ACCESS_VIOLATION  # before it: Wine's debugger


def test_the_error_mode_of_a_job() -> None:
    """Neither a missing disk, nor a crash, nor a missing file opens a window."""
    if ran(WINE)[1].strip() == "True":
        pytest.skip("other system: Wine 8 hands no error mode down")
    assert int(ran(MODE)[1]) & 0x8003 == 0x8003
