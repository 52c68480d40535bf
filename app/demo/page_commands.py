"""What the page can ask the platform for."""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from app.demo.page_view import View
from app.demo.platform import DemoPlatform
from app.demo.refusals import UnreachableError
from app.demo.rows import Git
from app.demo.users import TaskOptions

MAX_TIMEOUT = 86_400  # seconds
MAX_CASES = 10_000
Body = dict[str, Any]


class WrongError(Exception):
    """A command that the page would not send like this; the text says what is wrong."""


class Commands:
    """The verbs of the page, each with the fields of one JSON object.

    They raise WrongError for the fields and RefusedError for what the platform refuses.
    """

    def __init__(self, platform: DemoPlatform, view: View) -> None:
        self._platform = platform
        self._view = view
        self._verbs: dict[str, Callable[[Body], Awaitable[Any]]] = {
            "task": self._task,
            "start": self._start,
            "suite": self._suite,
            "cancel": self._cancel,
            "list": lambda body: platform.workspace_list(_text(body, "path")),
            "read": lambda body: platform.workspace_read(_text(body, "path")),
            "delete": lambda body: platform.workspace_delete(_text(body, "path")),
            "mkdir": lambda body: platform.workspace_mkdir(_text(body, "path")),
            "write": self._write,
        }

    async def do(self, body: Body) -> Any:
        """Do what `body["do"]` names and return its answer."""
        verb = self._verbs.get(_text(body, "do"))
        if verb is None:
            raise WrongError("no such command")
        return await verb(body)

    async def _task(self, body: Body) -> Body:
        command = _filled(body, "command")
        options = TaskOptions(timeout=_seconds(body), env_vars=_env_vars(body))
        if work_dir := _text(body, "work_dir"):
            options["work_dir"] = work_dir
        task_id = f"page-{uuid.uuid4().hex[:8]}"
        self._view.commands[task_id] = command
        try:
            await self._platform.send_task(task_id, command, **options)
        except UnreachableError:
            self._platform.sent_at.pop(task_id, None)  # nobody has it: it is no run
            raise
        return {"run": task_id}

    async def _start(self, body: Body) -> Body:
        try:
            suite = self._platform.suite(_text(body, "suite"))
        except KeyError:
            raise WrongError("no such suite") from None
        return {"run": (await suite.execute()).id}

    async def _suite(self, body: Body) -> Body:
        url = _text(body, "git_url")
        branch, token = _text(body, "git_branch") or None, _text(body, "git_token") or None
        suite = self._platform.create_suite(
            _filled(body, "command"),
            cases=_codes(body),
            git=Git(url, branch, token) if url else None,
            name=_text(body, "name"),
        )
        return {"run": (await suite.execute()).id}

    async def _cancel(self, body: Body) -> Body:
        run = _text(body, "run")
        execution = self._view.execution(run)
        if execution is not None:
            await execution.cancel()
        else:
            await self._platform.cancel_task(run)
        return {}

    async def _write(self, body: Body) -> Any:
        return await self._platform.workspace_write(
            _filled(body, "path"), _text(body, "content"), is_base64=body.get("is_base64") is True
        )


def _text(body: Body, name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        raise WrongError(f"{name}: text expected")
    return value


def _filled(body: Body, name: str) -> str:
    value = _text(body, name)
    if not value.strip():
        raise WrongError(f"{name}: must not be empty")
    return value


def _seconds(body: Body) -> float:
    value = body.get("timeout")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongError("timeout: a number of seconds expected")
    if not 0 < value <= MAX_TIMEOUT:
        raise WrongError(f"timeout: 1 to {MAX_TIMEOUT} seconds")
    return value


def _env_vars(body: Body) -> dict[str, str]:
    value = body.get("env", {})
    if isinstance(value, dict) and all(isinstance(one, str) for one in value.values()):
        return value
    raise WrongError("env: names with texts expected")


def _codes(body: Body) -> list[str]:
    value = body.get("cases")
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise WrongError("cases: a list of codes expected")
    if not value or len(value) > MAX_CASES or len(set(value)) < len(value):
        raise WrongError(f"cases: 1 to {MAX_CASES} codes, each once")
    return value
