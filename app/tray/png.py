"""Reads the PNG files in icons/ without Pillow, which takes 3 MiB for it."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app import resources

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_EIGHT_BITS_RGBA = (8, 6, 0, 0, 0)  # depth, colour type, compression, filters, not interlaced
_BYTES = 4  # of a pixel


@dataclass(frozen=True, slots=True)
class Pixels:
    """A picture: `rgba` holds its rows from the top, four bytes for each pixel."""

    width: int
    height: int
    rgba: bytes

    @property
    def argb(self) -> bytes:
        """The same as ARGB32 in network byte order."""
        result = bytearray(len(self.rgba))
        for to, channel in enumerate((3, 0, 1, 2)):
            result[to::_BYTES] = self.rgba[channel::_BYTES]
        return bytes(result)


def read(path: Path) -> Pixels:
    """Return the picture in a file; OSError without it, ValueError when it is of another kind.

    Source: the PNG specification (W3C), sections 5, 9 and 11.2.
    """
    data = resources.read(path)
    if not data.startswith(_SIGNATURE):
        raise ValueError(f"{path} is no PNG file")
    header, packed = b"", b""
    for name, content in _chunks(data):
        if name == b"IHDR":
            header = content
        elif name == b"IDAT":
            packed += content
    width, height, *kind = struct.unpack(">IIBBBBB", header)
    if tuple(kind) != _EIGHT_BITS_RGBA:
        raise ValueError(f"{path} is not RGBA with 8 bits, not interlaced")
    return Pixels(width, height, b"".join(_rows(zlib.decompress(packed), width * _BYTES)))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at < len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        yield name, data[at + 8 : at + 8 + length]
        at += length + 12  # with its name, length and checksum


def _rows(data: bytes, length: int) -> Iterator[bytes]:
    above = bytes(length)
    for at in range(0, len(data), length + 1):
        above = _unfiltered(data[at], data[at + 1 : at + 1 + length], above)
        yield above


def _unfiltered(kind: int, row: bytes, above: bytes) -> bytes:
    """Undo the filter of a row, byte by byte: each was predicted by its neighbours."""
    result = bytearray(_BYTES) + row  # with a pixel of nothing before the first one
    above = bytes(_BYTES) + above
    for at in range(_BYTES, len(result)):
        left, up, corner = result[at - _BYTES], above[at], above[at - _BYTES]
        result[at] = (result[at] + _predicted(kind, left, up, corner)) & 0xFF
    return bytes(result[_BYTES:])


def _predicted(kind: int, left: int, up: int, corner: int) -> int:
    match kind:
        case 0:
            return 0
        case 1:
            return left
        case 2:
            return up
        case 3:
            return (left + up) // 2
        case _:
            guess = left + up - corner
            return min((left, up, corner), key=lambda near: abs(guess - near))
