"""Whose program is at the other end of a connection within this computer."""

import os
import socket
import sys
from collections.abc import Iterable
from pathlib import Path

Ends = tuple[tuple[str, int], tuple[str, int]]  # address and port: ours, the other one
_USER = 7  # the place of the user in a row


def owner(ends: Ends, rows: Iterable[str]) -> int | None:
    """Return the user in the row of the other end's socket; None when there is none.

    Rows are those of /proc/net/tcp and tcp6: number, local, remote, state, …, the user eighth
    (Documentation/networking/proc_net_tcp.rst). An IPv6 socket may speak IPv4.
    """
    ours, other = (_written(*end) for end in ends)
    for row in rows:
        words = row.split()
        if len(words) > _USER and words[1].endswith(other) and words[2].endswith(ours):
            return int(words[_USER])
    return None


def _written(address: str, port: int) -> str:
    """Return an IPv4 address and a port as the tables have them: words of this machine."""
    word = int.from_bytes(socket.inet_aton(address), sys.byteorder)
    return f"{word:08X}:{port:04X}"


def _rows() -> Iterable[str]:
    for name in ("tcp", "tcp6"):
        try:
            yield from Path("/proc/net", name).read_text(encoding="ascii").splitlines()
        except OSError:
            continue


if sys.platform == "linux":

    def is_stranger(ends: Ends) -> bool:
        """Tell whether another user than ours, and than root, opened the connection; blocks.

        False where the system does not tell.
        """
        user = owner(ends, _rows())
        return user is not None and user not in (0, os.getuid())

else:

    def is_stranger(ends: Ends) -> bool:
        """Tell that nobody is known to be one.

        On Windows no other user can read a program's arguments; on macOS those of `open` are
        gone within a moment.
        """
        return False
