"""`python -m app.demo`: platform, real agent and a sample job, to be seen in the terminal."""

import argparse
import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

from app import i18n
from app.cli_help import HelpFormatter
from app.demo import players
from app.demo.child import AgentChild, running
from app.demo.page import DemoPage
from app.demo.platform import DemoPlatform, Settings
from app.demo.refusals import RefusedError
from app.demo.sample_suite import make_sample
from app.demo.show import Show
from app.demo.show_suite import SuiteShow
from app.demo.stage import Stage
from app.host.language import system_language
from app.i18n import _
from app.language import asked
from app.terminal import harmless, say

ENDING_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
OK, FAILED, USAGE = 0, 1, 2
HIGHEST_PORT = 65535
REMOVALS, REMOVAL_PAUSE = 10, 0.3  # attempts, seconds


class Stop:
    """What Ctrl+C does: the first one ends the demo in order, the second one hurries."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.hurry = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        for name in ENDING_SIGNALS:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: object) -> None:
        with suppress(RuntimeError):  # the loop has ended: nothing is left to stop
            self._loop.call_soon_threadsafe(self._ask)

    def _ask(self) -> None:
        (self.hurry if self.asked.is_set() else self.asked).set()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo; returns the exit code: 0 as asked, 1 failed, 2 wrong flags."""
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == [players.PLAY]:
        return players.play(argv[1])
    i18n.install(asked(argv, os.environ) or system_language(os.environ))
    options = _options(argv)
    folder = Path(tempfile.mkdtemp(prefix="ats-agent-demo-"))
    try:
        return asyncio.run(_run(options, folder))
    except OSError as error:
        say(_("The demo cannot run: {why}").format(why=error), error=True)
        return USAGE if options.port else FAILED
    except KeyboardInterrupt:
        return FAILED if options.once else OK
    finally:
        if options.keep:
            say(_("Kept: {folder}").format(folder=folder))
        else:
            _remove(folder)


def _remove(folder: Path) -> None:
    """Remove it; what a program has open that was just ended, Windows may hold for a moment."""
    for _attempt in range(REMOVALS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(REMOVAL_PAUSE)


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python build.py demo",
        formatter_class=HelpFormatter,
        description=_("Starts a small platform on this computer, connects the agent, runs work."),
        epilog=_(
            "While it runs, an agent that you start yourself with the address and the token file"
            " shown takes the place of the demo's own: the platform speaks to the newest one."
        ),
    )
    parser.add_argument(
        "--once",
        action="store_true",
        help=_("end after the job and the suite: exit code 0 if both went as they should"),
    )
    parser.add_argument(
        "--port", type=_port, default=0, help=_("port of the platform (default: any free one)")
    )
    parser.add_argument(
        "--keep", action="store_true", help=_("keep the agent's folder, with its logs and journal")
    )
    parser.add_argument("--lang", choices=i18n.LANGUAGES, help=_("language of all texts"))
    return parser.parse_args(argv)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > HIGHEST_PORT:
        what = _("expected a number from 0 to {highest}").format(highest=HIGHEST_PORT)
        raise argparse.ArgumentTypeError(what)
    return int(text)


async def _run(options: argparse.Namespace, folder: Path) -> int:
    stop, stage = Stop(), Stage()
    here = timezone(timedelta(seconds=time.localtime().tm_gmtoff))
    settings = Settings(port=options.port, zone=here)
    async with DemoPlatform(settings) as platform, DemoPage(platform) as page:
        child = AgentChild(folder, platform.url, platform.token)
        _introduce(stage, page, child)
        async with running(child, stop.hurry):
            code = await _first(
                _story(Story(platform, stage, child), folder, once=options.once),
                _early_end(stage, child),
                _asked(stage, stop, once=options.once),
            )
        stage.status("")
    if stop.asked.is_set():
        stage.line(_("Both have ended."))
    return code


def _introduce(stage: Stage, page: DemoPage, child: AgentChild) -> None:
    rows = (
        (_("web page"), page.url),
        (_("platform"), child.url),
        (_("token file"), str(child.token_file)),
        (_("agent home"), str(child.home)),
    )
    stage.lines(["", stage.look.paint(_("ATS agent: demo"), "1"), *stage.look.rows(rows), ""])


@dataclass(frozen=True, slots=True)
class Story:
    """Who plays, and where."""

    platform: DemoPlatform
    stage: Stage
    child: AgentChild


async def _story(story: Story, folder: Path, *, once: bool) -> int:
    show = Show(story.platform, story.stage)
    try:
        await show.connection(story.child.pid)
        good = await show.job()
        sample = await asyncio.to_thread(make_sample, folder)
        good &= await SuiteShow(story.platform, story.stage).run(sample)
    except (TimeoutError, RefusedError, subprocess.SubprocessError) as error:
        show.tell(_("The demo failed: {why}").format(why=error))
        show.quote(story.child.last_words())
        return FAILED
    if not once:
        await show.stay()
    return OK if good else FAILED


async def _early_end(stage: Stage, child: AgentChild) -> int:
    code = await child.ended()
    show_end = _("The agent ended by itself, exit code {code}. Its last words:").format(code=code)
    stage.lines(["", show_end, *(f"    {harmless(line)}" for line in child.last_words())])
    return FAILED


async def _asked(stage: Stage, stop: Stop, *, once: bool) -> int:
    await stop.asked.wait()
    stage.status("")
    stage.lines(["", _("Stopping the agent, then the platform …")])
    return FAILED if once else OK


async def _first(*ways: Coroutine[Any, Any, int]) -> int:
    """Return what the first one returns, and cancel the others."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(way, name="a way to end") for way in ways]
        done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in others:
            task.cancel()
    return next(task.result() for task in tasks if task in done)


if __name__ == "__main__":
    sys.exit(main())
