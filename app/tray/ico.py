"""Picks a picture out of an .ico file that is in memory: Windows' own loader wants a file."""

import struct

_HEADER = struct.Struct("<HHH")  # reserved, kind, number of pictures
_ENTRY = struct.Struct("<BBBBHHII")  # width (0: 256), height, …, length, offset
_ICON = 1


def best(data: bytes, size: int) -> bytes:
    """Return the smallest picture of at least `size` pixels, else the largest one.

    Raises ValueError when `data` is no icon. Source: "Icons", Microsoft's Win32 documentation.
    """
    try:
        reserved, kind, number = _HEADER.unpack_from(data)
        if (reserved, kind) != (0, _ICON) or number == 0:
            raise ValueError("no .ico file")
        places = range(_HEADER.size, _HEADER.size + number * _ENTRY.size, _ENTRY.size)
        entries = [_ENTRY.unpack_from(data, place) for place in places]
    except struct.error as cause:
        raise ValueError("an .ico file that ends too early") from cause
    by_width = sorted((entry[0] or 256, *entry[-2:]) for entry in entries)
    _width, length, offset = next((one for one in by_width if one[0] >= size), by_width[-1])
    return data[offset : offset + length]
