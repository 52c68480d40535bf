"""What travels between a terminal and the agent: one JSON object per line (pure).

The agent speaks first, `{"agent": VERSION, "protocol": 1, "nonce": …}`; then
`{"nonce", "proof"}`, `{"proof"}` (handshake.py), and then any number of asks:

    {"ask": "status"}                          → {"answer": {…}}
    {"ask": "jobs"}                            → {"answer": {"jobs": […]}}
    {"ask": "command", "command": "pause"}     → {"answer": status}
    {"ask": "cancel", "job_id": …}             → {"answer": {}}
    {"ask": "page", "view": "", "show": true}  → {"answer": {"url": …}}
    {"ask": "logs", "job_id", "lines", "follow"} → {"piece": text} …, {"answer": {}}

Instead of an answer there may be `{"error": cause, "next_step": …}`.
"""

import json
from dataclasses import dataclass
from typing import Any

from app.state import CancelJob, Command

PROTOCOL = 1
ASK_LIMIT = 64 * 1024  # bytes of one line to the agent
ANSWER_LIMIT = 16 * 1024 * 1024  # bytes of one line from the agent: 1,000 jobs and their titles
PIECE = 32 * 1024  # bytes of a log that travel in one line


@dataclass(frozen=True, slots=True)
class AskStatus:
    """How is the agent?"""


@dataclass(frozen=True, slots=True)
class AskJobs:
    """What runs and waits?"""


@dataclass(frozen=True, slots=True)
class AskPage:
    """Show the dashboard at this view to the user, or only tell its address."""

    view: str
    show: bool


@dataclass(frozen=True, slots=True)
class AskLogs:
    """Show a log: of a job, or with "" the agent's own; `lines` of its end, None: all."""

    job_id: str
    lines: int | None
    follow: bool


Ask = AskStatus | AskJobs | Command | CancelJob | AskPage | AskLogs


def encode(body: dict[str, Any]) -> bytes:
    """Return one line."""
    return json.dumps(body, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """Return the object in a line; ValueError when there is none."""
    try:
        body = json.loads(line)
    except RecursionError as deep:
        raise ValueError("nested too deeply") from deep
    if not isinstance(body, dict):
        raise ValueError("no JSON object")  # noqa: TRY004 (as json's own errors)
    return body


def encode_ask(ask: Ask) -> dict[str, Any]:
    """Return the object that means `ask`."""
    match ask:
        case AskStatus():
            return {"ask": "status"}
        case AskJobs():
            return {"ask": "jobs"}
        case Command():
            return {"ask": "command", "command": ask.value}
        case CancelJob(job_id):
            return {"ask": "cancel", "job_id": job_id}
        case AskPage(view, show):
            return {"ask": "page", "view": view, "show": show}
        case AskLogs(job_id, lines, follow):
            return {"ask": "logs", "job_id": job_id, "lines": lines, "follow": follow}


def decode_ask(body: dict[str, Any]) -> Ask | None:
    """Return what is asked for; None when this agent does not understand it."""
    match body:
        case {"ask": "status"}:
            return AskStatus()
        case {"ask": "jobs"}:
            return AskJobs()
        case {"ask": "command", "command": str(name)} if name in _COMMANDS:
            return _COMMANDS[name]
        case {"ask": "cancel", "job_id": str(job_id)}:
            return CancelJob(job_id)
        case {"ask": "page", "view": str(view), "show": bool(show)}:
            return AskPage(view, show)
        case {"ask": "logs", "job_id": str(job_id), "lines": lines, "follow": bool(follow)}:
            known = lines is None or (type(lines) is int and lines >= 0)
            return AskLogs(job_id, lines, follow) if known else None
        case _:
            return None


_COMMANDS = {command.value: command for command in Command}
