"""A child sees nothing of the bundle, and its whole tree can be ended."""

import os
from pathlib import Path

from app import resources
from app.host import containment
from app.host.console import shell_argv
from app.host.system import SYSTEM
from app.jobs.process import Child, Stream

_SLEEP, _PRINT = "sleep 60 & sleep 60 & echo up; wait", "env"
if SYSTEM == "windows":
    _SLEEP = "start /b ping -n 60 127.0.0.1 >nul\r\necho up\r\nping -n 60 127.0.0.1 >nul"
    _PRINT = "set"
_OWN = ("_PYI_", "_MEI", "PYINSTALLER_")
_LIMIT = 20.0  # seconds for a child's first words


class _Said:
    """What a child has said so far."""

    def __init__(self) -> None:
        self.data = b""

    def __call__(self, _stream: Stream, data: bytes) -> None:
        self.data += data

    def words(self) -> str:
        return self.data.decode("utf-8", "replace")


async def _started(command: str, folder: Path, said: _Said) -> Child:
    marker = containment.new_marker()
    argv = shell_argv(command, folder)
    environ = containment.clean_environment({}, marker)
    return await Child.start(argv, folder, environ, containment.Containment(marker), said)


async def environment(folder: Path) -> str:
    """Run a child that prints its variables."""
    said = _Said()
    child = await _started(_PRINT, folder, said)
    try:
        await child.wait()
        await child.drain(_LIMIT)
    finally:
        await child.close()
    lines = said.words().splitlines()
    leaked = [line for line in lines if leaks(line)]
    leaked += [name for name in os.environ if leaks(name)]
    if leaked or not lines:
        raise ValueError(f"children see {leaked or 'nothing'}")
    return f"{len(lines)} variables, none of the bundle's"


def leaks(line: str, bundle: Path = resources.ROOT) -> bool:
    """Tell whether a variable is the bundle's own, or a library path that leads into it."""
    name, _equals, value = line.partition("=")
    return name.upper().startswith(_OWN) or ("LIB" in name and str(bundle) in value)


async def tree(folder: Path) -> str:
    """Run a child with children of its own and end them all."""
    said = _Said()
    child = await _started(_SLEEP, folder, said)
    try:
        await _until_up(child, said)
        ended = await child.end_tree(grace=0)
    finally:
        await child.close()
    if not ended:
        raise ValueError("the child's own children were not found")
    return f"{len(ended)} children of the child ended with it"


async def _until_up(child: Child, said: _Said) -> None:
    import asyncio  # noqa: PLC0415 (only here)

    async with asyncio.timeout(_LIMIT):
        while "up" not in said.words():
            if child.returncode is not None:
                raise ValueError(f"the child ended: {said.words()}")
            await asyncio.sleep(0.01)
