"""The platform's queue, spoken to by a scripted agent."""

import asyncio

import pytest

from app.demo.environment import Environment
from app.demo.platform import DemoPlatform, UnreachableError
from app.demo.rows import Case, Git
from tests.demo.agent import ScriptedAgent, at_work, connected, started

SHORT = 0.05  # seconds

SHUFFLED = (Case("000001", "c"), Case("000002", "a"), Case("000003", "b"))


async def hears_nothing(agent: ScriptedAgent) -> bool:
    """True when no frame comes for a moment."""
    try:
        await asyncio.wait_for(agent.hears(), SHORT)
    except TimeoutError:
        return True
    return False


async def test_the_frame() -> None:
    """3.4: the user's order of the ids, the codes in the ascending order of the ids."""
    async with at_work() as (platform, agent):
        suite = platform.create_suite("cd xat\npytest", SHUFFLED)
        execution = await suite.execute()
        assert await agent.hears() == execution.sent
        assert execution.sent == {
            "type": "execute_test_suite",
            "suite_id": suite.id,
            "plan_id": suite.plan_id,
            "execution_id": execution.id,
            "git_repo_url": None,
            "git_branch": None,
            "git_token": None,
            "execution_command": "cd xat\npytest",
            "case_ids": ["c", "a", "b"],
            "case_codes": ["000002", "000003", "000001"],
            "executor_id": platform.user_id,
        }
        assert (execution.status, suite.state) == ("running", "running")
        assert platform.suite(suite.id) is suite
        assert platform.execution(execution.id) is execution
        assert (platform.suites, platform.executions) == ([suite], [execution])


async def test_git() -> None:
    """A repository with an empty branch is sent with null; the token is in no repr."""
    async with at_work() as (platform, agent):
        git = Git("https://example.org/a.git", branch="", token="geheim")
        await platform.create_suite("true", ["000001"], git).execute()
        frame = await agent.hears()
        assert frame["git_repo_url"] == "https://example.org/a.git"
        assert frame["git_branch"] is None
        assert frame["git_token"] == "geheim"
        assert "geheim" not in repr(git)


async def test_deleted_case() -> None:
    """3.4: fewer codes than ids when a case has been deleted since."""
    async with at_work() as (platform, agent):
        suite = platform.create_suite("true", SHUFFLED)
        platform.delete_case("a")
        await suite.execute()
        frame = await agent.hears()
        assert frame["case_ids"] == ["c", "a", "b"]
        assert frame["case_codes"] == ["000003", "000001"]


@pytest.mark.parametrize("cases", [[], [Case("1", "a"), Case("2", "a")]])
async def test_suite_without_or_with_double_cases(cases: list[Case]) -> None:
    """`case_ids` is never empty and has no duplicates."""
    with pytest.raises(ValueError, match="case"):
        DemoPlatform().create_suite("true", cases)


async def test_the_second_waits_and_gets_no_codes() -> None:
    """7.1, 3.4: one slot; the completion starts the next one, without case_codes."""
    async with at_work() as (platform, agent):
        _suite, first = await started(platform, agent)
        other = platform.create_suite("true", ["000009"])
        second = await other.execute()
        assert (second.status, other.state) == ("pending", "pending")
        assert await hears_nothing(agent)
        await agent.completes(first)
        frame = await agent.hears()
        assert frame["execution_id"] == second.id
        assert "case_codes" not in frame
        assert (await first.completed())["status"] == "completed"
        assert (first.status, second.status) == ("completed", "running")
        assert other.state == "running"


async def test_slots() -> None:
    """`max_concurrent_tasks` is all that limits; the same suite may run twice at once (8.2)."""
    async with at_work(max_concurrent_tasks=2) as (platform, agent):
        suite, first = await started(platform, agent)
        second = await suite.execute()
        third = await suite.execute()
        assert (await agent.hears())["execution_id"] == second.id
        assert (first.status, second.status, third.status) == ("running", "running", "pending")
        await agent.completes(first, "failed")
        assert (await agent.hears())["execution_id"] == third.id
        assert suite.state == "running"


async def test_losing_the_agent_ends_nothing() -> None:
    """7.1: it keeps its slot until any connection completes it; meanwhile all calls get 503."""
    async with DemoPlatform() as platform:
        async with connected(platform) as agent:
            suite, execution = await started(platform, agent)
        await platform.agent_gone()
        assert execution.status == "running"
        for call in (suite.execute, suite.cancel, execution.cancel, platform.workspace_list):
            with pytest.raises(UnreachableError) as refused:
                await call()
            assert refused.value.status == 503
        assert suite.executions == [execution]
        async with connected(platform) as agent:
            waiting = await suite.execute()
            assert waiting.status == "pending"
            await agent.beats()
            await agent.completes(execution)
            await agent.hears_of("execute_test_suite")
            assert (execution.status, waiting.status) == ("completed", "running")


def unregister(environment: Environment) -> None:
    """8.4: the environment looks online, but nothing can be sent to it."""
    environment.registered = None


async def test_what_cannot_be_handed_over_has_failed() -> None:
    """7.1: the task is marked failed and the user gets 503."""
    async with at_work() as (platform, agent):
        suite = platform.create_suite("true", ["000001"])
        unregister(platform.environment)
        with pytest.raises(UnreachableError):
            await suite.execute()
        assert (suite.executions[0].status, suite.state) == ("failed", "failed")
        assert suite.executions[0].sent is None
        assert await hears_nothing(agent)


async def test_queued_one_that_cannot_be_handed_over_has_failed() -> None:
    """The same for one that is dispatched; nobody is told, and the slot is free again."""
    async with at_work() as (platform, agent):
        suite, first = await started(platform, agent)
        second = await suite.execute()
        unregister(platform.environment)
        await agent.completes(first)
        assert await second.ended() == "failed"
        assert first.status == "completed"


async def test_cancel_decides_at_once_and_starts_nothing() -> None:
    """3.5: cancelled and "completed" before the agent knows; its completion starts the next."""
    async with at_work() as (platform, agent):
        suite, first = await started(platform, agent)
        other = platform.create_suite("true", ["000009"])
        second = await other.execute()
        await first.cancel()
        assert (first.status, suite.state) == ("cancelled", "completed")
        assert await agent.hears() == {
            "type": "cancel_test_suite",
            "suite_id": suite.id,
            "execution_id": first.id,
        }
        await agent.fence()
        assert second.status == "pending"
        await agent.completes(first, "cancelled")
        assert (await agent.hears())["execution_id"] == second.id
        assert (first.status, suite.state) == ("cancelled", "pending")
        assert first.started_at is not None
        assert first.ended_at is not None


async def test_cancel_of_one_that_waits_needs_no_frame() -> None:
    """3.5: a pending execution is cancelled without any frame; an ended one not at all."""
    async with at_work() as (platform, agent):
        suite, first = await started(platform, agent)
        second = await suite.execute()
        await second.cancel()
        await second.cancel()
        assert (second.status, first.status, suite.state) == ("cancelled", "running", "running")
        assert await hears_nothing(agent)


async def test_cancel_all() -> None:
    """One frame per running execution, none for those that wait."""
    async with at_work(max_concurrent_tasks=2) as (platform, agent):
        suite, first = await started(platform, agent)
        second, third = await suite.execute(), await suite.execute()
        await suite.cancel()
        heard = [await agent.hears() for _ in range(3)]
        assert heard[0]["type"] == "execute_test_suite"
        assert [frame["execution_id"] for frame in heard[1:]] == [first.id, second.id]
        assert {first.status, second.status, third.status} == {"cancelled"}
        assert suite.state == "completed"
        assert await hears_nothing(agent)


async def test_repeated_completion_starts_nothing_more() -> None:
    """7.1: a completion starts the next one only if a slot is free."""
    async with at_work() as (platform, agent):
        suite, first = await started(platform, agent)
        second, third = await suite.execute(), await suite.execute()
        await agent.completes(first)
        await agent.completes(first)
        await agent.fence()
        assert (second.status, third.status) == ("running", "pending")


async def test_cancel_while_another_waits() -> None:
    """3.5: the suite is pending while another execution of it waits."""
    async with at_work() as (platform, agent):
        suite, first = await started(platform, agent)
        await suite.execute()
        await first.cancel()
        assert suite.state == "pending"


async def test_cancel_one_of_two() -> None:
    """3.5: the suite stays running while another execution of it does."""
    async with at_work(max_concurrent_tasks=2) as (platform, agent):
        suite, first = await started(platform, agent)
        await suite.execute()
        await first.cancel()
        assert suite.state == "running"


async def test_every_change_is_counted() -> None:
    """Who draws a page sees from one number that something has changed."""
    async with at_work() as (platform, agent):
        seen = platform.record.changes
        suite = platform.create_suite("true", ["000001"])
        assert platform.record.changes > seen
        seen = platform.record.changes
        execution = await suite.execute()
        assert platform.record.changes > seen
        await agent.fence()
        seen = platform.record.changes
        await agent.completes(execution)
        await platform.wait_for(lambda: platform.record.changes > seen)
        assert await execution.ended() == "completed"
