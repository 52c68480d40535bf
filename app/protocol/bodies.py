"""The JSON objects of outgoing messages: the wire's field names and the platform's limits."""

from datetime import datetime
from typing import Any, assert_never

from app.protocol.messages import (
    Facts,
    Heartbeat,
    JobLog,
    JobResult,
    Outgoing,
    Pong,
    SuiteCompleted,
    SuiteLog,
    SuiteResult,
    WorkspaceAnswer,
)

# Limits of the platform's columns (4.1 to 4.3): over them its session is poisoned (8.3).
NODE_IP_BYTES = 50
OS_FIELD_BYTES = 100
DURATION_BYTES = 20
TEXT_BYTES = 65_535
# The only words that it understands (4.3, 4.4).
RESULTS = frozenset({"passed", "failed", "error", "skipped"})
ENDINGS = frozenset({"completed", "failed", "cancelled"})
# task_result is only logged there (4.6): room for the runner's 64 KiB and its mark between.
RESULT_TEXT_BYTES = 96 * 1024


def body_of(message: Outgoing) -> dict[str, Any]:
    """Return the JSON object of `message`: exact field names, texts clipped."""
    match message:
        case JobLog():
            return _job_log(message)
        case Heartbeat():
            return {"type": "heartbeat", "data": _facts(message.facts)}
        case Pong():
            return {"type": "pong"}
        case JobResult():
            return _job_result(message)
        case SuiteLog():
            return _suite_log(message)
        case SuiteResult():
            return _suite_result(message)
        case SuiteCompleted():
            return _suite_completed(message)
        case WorkspaceAnswer():
            return _workspace_answer(message)
        case _:
            assert_never(message)


def _facts(facts: Facts) -> dict[str, Any]:
    """All six fields, always: one left out is wiped there (4.1)."""
    return {
        "node_ip": clip(facts.node_ip, NODE_IP_BYTES),
        "os_type": clip(facts.os_type, OS_FIELD_BYTES),
        "os_version": clip(facts.os_version, OS_FIELD_BYTES),
        "cpu_info": facts.cpu_info,
        "memory_info": facts.memory_info,
        "disk_info": facts.disk_info,
        "network_info": facts.network_info,
    }


def _job_log(log: JobLog) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": "task_log",
        "task_id": log.job_id,
        "level": log.level.value,
        "message": log.text,
        "timestamp": _timestamp(log.at),
    }
    if log.offset is not None:
        body["offset"] = log.offset
    return body


def _job_result(result: JobResult) -> dict[str, Any]:
    return {
        "type": "task_result",
        "task_id": result.job_id,
        "status": result.status,
        "exit_code": result.exit_code,
        "output": clip(result.output, RESULT_TEXT_BYTES),
        "error": clip(result.error, RESULT_TEXT_BYTES),
        "duration": result.duration,
        "timestamp": _timestamp(result.at),
    }


def _suite_log(log: SuiteLog) -> dict[str, Any]:
    return {
        "type": "test_suite_log",
        "suite_id": log.suite_id,
        "execution_id": log.execution_id,
        "message": clip(log.text, TEXT_BYTES),
        "timestamp": _timestamp(log.at),
        "level": log.level.value,
    }


def _suite_result(result: SuiteResult) -> dict[str, Any]:
    return {
        "type": "test_suite_result",
        "suite_id": result.suite_id,
        "case_id": result.case_id,
        "result": result.result if result.result in RESULTS else "error",
        "duration": clip(result.duration, DURATION_BYTES),
        "log_output": clip_start(result.log_output, TEXT_BYTES),
        "error_message": clip(result.error_message, TEXT_BYTES),
        "executor_id": result.executor_id,
    }


def _suite_completed(completed: SuiteCompleted) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": "test_suite_completed",
        "suite_id": completed.suite_id,
        "execution_id": completed.execution_id,
        "status": completed.status if completed.status in ENDINGS else "failed",
        "message": clip(completed.message, TEXT_BYTES),
    }
    for name in ("reported_case_count", "total_case_count", "duration"):
        value = getattr(completed, name)
        if value is not None:
            body[name] = value
    return body


def _workspace_answer(answer: WorkspaceAnswer) -> dict[str, Any]:
    return {
        "type": f"{answer.verb.value}_response",
        "request_id": answer.request_id,
        "success": answer.success,
        "data": {} if answer.data is None else answer.data,
        "error": clip(answer.error, TEXT_BYTES),
    }


def _timestamp(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")


def clip(text: str, limit: int) -> str:
    """Return the longest start of `text` that is at most `limit` bytes of UTF-8."""
    if text.isascii():
        return text[:limit]
    return whole(text[:limit]).encode()[:limit].decode("utf-8", "ignore")


def clip_start(text: str, limit: int) -> str:
    """Return the longest end of `text` that is at most `limit` bytes of UTF-8."""
    if text.isascii():
        return text[-limit:]
    return whole(text[-limit:]).encode()[-limit:].decode("utf-8", "ignore")


def whole(text: str) -> str:
    """Return `text` with surrogate pairs joined and lone surrogates replaced by U+FFFD."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
