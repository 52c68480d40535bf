"""The agent of the demo as a child process."""

import asyncio
import os
import stat
from pathlib import Path

import pytest

from app.demo.child import AgentChild, running
from app.exit_codes import ExitCode


@pytest.mark.slow
async def test_early_end_leaves_its_words(tmp_path: Path) -> None:
    """An agent that cannot start is seen to end, and what it said can be shown."""
    child = AgentChild(tmp_path, "ftp://nowhere", "a-token")
    async with running(child, asyncio.Event()):
        assert await child.ended() == ExitCode.USAGE
    assert "--server-url" in "\n".join(child.last_words())


@pytest.mark.skipif(os.name != "posix", reason="other system: POSIX file modes")
async def test_token_is_for_its_owner_only(tmp_path: Path) -> None:
    """The token is in a file that nobody else can read, and not on the command line."""
    child = AgentChild(tmp_path, "ftp://nowhere", "a-token")
    async with running(child, asyncio.Event()):
        mode = stat.S_IMODE(child.token_file.stat().st_mode)
    assert mode == 0o600
    assert "a-token" not in " ".join(child.command)
