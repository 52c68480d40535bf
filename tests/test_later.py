"""Modules that wait until they are used (app/later.py)."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from app.later import later
later("importlib.metadata", "urllib.request")
import importlib.metadata, urllib.request
waiting = "email" in sys.modules
{use}
later("urllib.request")
print(waiting, "email" in sys.modules, sys.modules["urllib.request"].__file__ is not None)
"""
USES = [
    "urllib.request.getproxies()",
    "from urllib.request import Request",
    "import urllib.request as request; request.Request('http://x')",
    "from importlib import metadata; metadata.version; urllib.request.Request",
]


@pytest.mark.parametrize("use", USES)
def test_it_is_loaded_when_it_is_used(use: str) -> None:
    """In every way of importing it; a module that is there is left as it is."""
    said = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM.format(use=use)],
        capture_output=True,
        text=True,
        check=True,
        timeout=15,
    )
    assert said.stdout.strip() == "False True True"


def test_the_link_does_without_what_websockets_imports() -> None:
    """2 MiB that no connection needs: the mail and HTTP modules, archives, tables."""
    names = {"email", "http.client", "zipfile", "csv"}
    program = f"import app.link.transport, sys; print({names} & set(sys.modules))"
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=15
    )
    assert said.stdout.strip() == "set()"
