"""The small PNG reader (app/tray/png.py) against Pillow."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.tray import images
from app.tray.png import read

ICONS = sorted((images.folder() / "tray").rglob("*.png"))


def test_every_icon_is_read_as_pillow_reads_it() -> None:
    """All files that the tray of Linux shows, in both orders of bytes."""
    for path in ICONS:
        ours = read(path)
        with Image.open(path) as image:
            red, green, blue, alpha = image.convert("RGBA").split()
            assert (ours.width, ours.height) == image.size
            assert ours.rgba == image.convert("RGBA").tobytes(), path
        assert ours.argb == Image.merge("RGBA", (alpha, red, green, blue)).tobytes(), path


@given(st.integers(1, 9), st.integers(1, 9), st.binary(min_size=324, max_size=324))
def test_any_pixels_come_back(
    tmp_path_factory: pytest.TempPathFactory, width: int, height: int, data: bytes
) -> None:
    """Whatever filter Pillow chose for each row."""
    image = Image.frombytes("RGBA", (width, height), data[: width * height * 4])
    path = tmp_path_factory.getbasetemp() / "any.png"
    image.save(path, optimize=True)
    assert read(path).rgba == image.tobytes()


@pytest.mark.parametrize("mode", ["RGB", "P", "L"])
def test_another_kind_of_file_is_named(tmp_path: Path, mode: str) -> None:
    """A designer who saves another kind learns which file, and what is wanted."""
    path = tmp_path / "icon.png"
    Image.new(mode, (4, 4)).save(path)
    with pytest.raises(ValueError, match=r"icon\.png is not RGBA with 8 bits"):
        read(path)


def test_no_png_at_all(tmp_path: Path) -> None:
    """Another format under this name is refused."""
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, "GIF")
    path = tmp_path / "icon.png"
    path.write_bytes(buffer.getvalue())
    with pytest.raises(ValueError, match="is no PNG file"):
        read(path)
