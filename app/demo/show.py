"""The demo as a story in the terminal: connection, job with its live log, result, what follows."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from app.demo import players
from app.demo.look import amount, span
from app.demo.platform import DemoPlatform
from app.demo.record import Frame
from app.demo.stage import Stage
from app.i18n import _, ngettext
from app.terminal import harmless

JOB = "demo-1"
ONLINE_LIMIT = 30.0  # seconds from the agent's start to its first heartbeat
RESULT_LIMIT = 90.0  # seconds for the job of about 5 s
TICK = 1.0  # seconds between two looks of the status line
FOREVER = 10.0**9  # seconds
SUMMARY_EVERY = 60.0  # seconds between two summaries where there is no status line


class Show:
    """Tells on a stage what happens at a platform."""

    def __init__(
        self, platform: DemoPlatform, stage: Stage, clock: Callable[[], float] = time.time
    ) -> None:
        self._platform = platform
        self._stage = stage
        self._clock = clock
        self._seen = 0  # frames told
        self._offset = -1  # of the latest piece of log told

    async def connection(self, pid: int) -> None:
        """Wait for the agent and introduce it. Raises TimeoutError."""
        self.tell(_("The agent is starting (process {pid}).").format(pid=pid))
        began = asyncio.get_running_loop().time()
        self._stage.status(_("waiting for its first heartbeat"))
        agent = await self._platform.agent_online(ONLINE_LIMIT)
        took = asyncio.get_running_loop().time() - began
        self._stage.status("")
        name = self._platform.environment.name
        self.tell(_("Online as {name} after {time}.").format(name=name, time=span(took)))
        self._stage.lines([*self._stage.look.rows(self._stage.look.facts(agent.facts)), ""])

    async def job(self) -> bool:
        """Send the sample job, show its log live and its result; True when it succeeded.

        Raises TimeoutError and UnreachableError.
        """
        look = self._stage.look
        self._stage.line(
            look.sent(self._now(), _("Job {id}: {name}").format(id=JOB, name=players.JOB))
        )
        await self._platform.send_task(
            JOB,
            players.job(),
            env_vars={"DEMO_NAME": "演示"},
            timeout=60,
        )
        result = await self._live_log()
        self._stage.status("")
        good = result.get("status") == "success"
        self._stage.line()
        self._stage.line(look.verdict(self._now(), self._outcome(result), good=good))
        self._stage.lines([*look.rows(self._figures(result)), ""])
        return good

    async def stay(self) -> None:
        """Tell of heartbeats and lost connections until cancelled."""
        self._stage.line(_("The agent stays connected. Ctrl+C ends the agent and the platform."))
        async with asyncio.TaskGroup() as telling:
            telling.create_task(self._watch_link(), name="link")
            if self._stage.look.live:
                telling.create_task(self._tick(self._link_status), name="status line")
            else:
                telling.create_task(self._summaries(), name="summaries")

    def tell(self, text: str) -> None:
        """Write one event with its time."""
        self._stage.line(self._stage.look.event(self._now(), text))

    def quote(self, lines: list[str]) -> None:
        """Write what somebody else has said."""
        self._stage.lines(f"    {harmless(line)}" for line in lines)

    # ----------------------------------------------------------------------------- job

    async def _live_log(self) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + RESULT_LIMIT
        while loop.time() < deadline:
            self._stage.status(self._job_status())
            with suppress(TimeoutError):
                await self._platform.wait_for(self._any_news, TICK)
            for frame in self._news():
                self._tell_log(frame)
            if results := self._platform.results(JOB):
                return results[0]
        raise TimeoutError(_("no result within {limit} s").format(limit=RESULT_LIMIT))

    def _any_news(self) -> bool:
        return self._platform.record.total > self._seen

    def _news(self) -> list[Frame]:
        frames = self._platform.record.since(self._seen)
        self._seen = self._platform.record.total
        return frames

    def _tell_log(self, frame: Frame) -> None:
        offset = frame.body.get("offset")
        if frame.type != "task_log" or frame.body.get("task_id") != JOB:
            return
        if isinstance(offset, int) and offset <= self._offset:
            return  # a repeat after a reconnect
        self._offset = offset if isinstance(offset, int) else self._offset
        self._stage.lines(self._stage.look.log(frame.body))

    def _job_status(self) -> str:
        log = self._platform.log(JOB)
        lines = ngettext("{count} line", "{count} lines", log.lines).format(count=log.lines)
        since = asyncio.get_running_loop().time() - self._platform.sent_at[JOB]
        return _("  running for {time}, {lines}").format(time=f"{since:.0f} s", lines=lines)

    def _outcome(self, result: dict[str, Any]) -> str:
        text = _("Job {id}: {status}, exit code {code}").format(
            id=JOB, status=result.get("status"), code=result.get("exit_code")
        )
        error = result.get("error")
        return f"{text}: {error}" if error else text

    def _figures(self, result: dict[str, Any]) -> list[tuple[str, str]]:
        """Return what was measured at the platform's end."""
        job = self._platform.record.jobs[JOB]
        sent = self._platform.sent_at[JOB]
        duration = result.get("duration")
        ran = float(duration) if isinstance(duration, int | float) else 0.0
        around = max(0.0, job.results[0].at - sent - ran)
        log = job.log
        told = _("{lines} lines, {size} in {pieces} frames, {verdict}").format(
            lines=log.lines,
            size=amount(log.size),
            pieces=log.pieces,
            verdict=_("complete") if log.complete else _("with gaps"),
        )
        return [
            (_("duration"), span(ran)),
            (
                _("first line"),
                _("{time} after the job was sent").format(time=span(job.first_at - sent)),
            ),
            (
                _("overhead"),
                _("{time} from sending to result, beside the job").format(time=span(around)),
            ),
            (_("log"), told),
        ]

    # ---------------------------------------------------------------------- afterwards

    async def _watch_link(self) -> None:
        while True:
            await self._platform.wait_for(lambda: not self._platform.reachable, FOREVER)
            self.tell(_("The connection is lost; the agent tries again by itself."))
            await self._platform.agent_online(FOREVER)
            self.tell(_("Online again."))

    async def _summaries(self) -> None:
        while True:
            await asyncio.sleep(SUMMARY_EVERY)
            self.tell(self._link_status())

    async def _tick(self, status: Callable[[], str]) -> None:
        while True:
            self._stage.status(status())
            await asyncio.sleep(TICK)

    def _link_status(self) -> str:
        count = len(self._platform.heartbeats)
        beats = ngettext("{count} heartbeat", "{count} heartbeats", count).format(count=count)
        state = _("online") if self._platform.reachable else _("offline")
        parts = [state, beats, self._stage.look.load(self._platform.facts)]
        return "  " + f" {self._stage.look.signs[5]} ".join(parts)

    def _now(self) -> str:
        moment = datetime.fromtimestamp(self._clock(), UTC).astimezone()
        return moment.isoformat(timespec="milliseconds")[11:23]
