"""Text frame ↔ message (docs/protocol.md, sections 2 to 4); Unknown for what we do not know.

Here the word changes: the wire says `task`, everything behind says *job*.
"""

import json
import math
from collections.abc import Callable
from datetime import datetime
from typing import Any, NoReturn

from app.i18n import _
from app.protocol.bodies import body_of, whole
from app.protocol.excerpt import WINDOW, excerpt
from app.protocol.fields import BadFieldError, Fields
from app.protocol.messages import (
    BadJob,
    BadSuite,
    CancelJob,
    CancelSuite,
    HeartbeatAck,
    Incoming,
    JobAssigned,
    Malformed,
    Outgoing,
    Ping,
    SuiteAssigned,
    TokenInvalid,
    Unknown,
    Welcome,
    WorkspaceRequest,
    WorkspaceVerb,
)

MAX_FRAME = 8 * 2**20  # characters of an incoming frame that is still read
EXCERPT = 200  # characters of an unreadable frame that are kept for the log
TYPE_SHOWN = 100  # characters of an unknown frame's type

# ---------------------------------------------------------------- platform -> agent


def decode(frame: str | bytes) -> Incoming:
    """Return the message in `frame`; never raises.

    What cannot be read is Malformed, an unknown type is Unknown. A `task` or suite whose
    ids can be read but nothing else is BadJob or BadSuite, so that it can be answered.
    An optional field that is null counts as absent; fields that we do not use are not checked.
    """
    try:
        fields = _parse(frame)
        kind = fields.text("type")
        read = _READERS.get(kind)
        return Unknown(excerpt(kind, TYPE_SHOWN)) if read is None else read(fields)
    except BadFieldError as bad:
        return Malformed(str(bad), _excerpt(frame))


def _parse(frame: str | bytes) -> Fields:
    """Return the JSON object in `frame`; raises BadFieldError for anything else."""
    if isinstance(frame, bytes):
        raise BadFieldError(_("a binary frame"))
    if len(frame) > MAX_FRAME:
        raise BadFieldError(_("{count} characters, too many to read").format(count=len(frame)))
    try:
        value = _DECODER.decode(frame)
    except (ValueError, RecursionError) as why:  # ValueError: also a number of too many digits
        reason = _("nested too deeply") if isinstance(why, RecursionError) else str(why)
        raise BadFieldError(_("not JSON: {why}").format(why=reason)) from why
    if not isinstance(value, dict):
        raise BadFieldError(_("JSON, but not an object"))
    return Fields(value)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def _excerpt(frame: str | bytes) -> str:
    head = frame[: WINDOW + 1]  # one more, so that the cut is known
    return excerpt(head if isinstance(head, str) else head.decode("latin-1"), EXCERPT)


def _welcome(fields: Fields) -> Welcome:
    return Welcome(
        environment_id=fields.identifier("environment_id"),
        environment_name=fields.label("environment_name"),
        work_dir=fields.optional_text("work_dir") or "",
    )


def _heartbeat_ack(fields: Fields) -> HeartbeatAck:
    """Any ack is a fence, whatever its time looks like."""
    try:
        at = datetime.fromisoformat(fields.label("timestamp"))
    except ValueError:
        return HeartbeatAck(None)
    return HeartbeatAck(at if at.tzinfo is not None else None)


def _ping(_fields: Fields) -> Ping:
    return Ping()


def _token_invalid(fields: Fields) -> TokenInvalid:
    return TokenInvalid(fields.label("reason") or fields.label("message"))


def _job(fields: Fields) -> JobAssigned | BadJob:
    job_id = fields.identifier("task_id")
    try:
        return JobAssigned(
            job_id,
            command=fields.command("command"),
            work_dir=fields.system_text("work_dir") or None,
            env_vars=fields.environment("env_vars"),
            timeout=fields.duration("timeout"),
        )
    except BadFieldError as bad:
        return BadJob(job_id, str(bad))


def _cancel_job(fields: Fields) -> CancelJob:
    return CancelJob(fields.identifier("task_id"))


def _suite(fields: Fields) -> SuiteAssigned | BadSuite:
    suite_id = fields.identifier("suite_id")
    execution_id = fields.identifier("execution_id")
    try:
        return SuiteAssigned(
            suite_id=suite_id,
            plan_id=fields.optional_text("plan_id") or "",
            execution_id=execution_id,
            command=fields.shell_text("execution_command"),
            case_ids=fields.texts("case_ids") or (),
            case_codes=fields.texts("case_codes"),
            executor_id=fields.identifier("executor_id"),
            git_repo_url=fields.system_text("git_repo_url") or None,
            git_branch=fields.system_text("git_branch") or None,
            git_token=fields.system_text("git_token") or None,
        )
    except BadFieldError as bad:
        return BadSuite(suite_id, execution_id, str(bad))


def _cancel_suite(fields: Fields) -> CancelSuite:
    return CancelSuite(fields.identifier("suite_id"), fields.optional_text("execution_id") or None)


def _workspace_reader(verb: WorkspaceVerb) -> Callable[[Fields], WorkspaceRequest]:
    def read(fields: Fields) -> WorkspaceRequest:
        return WorkspaceRequest(
            verb=verb,
            request_id=fields.identifier("request_id"),
            path=fields.optional_text("path") or "",
            encoding=fields.optional_text("encoding") or "utf-8",
            content=fields.optional_text("content") or "",
            is_base64=fields.flag("is_base64"),
        )

    return read


_READERS: dict[str, Callable[[Fields], Incoming]] = {
    "welcome": _welcome,
    "auth_success": _welcome,
    "heartbeat_ack": _heartbeat_ack,
    "ping": _ping,
    "token_invalid": _token_invalid,
    "task": _job,
    "cancel_task": _cancel_job,
    "execute_test_suite": _suite,
    "cancel_test_suite": _cancel_suite,
    **{verb.value: _workspace_reader(verb) for verb in WorkspaceVerb},
}

# ---------------------------------------------------------------- agent -> platform


def encode(message: Outgoing) -> str:
    """Return the frame for `message`: compact JSON that always encodes as UTF-8.

    Texts are clipped in bytes to the platform's limits; half characters (lone surrogates)
    become U+FFFD and numbers that JSON does not know (NaN, Infinity) null.
    """
    body = body_of(message)
    try:
        text = _ENCODER.encode(body)
    except ValueError:  # NaN or Infinity: rare, so nothing looks for them beforehand
        text = _ENCODER.encode(_finite(body))
    return whole(text)


_ENCODER = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
)


def _finite(value: Any) -> Any:
    """Return `value` with null in place of every NaN and Infinity."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
