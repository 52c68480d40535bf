"""All checks in their order: a line for each, and the exit code."""

import asyncio
import tempfile
import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path

from app.exit_codes import ExitCode
from app.host import bundle, containment
from app.jobs.process import install_child_watcher
from app.selftest import children, files, links, modules
from app.terminal import say

# English: they are read by builds, and in reports to those who make the program.
CHECKS: dict[str, Callable[[Path], str] | Callable[[Path], Awaitable[str]]] = {
    "import": lambda _folder: modules.import_all(),
    "icons": lambda _folder: files.icons(),
    "catalogs": lambda _folder: files.catalogs(),
    "pages": lambda _folder: files.pages(),
    "journal": links.journal,
    "child": children.tree,
    "environment": children.environment,
    "ws": links.plain,
    "wss": links.encrypted,
}


def selftest() -> int:
    """Run all checks, also after one that failed; OK when none did, else BUG."""
    bundle.stay()
    containment.prepare_process()
    with tempfile.TemporaryDirectory(prefix="ats selftest 自检 ") as folder:
        failed = asyncio.run(_run(Path(folder)))
    say(f"failed: {', '.join(failed)}" if failed else "all good")
    return ExitCode.BUG if failed else ExitCode.OK


async def _run(folder: Path) -> list[str]:
    install_child_watcher()
    return [name for name in CHECKS if not await _passes(name, folder)]


async def _passes(name: str, folder: Path) -> bool:
    began = time.monotonic()
    try:
        result = CHECKS[name](folder)
        told = result if isinstance(result, str) else await result
    except Exception:  # noqa: BLE001 (whatever a bundle lacks is to be told, and the rest tried)
        say(f"FAILED {name}\n{traceback.format_exc()}")
        return False
    say(f"ok     {name:12} {told}, {time.monotonic() - began:.2f} s")
    return True
