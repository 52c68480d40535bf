"""A copied program with `ats-agent.yaml` beside it: started without a word, it works."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from app.demo.platform import DemoPlatform
from tests.integration.agents import ask_to_end

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(60)]

# What the ready-made executable is to the agent: a frozen program of that place and name.
PROGRAM = """
import sys
sys.frozen, sys.executable = True, sys.argv[1]
from app.cli import main
sys.exit(main(["--headless"]))
"""


async def start(folder: Path, user: Path) -> asyncio.subprocess.Process:
    """Double-click the program in `folder`."""
    clean = {key: text for key, text in os.environ.items() if not key.startswith("ATS_AGENT_")}
    home = {"HOME": str(user), "LOCALAPPDATA": str(user), "XDG_DATA_HOME": str(user)}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, str(folder / "ats-agent")),
        env={**clean, **home, "PYTHONWARNINGS": "error", "PYTHONIOENCODING": "utf-8"},
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.mark.parametrize("state", ["beside", "user"])
async def test_copied_and_started(tmp_path: Path, state: str) -> None:
    """It is online and does a job; its memory is where `state` says and nowhere else."""
    folder, user = tmp_path / "复制 here", tmp_path / "user"
    folder.mkdir()
    user.mkdir()
    async with DemoPlatform() as platform:
        (folder / "token.txt").write_text(platform.token + "\n", encoding="utf-8")
        settings = f"server:\n  url: {platform.url}\ntoken_file: token.txt\nstate: {state}\n"
        (folder / "ats-agent.yaml").write_text(settings, encoding="utf-8")
        process = await start(folder, user)
        await platform.agent_online()
        await platform.send_task("t1", "echo done")
        assert (await platform.result("t1"))["status"] == "success"
        journal = next(tmp_path.rglob("journal.db"))
        ask_to_end(process, journal.parent)
        _out, err = await process.communicate()
    assert platform.token not in err.decode("utf-8", "replace")
    beside = folder / "ats-agent-data" / "journal.db"
    assert beside.exists() is (state == "beside")
    assert bool(list(user.rglob("journal.db"))) is (state == "user")


async def test_a_mistake_in_the_copied_file_is_named(tmp_path: Path) -> None:
    """File and line, the exit code of a wrong setting; nothing is started or made."""
    file = tmp_path / "ats-agent.yaml"
    file.write_text("server:\n  url: ws://127.0.0.1:9\ntask:\n  timeout: long\n", encoding="utf-8")
    process = await start(tmp_path, tmp_path / "user")
    _out, err = await process.communicate()
    assert process.returncode == 2
    assert f"{file}:4: task.timeout" in err.decode("utf-8", "replace")
    assert [path.name for path in tmp_path.iterdir()] == ["ats-agent.yaml"]
