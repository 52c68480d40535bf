"""One start of the agent: its home locked, its log, its face, its thread, its exit code."""

import gc
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from app import logs
from app.agent.agent import Agent
from app.agent.thread import AgentThread
from app.config import Config, Effective
from app.errors import AgentError, AlreadyRunningError
from app.exit_codes import ExitCode, exit_code_for
from app.host import containment
from app.host.display import has_display
from app.host.instance import InstanceLock
from app.i18n import _
from app.redaction import Redactor
from app.terminal import say
from app.tray.headless import HeadlessFace
from app.wiring.build import Bench
from app.wiring.current import Current
from app.wiring.surroundings import build_whole

if TYPE_CHECKING:
    from app.tray.face import TrayFace

# Seconds. The journal's thread answers within milliseconds only if it need not wait the
# default 5 ms for its turn while the loop is busy.
THREAD_SWITCH = 0.0005


def run_agent(effective: Effective, load: Callable[[], Effective]) -> int:
    """Run the agent until it ends; returns its exit code.

    `load` reads the settings again, as they were read for this start. Raises ConfigError
    when the agent is not set up and has no face to ask with.
    """
    config = effective.config_so_far()
    if _headless(config):
        effective.config()
    try:
        with InstanceLock(config.home):
            return _run_with_log(effective, load)
    except AlreadyRunningError as error:
        if not _headless(config) and _raise_first(config):
            say(_("The agent is running already; its dashboard is being opened."))
            return ExitCode.OK
        return _refused(error)
    except AgentError as error:
        return _refused(error)


def _raise_first(config: Config) -> bool:
    from app.control.commands import raise_first  # noqa: PLC0415 (only for a second start)

    return raise_first(config.home)


def _refused(error: AgentError) -> int:
    say(f"ats-agent: {error}", error=True)
    return exit_code_for(error)


def _run_with_log(effective: Effective, load: Callable[[], Effective]) -> int:
    redactor = Redactor()
    config = effective.config_so_far()
    log = logs.setup(config, redactor)
    try:
        current = Current(config)
        return _run_with_face(Bench(effective, load, os.environ, redactor, log, current))
    finally:
        log.close()


def _run_with_face(bench: Bench) -> int:
    sys.setswitchinterval(THREAD_SWITCH)
    containment.prepare_process()

    async def build() -> Agent:
        agent = await build_whole(bench, face.show)
        gc.freeze()  # what is there now stays: no collection needs to look at it again
        gc.enable()
        return agent

    face = _face(bench)
    thread = AgentThread(build, face.show)
    face.run(thread.start, thread.post)
    thread.join()
    return thread.exit_code


def _face(bench: Bench) -> "HeadlessFace | TrayFace":
    """Return the face that this computer can show."""
    if bench.headless:
        return HeadlessFace()
    from app.wiring.face import tray_face  # noqa: PLC0415 (0.3 MiB; without a desktop of no use)

    return tray_face(bench)


def _headless(config: Config) -> bool:
    """Tell whether nobody can see a tray icon, or nobody wants to."""
    return config.headless or not has_display()
