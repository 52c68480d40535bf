"""The platform asks for files and folders, a scripted agent answers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.demo.platform import DemoPlatform
from app.demo.refusals import AgentFailedError, NoAnswerError
from tests.demo.agent import at_work

Ask = Callable[[DemoPlatform], Awaitable[Any]]


@pytest.mark.parametrize(
    ("ask", "sent"),
    [
        (lambda p: p.workspace_list(), {"type": "workspace_list", "path": ""}),
        (
            lambda p: p.workspace_read("a", "gbk"),
            {"type": "workspace_read", "path": "a", "encoding": "gbk"},
        ),
        (lambda p: p.workspace_delete("a"), {"type": "workspace_delete", "path": "a"}),
        (lambda p: p.workspace_mkdir("a/b"), {"type": "workspace_mkdir", "path": "a/b"}),
        (
            lambda p: p.workspace_write("a", "eA==", is_base64=True),
            {
                "type": "workspace_write",
                "path": "a",
                "content": "eA==",
                "encoding": "utf-8",
                "is_base64": True,
            },
        ),
    ],
)
async def test_question_and_answer(ask: Ask, sent: dict[str, Any]) -> None:
    """3.6, 4.5: matched by the id alone, whatever of the five the answer calls itself."""
    async with at_work() as (platform, agent):
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(answer_of(ask, platform), name="question")
            question = await agent.hears()
            request_id = question.pop("request_id")
            assert question == sent
            await agent.says(
                type="workspace_mkdir_response", request_id=request_id, success=True, data=[1]
            )
        assert asking.result() == [1]


async def answer_of(ask: Ask, platform: DemoPlatform) -> Any:
    """What the platform makes of the answer: data, or the error."""
    try:
        return await ask(platform)
    except AgentFailedError as error:
        return str(error), int(error.status)


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ({"success": True}, {}),
        ({"success": False, "error": "没有"}, ("Agent处理失败: 没有", 500)),
        ({"data": [1]}, ("Agent处理失败: 未知错误", 500)),
    ],
)
async def test_failure_and_missing_data(body: dict[str, Any], outcome: object) -> None:
    """4.5: no success is HTTP 500 with the agent's words; no data is an empty object."""
    async with at_work() as (platform, agent):
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(
                answer_of(lambda p: p.workspace_list(), platform), name="question"
            )
            request_id = (await agent.hears())["request_id"]
            await agent.says(type="workspace_list_response", request_id=request_id, **body)
        assert asking.result() == outcome


async def test_late_answer() -> None:
    """3.6: after the limit 504; the late answer, or one to nothing, is passed over."""
    async with at_work(answer_limit=0.05) as (platform, agent):
        with pytest.raises(NoAnswerError) as late:
            await platform.workspace_list()
        assert late.value.status == 504
        request_id = (await agent.hears())["request_id"]
        for key in (request_id, "unknown", None):
            await agent.says(type="workspace_list_response", request_id=key, success=True)
        await agent.fence()
        assert platform.stray_answers == 3
