"""What all tests share: no silent skips in CI, no network but this machine's own."""

import ipaddress
import os
import socket
import sys
from collections.abc import Generator
from typing import Any

import pytest

from tests.wine.limits import UNDER_WINE, WINE, limit_of, open_desktop

# Tests read English words, their own and those of programs they start, on any system.
os.environ["ATS_AGENT_LANGUAGE"] = os.environ["LANGUAGE"] = "en"

OTHER_SYSTEM = "other system:"  # begins the reason of a skip that no Linux CI can undo
ALLOWED = (OTHER_SYSTEM, WINE) if UNDER_WINE else (OTHER_SYSTEM,)


def pytest_sessionstart() -> None:
    """Under Wine: see open_desktop."""
    open_desktop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what Windows or Wine cannot run (tests/wine/limits.txt)."""
    for item in items if sys.platform == "win32" else ():
        if reason := limit_of(item.nodeid):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    forbid_skip(report)
    return report


def forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Under CI=true a skipped test failed, unless it is made for another system."""
    if os.environ.get("CI") != "true" or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not reason.removeprefix("Skipped: ").startswith(ALLOWED):
        report.outcome = "failed"
        report.longrepr = f"CI skips nothing but {OTHER_SYSTEM!r}; this test said: {reason}"


def _only_loopback(event: str, details: tuple[Any, ...]) -> None:
    """Refuse to leave this machine; a UDP connect sends nothing and may name any address."""
    if event != "socket.connect" or details[0].type & socket.SOCK_DGRAM == socket.SOCK_DGRAM:
        return
    if details[0].family in (socket.AF_INET, socket.AF_INET6):
        host = str(details[1][0])
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise AssertionError(f"a test wanted to leave this machine: {details[1]}")


sys.addaudithook(_only_loopback)
