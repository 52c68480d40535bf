"""Tests of app.host.desktop, on a real X screen."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.host.desktop import NoDesktopError, screenshot
from tests.fakes.screen import x_screen

linux = pytest.mark.skipif(sys.platform != "linux", reason="other system: X screens are Linux's")


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An X screen of 320 x 200, all black."""
    with x_screen() as display:
        monkeypatch.setenv("DISPLAY", display)
        yield


@linux
@pytest.mark.usefixtures("screen")
def test_a_screenshot_is_a_png_of_the_screen(tmp_path: Path) -> None:
    """It has the screen's size; its folder is made."""
    from PIL import Image  # noqa: PLC0415 (only here)

    path = tmp_path / "证据" / "case 1.png"
    screenshot(path)
    with Image.open(path) as image:
        assert (image.format, image.size) == ("PNG", (320, 200))


@linux
def test_without_a_display_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No other program is started to help out."""
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(NoDesktopError, match="without a display"):
        screenshot(tmp_path / "shot.png")


@linux
def test_a_display_that_is_gone_is_no_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cause is named."""
    monkeypatch.setenv("DISPLAY", ":4711")
    with pytest.raises(NoDesktopError, match="No screenshot"):
        screenshot(tmp_path / "shot.png")
