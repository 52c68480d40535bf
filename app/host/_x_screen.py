"""The X screen: size and DPI, over one connection that stays open.

A connection for each look would reset a server whose only client it was, and so end
whoever connects at that moment.
"""

import re
import struct
from collections.abc import Iterator

from app.host._x_wire import XWire

_GET_GEOMETRY, _GET_PROPERTY, _QUERY_EXTENSION = 14, 20, 98  # opcodes of X
_QUERY_VERSION, _GET_MONITORS = 0, 42  # of RANDR 1.5
_STRING, _RESOURCE_MANAGER = 31, 23  # atoms that never change
_RESOURCES = 2**14  # units of 4 bytes of RESOURCE_MANAGER that are read
_DPI = re.compile(rb"(?m)^Xft\.dpi:\s*(\d+)")
_INCH = 25.4  # millimetres


class XScreen:
    """One display; any call raises OSError or ValueError once the server is gone."""

    def __init__(self, name: str) -> None:
        """Connect to the display of this name."""
        self._wire = XWire(name)
        try:
            self._randr = self._opcode_of_monitors()
        except BaseException:
            self.close()
            raise

    def size(self) -> tuple[int, int]:
        """Return the pixels of the primary monitor; of the whole screen where X knows none."""
        for _primary, width, height in sorted(self._monitors(), key=lambda one: not one[0]):
            return width, height
        window = struct.pack("=I", self._wire.root.window)
        width, height = struct.unpack_from("=HH", self._wire.ask(_GET_GEOMETRY, 0, window), 16)
        return width, height

    def dpi(self) -> int | None:
        """Return what toolkits use (Xft.dpi), else what `xdpyinfo` said at the connect."""
        found = _DPI.search(self._resources())
        if found is not None:
            return int(found[1])
        root = self._wire.root
        return round(root.width * _INCH / root.width_mm) if root.width_mm else None

    def close(self) -> None:
        """Let go of the server."""
        self._wire.close()

    def _resources(self) -> bytes:
        window = self._wire.root.window
        wanted = struct.pack("=IIIII", window, _RESOURCE_MANAGER, _STRING, 0, _RESOURCES)
        answer = self._wire.ask(_GET_PROPERTY, 0, wanted)
        size = int(struct.unpack_from("=I", answer, 16)[0]) * (answer[1] // 8)
        return answer[32 : 32 + size]

    def _opcode_of_monitors(self) -> int | None:
        """Return the opcode of RANDR if it knows monitors (1.5), None if not."""
        name = struct.pack("=H2x5s3x", 5, b"RANDR")
        answer = self._wire.ask(_QUERY_EXTENSION, 0, name)
        present, opcode = answer[8], answer[9]
        if not present:
            return None
        versions = self._wire.ask(opcode, _QUERY_VERSION, struct.pack("=II", 1, 5))
        return opcode if struct.unpack_from("=II", versions, 8) >= (1, 5) else None

    def _monitors(self) -> Iterator[tuple[bool, int, int]]:
        """Yield of each monitor in use whether it is the primary one, its width and height."""
        if self._randr is None:
            return
        wanted = struct.pack("=I?3x", self._wire.root.window, True)
        answer = self._wire.ask(self._randr, _GET_MONITORS, wanted)
        at = 32
        for _monitor in range(int(struct.unpack_from("=I", answer, 12)[0])):
            primary, outputs, width, height = struct.unpack_from("=4x?xH4xHH", answer, at)
            yield primary, width, height
            at += 24 + 4 * outputs
