"""What the configuration file and .ats.yml say reaches the jobs of a real agent."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.demo.platform import DemoPlatform, Settings
from app.demo.rows import Git
from tests.fakes.screen import x_screen
from tests.integration.agents import appears, running_agent
from tests.integration.scripts import PYTHON, command, quoted, results

pytestmark = [pytest.mark.integration, pytest.mark.slow]

# The silence that is allowed must cover the start of an interpreter, under Wine too.
CONFIG = """
task: {idle_timeout: 4, max_log_bytes: 65536}
suite: {results: ["out/mine*.xml"]}
platform: {log_limit: 4096}
"""
FILL = r"""
from pathlib import Path
def cases(name, **results):
    tests = "".join(
        f'<testcase name="test {code}">{"" if good else "<failure message=_no_/>"}</testcase>'
        for code, good in results.items())
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"<testsuite>{tests}</testsuite>".replace("_no_", "'no'"), encoding="utf-8")
"""


def config_file(folder: Path, text: str) -> tuple[str, str]:
    """The flags that name a configuration file with this text."""
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return "--config", str(path)


def script(folder: Path, code: str) -> str:
    """A command that runs a piece of Python, with `cases(file, code=passed)`."""
    path = folder / "the suite.py"
    path.write_text(FILL + code, encoding="utf-8")
    return f"{PYTHON} {quoted(path)}"


async def test_limits_and_patterns_of_the_file(tmp_path: Path) -> None:
    """Result files, log on the platform, log on the disk and silence, all in one suite."""
    code = """
import time
cases("report.xml", TC1=False, TC2=False)
cases("out/mine 1.xml", TC1=True, TC2=False)
print(("x" * 99 + "\\n") * 2000, flush=True)
time.sleep(60)
"""
    flags = config_file(tmp_path, CONFIG)
    async with (
        DemoPlatform() as platform,
        running_agent(platform, tmp_path / "home", *flags) as agent,
    ):
        suite = platform.create_suite(script(tmp_path, code), cases=["TC1", "TC2"])
        execution = await suite.execute()
        completion = await execution.completed()
        assert results(execution) == {"TC1": "passed", "TC2": "failed"}  # suite.results
        assert completion["status"] == "failed"
        assert "It printed nothing for 4 s" in completion["message"]  # task.idle_timeout
        assert execution.received_bytes <= 4096  # platform.log_limit
        assert "bytes of this log are not shown here" in execution.log_text
        log = agent.home / "workspace" / "logs" / "tasks" / f"{execution.id}.log"
        assert "The log is full at 65536 bytes" in log.read_text(encoding="utf-8")
        assert not platform.dropped


async def test_patterns_of_the_repository(tmp_path: Path) -> None:
    """What .ats.yml names is read, and only that: it wins over the configuration."""
    repository = tmp_path / "repo"
    repository.mkdir()
    body = (
        'cases("out/mine.xml", TC1=False, TC2=False)\ncases("本 dir/a b.xml", TC1=True, TC2=True)\n'
    )
    (repository / "run.py").write_text(FILL + body, encoding="utf-8")
    (repository / ".ats.yml").write_text('results: ["本 dir/*.xml"]\n', encoding="utf-8")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@t"]
    for words in (["init", "-qb", "main"], ["add", "-A"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *words], cwd=repository, check=True, timeout=10)  # noqa: ASYNC221
    flags = config_file(tmp_path, CONFIG)
    async with DemoPlatform() as platform, running_agent(platform, tmp_path / "home", *flags):
        where = Git(str(repository), "main")
        suite = platform.create_suite(f"{PYTHON} run.py", cases=["TC1", "TC2"], git=where)
        execution = await suite.execute()
        assert (await execution.completed())["status"] == "completed", execution.log_text
        assert results(execution) == {"TC1": "passed", "TC2": "passed"}


@pytest.mark.skipif(sys.platform != "linux", reason="other system: X screens are Linux's")
async def test_a_screenshot_of_a_failing_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """evidence.screenshot_on_failure: a real picture of a real screen, named after the case."""
    from PIL import Image  # noqa: PLC0415 (only here)

    code = """
import time
cases("report.xml", TC1=False, TC2=True)
while not list(Path("../../tasks").glob("*/evidence/TC1.png")):
    time.sleep(0.02)
"""
    flags = config_file(tmp_path, "evidence: {screenshot_on_failure: true}\n")
    with x_screen() as display:
        monkeypatch.setenv("DISPLAY", display)
        async with (
            DemoPlatform() as platform,
            running_agent(platform, tmp_path / "home", *flags) as agent,
        ):
            suite = platform.create_suite(script(tmp_path, code), cases=["TC1", "TC2"])
            execution = await suite.execute()
            assert (await execution.completed())["status"] == "failed"
            folder = agent.home / "workspace" / "tasks" / execution.id / "evidence"
            assert [path.name for path in folder.iterdir()] == ["TC1.png"]
            with Image.open(folder / "TC1.png") as image:
                assert image.size == (320, 200)
            assert f"Screenshot: {folder / 'TC1.png'}" in execution.log_text


async def test_a_cancel_of_a_whole_suite(tmp_path: Path) -> None:
    """Without an execution_id on the wire: what runs and what waits, but no other suite."""
    flags = config_file(tmp_path, "task: {max_concurrent: 3}\n")
    run = command(tmp_path, 'Path("started").touch(); wait("go")')
    async with (
        DemoPlatform(Settings(max_concurrent_tasks=3)) as platform,
        running_agent(platform, tmp_path / "home", *flags) as agent,
    ):
        one, two = (platform.create_suite(run, cases=["TC1", "TC2"]) for _ in range(2))
        first, other, second = await one.execute(), await two.execute(), await one.execute()
        suites = agent.home / "workspace" / "suites"
        await appears(suites / one.id / "started")
        await appears(suites / two.id / "started")
        await appears(agent.home / "workspace" / "logs" / "tasks" / f"{second.id}.log")
        await platform.send({"type": "cancel_test_suite", "suite_id": one.id})
        assert (await first.completed())["status"] == "cancelled"
        assert (await second.completed())["status"] == "cancelled"
        assert not other.completions
        (suites / two.id / "go").touch()
        assert (await other.completed())["status"] == "completed"
        assert [len(each.completions) for each in platform.executions] == [1, 1, 1]
