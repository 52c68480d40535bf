"""Tests of app.host.process_tree, with real processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from app.host._proc import Proc
from app.host.process_tree import MAX_COMMAND, MAX_LINES, process_tree

TREE = """
import subprocess, sys, time
code = "import time; print(flush=True); time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", code, "a word"], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(60)
"""


@contextmanager
def running_tree() -> Iterator[tuple[int, int]]:
    """A process and its child."""
    argv = [sys.executable, "-c", TREE, "x" * 1000]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        try:
            yield parent.pid, child
        finally:
            parent.kill()
            os.kill(child, 9)


def test_children_stand_below_their_parents() -> None:
    """Each line has pid and command line, cut; what has ended is left out."""
    with running_tree() as (parent, child):
        gone = Proc(2**22 - 3, 0.0, "gone")
        lines = process_tree([Proc(child, 0.0, "c"), gone, Proc(parent, 0.0, "p")])
    assert len(lines) == 2
    assert lines[0].startswith(f"{parent} {sys.executable} -c ")
    assert len(lines[0]) <= MAX_COMMAND + 20
    assert lines[1].startswith(f"  {child} {sys.executable} -c import time")
    assert lines[1].endswith("a word")


def test_secrets_are_masked_before_a_line_is_cut() -> None:
    """A cut through a secret would leave a part that nobody finds any more."""
    with running_tree() as (parent, _child):
        whole = psutil.Process(parent).cmdline()
        at = len(" ".join(whole[:-1])) + 1  # where the many x begin
        secret = "x" * (MAX_COMMAND - at + 20)
        [line] = process_tree([Proc(parent, 0.0, "p")], lambda text: text.replace(secret, "***"))
    assert "***" in line
    assert "xxxx" not in line.partition("***")[0]


def test_a_forest_is_cut() -> None:
    """So many processes are shown, the rest is counted."""
    this = Proc(os.getpid(), 0.0, "python")
    assert len(process_tree([this] * 3)) == 1
    assert MAX_LINES == 50
