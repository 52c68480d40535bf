"""What the fake agent answers to each request of the page."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tests.dashboard import fake_data

if TYPE_CHECKING:  # the agent knows its answers
    from tests.dashboard.fake_agent import FakeAgent

PIECE = 65536  # bytes of one `read` or `log` frame
GOOD_TOKEN = "right-token-0123456789"
Asked = dict[str, Any]
Answer = Mapping[str, Any] | None


class RefusedError(Exception):
    """The fake says no, in words for people."""

    def __init__(self, cause: str, next_step: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.next_step = next_step


def answer(agent: FakeAgent, asked: Asked) -> Answer:
    """Return the value of the reply; raises RefusedError."""
    return _ANSWERS[asked["ask"]](agent, asked)


def _command(agent: FakeAgent, asked: Asked) -> Answer:
    match asked["command"]:
        case "connect":
            agent.link("online", wanted=True, problem="")
        case "disconnect":
            agent.link("stopped", wanted=False, latency=None)
        case "pause":
            agent.changed(paused=True)
        case "resume":
            agent.changed(paused=False)
        case "drain":
            agent.changed(draining=True)
    return None


def _cancel(agent: FakeAgent, asked: Asked) -> Answer:
    for job in agent.jobs:
        if job.job_id == asked["job_id"]:
            agent.end_job(job.key, "cancelled")
            return None
    raise RefusedError("This job has ended already.")


def _autostart(agent: FakeAgent, asked: Asked) -> Answer:
    agent.changed(autostart=asked["wanted"])
    return None


def _open(agent: FakeAgent, asked: Asked) -> Answer:
    if asked["what"] == "work_folder":
        raise RefusedError("No file manager was found.", f"Open {agent.state['work_dir']}.")
    return None


def _log(agent: FakeAgent, asked: Asked) -> bytes:
    return agent.agent_log if asked["key"] is None else agent.job(asked["key"]).log


def _read(agent: FakeAgent, asked: Asked) -> Answer:
    data, at = _log(agent, asked), asked["at"]
    if not 0 < asked["length"] <= PIECE:
        raise RefusedError("Too much at once.")
    return {
        "at": at,
        "text_base64": base64.b64encode(data[at : at + asked["length"]]).decode(),
        "size": len(data),
    }


def _search(agent: FakeAgent, asked: Asked) -> Answer:
    data = _log(agent, asked)
    found = data.lower().find(asked["text"].lower().encode(), asked["at"])
    return {"found": None if found < 0 else found, "size": len(data)}


def _history(agent: FakeAgent, asked: Asked) -> Answer:
    before, text = asked["before"], asked["text"].lower()
    fitting = [
        job
        for job in reversed(agent.jobs)
        if (before is None or job.key < before)
        and asked["kind"] in {"", job.kind}
        and asked["state"] in {"", job.state}
        and text in f"{job.title} {job.job_id}".lower()
    ]
    limit = asked["limit"]
    return {"jobs": [job.row() for job in fitting[:limit]], "more": len(fitting) > limit}


def _cases(agent: FakeAgent, asked: Asked) -> Answer:
    return {"cases": agent.job(asked["key"]).cases}


def _disk(agent: FakeAgent, _asked: Asked) -> Answer:
    mib = 2**20
    parts = {"tasks": 310 * mib, "suites": 5200 * mib, "logs": 42 * mib, "cache": 900 * mib}
    return {
        "free": agent.state["disk_free"],
        "total": 256 * 10**9,
        "work_dir_bytes": {**parts, "rest": 0},
        "home_bytes": 9 * mib,
    }


def _settings(agent: FakeAgent, _asked: Asked) -> Answer:
    given = re.search(r"^language: *(\S+)", agent.file, re.MULTILINE)
    rows = fake_data.setting_rows(agent.path, given[1] if given else None)
    return {"config_path": agent.path, "rows": rows}


def _config_read(agent: FakeAgent, _asked: Asked) -> Answer:
    return {"path": agent.path, "text": agent.file}


def _config_check(agent: FakeAgent, asked: Asked) -> Answer:
    for number, line in enumerate(asked["text"].splitlines(), 1):
        if "\t" in line or "nonsense" in line:
            raise RefusedError(
                f"{agent.path}:{number}: nonsense: no such setting, expected lines such as"
                " jobs.max_parallel: 2.",
                "Correct this line.",
            )
    return {
        "warnings": ["jobs.max_parallel: 2 of 2 cores"] if "parallel: 2" in asked["text"] else []
    }


def _config_save(agent: FakeAgent, asked: Asked) -> Answer:
    checked = _config_check(agent, asked) or {}
    agent.file = asked["text"]
    return {"path": agent.path, **checked}


def _check(_agent: FakeAgent, asked: Asked) -> Answer:
    problem = None
    if "nowhere" in asked["server_url"]:
        problem = ("server_url", "No computer has the name nowhere.", "Check the spelling.")
    elif asked["token"] != GOOD_TOKEN:
        problem = ("token", "The platform does not know this token.", "Copy it again.")
    elif asked["work_dir"].startswith("/root"):
        problem = ("work_dir", "This folder cannot be written to.", "Choose another one.")
    if problem:
        return {"problem": dict(zip(("field", "cause", "next_step"), problem, strict=True))}
    return {"environment": "实验室 3", "warnings": []}


def _save(agent: FakeAgent, asked: Asked) -> Answer:
    checked = _check(agent, asked) or {}
    if "problem" not in checked:
        known = {"server_url": asked["server_url"], "environment": checked["environment"]}
        agent.link("online", set_up=True, problem="", **known)
    return checked


def _parse_command(_agent: FakeAgent, asked: Asked) -> Answer:
    found = dict(re.findall(r"--(url|token|work_dir)=['\"]?([^'\"\s]+)", asked["text"]))
    return {
        "server_url": found.get("url", ""),
        "token": found.get("token", ""),
        "work_dir": found.get("work_dir", ""),
    }


_ANSWERS: dict[str, Callable[[FakeAgent, Asked], Answer]] = {
    "command": _command,
    "cancel": _cancel,
    "autostart": _autostart,
    "open": _open,
    "read": _read,
    "search": _search,
    "history": _history,
    "cases": _cases,
    "disk": _disk,
    "settings": _settings,
    "config.read": _config_read,
    "config.check": _config_check,
    "config.save": _config_save,
    "check": _check,
    "save": _save,
    "parse_command": _parse_command,
}
