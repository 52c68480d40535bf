"""Whose program is at the other end (app/host/peer.py)."""

import os
import socket
import sys

import pytest

from app.host.peer import is_stranger, owner

ENDS = (("127.0.0.1", 0x1F90), ("127.0.0.1", 0xC350))
HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout"
TAIL = "01 00000000:00000000 00:00000000 00000000"
OURS = f"   0: 0100007F:1F90 0100007F:C350 {TAIL}  1000        0 1 1"
OTHER = f"   1: 0100007F:C350 0100007F:1F90 {TAIL}  1001        0 2 1"
MAPPED = "   2: 0000000000000000FFFF00000100007F:C350 0000000000000000FFFF00000100007F:1F90"

little_endian = pytest.mark.skipif(sys.byteorder != "little", reason="other system: big-endian")


@little_endian
def test_the_user_of_the_other_end_counts() -> None:
    """Both ends of a connection within a computer have a row; ours says nothing."""
    assert owner(ENDS, [HEAD, OURS, OTHER]) == 1001
    assert owner(ENDS, [HEAD, OURS]) is None


@little_endian
def test_an_ipv6_socket_may_speak_ipv4() -> None:
    """It stands in the other table."""
    assert owner(ENDS, [HEAD, OURS, HEAD, f"{MAPPED} {TAIL}  1002        0 3 1"]) == 1002


@pytest.mark.skipif(sys.platform != "linux", reason="other system: /proc/net")
def test_our_own_program_is_no_stranger() -> None:
    """The real tables know a real connection."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        ends = (client.getpeername(), client.getsockname())
        rows = [line for name in ("tcp", "tcp6") for line in _table(name)]
        if sys.platform != "win32":
            assert owner(ends, rows) == os.getuid()
        assert not is_stranger(ends)


def _table(name: str) -> list[str]:
    with open(f"/proc/net/{name}", encoding="ascii") as file:  # noqa: PTH123 (a table, no file)
        return file.read().splitlines()
