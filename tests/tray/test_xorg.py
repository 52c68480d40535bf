"""pystray's X icon as we use it (app/tray/xorg.py), on a real display that may go away."""

import subprocess
import sys
import time

import pytest

from tests.fakes.screen import x_server
from tests.tray.test_icon import python

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="other system: an X server"),
]

ICON = """
import os, sys, threading, time
from app.tray.icon import NoTrayError, open_icon
from app.tray.picture import IconState, Picture
icon = open_icon(print)

def shown():
    icon.draw(Picture(IconState.ONLINE, "", "Online"))
    print("shown", flush=True)

def run():
    icon.run(shown)
    print("ended", threading.active_count())
"""
_NOT_OURS = "ignore::ResourceWarning"  # python-xlib forgets the socket of a failed attempt
NO_DISPLAY = """
import gc
try:
    open_icon(print)
except NoTrayError:
    print("none")
gc.collect()
"""


def test_all_of_x_is_one_threads() -> None:
    """Work from other threads is done by the loop itself, in order, however fast it comes."""
    work = """
done = []
def hops():
    for number in range(2000):
        icon.hop(lambda number=number: done.append((number, threading.current_thread())))
        if number % 100 == 0:
            icon.hop(shown_again)
    icon.hop(icon.stop)
def shown_again():
    icon.draw(Picture(IconState.PAUSED, "", "Paused"))
threading.Thread(target=hops).start()
icon.run(shown)
print(done == [(number, threading.main_thread()) for number in range(2000)])
"""
    with x_server("-noreset") as (display, _server):
        assert python(ICON + work, DISPLAY=display) == "shown\nTrue"


def test_the_end() -> None:
    """It comes at once, also before the icon stands."""
    orderly = "icon.hop(lambda: icon.hop(icon.stop))\nrun()"
    early = "icon.stop()\nicon.run(lambda: None)\nprint('ended')"
    with x_server("-noreset") as (display, _server):
        assert python(ICON + orderly, DISPLAY=display) == "shown\nended 1"
        assert python(ICON + early, DISPLAY=display) == "ended"


def test_a_display_that_goes_away_ends_it() -> None:
    """Nothing is printed of it, now or when it is tried again in vain."""
    program = ICON + "run()\n" + NO_DISPLAY
    with x_server("-noreset") as (display, server):
        with subprocess.Popen(
            [sys.executable, "-W", "error", "-W", _NOT_OURS, "-c", program],
            env={"DISPLAY": display, "XDG_RUNTIME_DIR": "/nowhere"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "shown\n"
            server.kill()
            began = time.monotonic()
            out, err = child.communicate(timeout=10)
        assert (out, err) == ("ended 1\nnone\n", "")
        assert time.monotonic() - began < 5
