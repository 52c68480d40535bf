"""`ats-agent.exe` on a Chinese Windows without Python: copied, started, clicked, killed."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.demo.platform import DemoPlatform
from icons.make import BLUE, GREEN, GREY, ORANGE
from tests.fakes.desktop import Colour
from tests.fakes.panel import until
from tests.wine.desk import WineDesk, wine_desk

EXE = os.environ.get("ATS_AGENT_EXE", "")
SCREENS = Path(__file__).parents[2] / ".work" / "screens" / "wine"
PATIENCE = 60.0  # seconds; one start unpacks 20 MB, and Wine is slow
# Rows of the menu, from its end: above them come and go remarks. Separators are no rows.
QUIT, LOG, PAUSE, DISCONNECT = -1, -6, -8, -9
JOB, CANCEL = -8, 1  # a running job stands where Pause is else; its own menu
SLEEPER = "sleep.exe"
# One child, and one grandchild whose parent has gone.
TREE = f"echo 开始\nstart /b cmd /c {SLEEPER} 500\nstart /b {SLEEPER} 500\n{SLEEPER} 500\n"

pytestmark = [
    pytest.mark.wine,
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.skipif(not EXE, reason="other system: needs what `build.py test --wine` makes"),
]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[WineDesk]:
    """A desktop under Wine."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    folder = tmp_path / "desk"
    folder.mkdir()
    with wine_desk(folder) as made:
        yield made


class Copied:
    """The program in a folder with an awkward name, `ats-agent.yaml` beside it."""

    def __init__(self, desk: WineDesk, platform: DemoPlatform, folder: Path) -> None:
        self.desk, self.platform, self.folder = desk, platform, folder
        self.program = folder / "ats-agent.exe"
        folder.mkdir()
        shutil.copy(EXE, self.program)
        text = f"server:\n  url: {platform.url}\ntoken: {platform.token}\nlanguage: en\n"
        (folder / "ats-agent.yaml").write_text(text, encoding="utf-8")

    async def start(self) -> None:
        """Double-click it, and wait until the platform sees it."""
        before = self.platform.connections
        self.desk.open(str(self.program), cwd=self.folder)
        await self.platform.agent_online(connections=before + 1, timeout=PATIENCE)

    async def looks(self, colour: Colour, name: str = "") -> None:
        """Wait until the icon has this colour; keep a picture of it."""
        await asyncio.to_thread(self.desk.icon, colour, PATIENCE)
        if name:
            self.shot(name)

    async def chooses(self, colour: Colour, *rows: int, name: str = "") -> None:
        """Open the menu of the icon of this colour and click these rows, the last one for good."""

        def choose() -> None:
            menu = self.desk.menu(colour)
            *parents, last = rows
            for row in parents:
                menu = self.desk.submenu(menu, row)
            if name:
                self.shot(name)
            self.desk.choose_row(menu, last)

        await asyncio.to_thread(choose)

    async def gone(self, name: str) -> None:
        """Wait until no process of this name is left."""
        what = f"no {name} is left"
        await asyncio.to_thread(until, lambda: not self.desk.processes(name), what, PATIENCE)

    async def grown(self) -> None:
        """Wait until the job's whole tree runs."""

        def whole() -> bool:
            return len(self.desk.processes(SLEEPER)) >= 3

        await asyncio.to_thread(until, whole, "the tree", PATIENCE)

    def shot(self, name: str) -> None:
        """Keep a picture of the whole screen."""
        self.desk.grab().save(SCREENS / f"{name}.png")

    @property
    def log(self) -> str:
        """Everything in its agent.log."""
        return (self.folder / "ats-agent-data/logs/agent.log").read_text(encoding="utf-8")


@asynccontextmanager
async def copied(desk: WineDesk, folder: Path) -> AsyncIterator[Copied]:
    """A platform, and the program copied to a folder."""
    async with DemoPlatform() as platform:
        yield Copied(desk, platform, folder / "测试 电脑")


async def test_a_day_of_a_user(desk: WineDesk, tmp_path: Path) -> None:
    """Online, a Chinese job, pause and resume, the log, a cancelled tree, Quit: nothing is left."""
    async with copied(desk, tmp_path) as agent:
        platform = agent.platform
        await agent.start()
        await agent.looks(GREEN, "1-online")

        await platform.send_task("chinese", "echo 你好，世界\necho 错误 >&2\nexit /b 3")
        result = await platform.result("chinese", timeout=PATIENCE)
        assert (result["status"], result["exit_code"]) == ("failed", 3)
        assert result["output"].splitlines()[:1] == ["你好，世界"]
        assert "错误" in platform.log_text("chinese")

        await agent.chooses(GREEN, PAUSE, name="2-menu")
        await agent.looks(ORANGE, "3-paused")
        await platform.send_task("waits", "echo later")
        await asyncio.sleep(1)
        assert not platform.results("waits")
        await agent.chooses(ORANGE, PAUSE, name="4-menu-paused")  # Resume
        assert (await platform.result("waits", timeout=PATIENCE))["status"] == "success"

        await agent.chooses(GREEN, LOG)
        await asyncio.to_thread(until, lambda: "notepad.exe" in desk.windows(), "the log", PATIENCE)
        await asyncio.sleep(1)
        agent.shot("5-log")

        await platform.send_task("tree", TREE)
        await agent.looks(BLUE, "6-running")
        await asyncio.to_thread(
            until, lambda: len(desk.processes(SLEEPER)) >= 3, "the tree", PATIENCE
        )
        await agent.chooses(BLUE, JOB, CANCEL, name="7-menu-cancel")
        assert (await platform.result("tree", timeout=PATIENCE))["error"] == "cancelled"
        await agent.gone(SLEEPER)

        await agent.chooses(GREEN, QUIT, name="8-quit")
        await platform.agent_gone(timeout=PATIENCE)
        await agent.gone("ats-agent.exe")
        assert platform.closings[-1].code == 1000
        await asyncio.to_thread(until, lambda: not desk.find(GREEN), "the icon is gone", PATIENCE)
        assert "Traceback" not in agent.log


@pytest.mark.parametrize("victim", ["parent", "child"])
async def test_killed_in_the_middle_of_a_job(desk: WineDesk, tmp_path: Path, victim: str) -> None:
    """Whichever process of the one-file program dies: nothing runs on, nothing is lost."""
    async with copied(desk, tmp_path) as agent:
        platform = agent.platform
        await agent.start()
        await platform.send_task("t1", TREE)
        await platform.send_task("t2", "echo never")
        await asyncio.to_thread(
            until, lambda: len(desk.processes(SLEEPER)) >= 3, "the tree", PATIENCE
        )
        await platform.wait_for(lambda: "开始" in platform.log_text("t1"), timeout=PATIENCE)
        await agent.looks(BLUE)
        both = sorted(desk.processes("ats-agent.exe"), key=lambda one: one.create_time())
        both[0 if victim == "parent" else -1].kill()
        await agent.gone(SLEEPER)
        await agent.gone("ats-agent.exe")
        await platform.agent_gone(timeout=PATIENCE)
        await asyncio.to_thread(until, lambda: not desk.find(BLUE), "the icon is gone", PATIENCE)

        left = set(desk.temporary().glob("_MEI*"))
        for folder in left:  # as if the crash were long ago: younger ones are left alone
            os.utime(folder, (0, 0))
        await agent.start()
        await agent.looks(GREEN, f"9-after-the-kill-of-the-{victim}")
        results = [await platform.result(name, timeout=PATIENCE) for name in ("t1", "t2")]
        assert [result["status"] for result in results] == ["error", "error"]
        assert results[0]["output"] == "开始"
        assert all(len(platform.results(name)) == 1 for name in ("t1", "t2"))
        assert platform.log("t1").complete
        gone = "what the killed one had unpacked is gone"
        await asyncio.to_thread(until, lambda: not any(map(Path.exists, left)), gone, PATIENCE)
        await agent.chooses(GREEN, QUIT)
        await agent.gone("ats-agent.exe")


async def test_a_second_start_leaves_the_first_alone(desk: WineDesk, tmp_path: Path) -> None:
    """It asks the first one to open its dashboard, and ends."""
    async with copied(desk, tmp_path) as agent:
        await agent.start()
        second = desk.open(str(agent.program), cwd=agent.folder)
        assert await asyncio.to_thread(second.wait, PATIENCE) == 0
        await agent.looks(GREEN)
        assert agent.platform.connections == 1
        await agent.chooses(GREEN, DISCONNECT)
        await agent.looks(GREY, "10-disconnected")
        await agent.chooses(GREY, QUIT)
        await agent.gone("ats-agent.exe")
