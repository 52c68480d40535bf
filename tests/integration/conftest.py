"""Which of these tests are about another system than Windows; all others run there too."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# A file, or one of its tests: what it is about.
OTHERS = {
    "test_run_modes.py": "nohup, tmux, screen and SIGINT",
    "test_tray_agent.py": "icons by D-Bus",
    "test_tray_duties.py": "icons by D-Bus",
    "test_tray_screen.py": "icons on an X screen",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what no Windows can run."""
    for item in items if sys.platform == "win32" else ():
        about = OTHERS.get(item.path.name) if item.path.parent == HERE else None
        if about:
            item.add_marker(pytest.mark.skip(reason=f"other system: {about}"))
