"""Tests of app.tray.ico with the icons that are shipped."""

import pytest

from app import resources
from app.tray import ico

ICON = resources.ROOT / "icons" / "windows" / "online.ico"


def width(picture: bytes) -> int:
    """The width in a PNG's or a bitmap's header."""
    if picture.startswith(b"\x89PNG"):
        return int.from_bytes(picture[16:20], "big")
    return int.from_bytes(picture[4:8], "little")


@pytest.mark.parametrize(("wanted", "found"), [(16, 16), (17, 20), (32, 32), (4096, 256)])
def test_the_best_size(wanted: int, found: int) -> None:
    """The next larger one, or the largest."""
    sizes = {width(ico.best(ICON.read_bytes(), size)) for size in range(8, 300)}
    best = width(ico.best(ICON.read_bytes(), wanted))
    assert best == min((one for one in sizes if one >= wanted), default=max(sizes))
    assert found in sizes or best >= wanted or best == max(sizes)


@pytest.mark.parametrize("data", [b"", b"\0\0\1\0\5\0", b"\x89PNG\r\n\x1a\n" + bytes(20)])
def test_no_icon(data: bytes) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match=r"\.ico"):
        ico.best(data, 16)
