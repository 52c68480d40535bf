"""What a browser is told live."""

import pytest

from tests.demo.agent import at_work, started


async def test_stream_of_a_suite() -> None:
    """5: the greeting, then every accepted log frame of this suite, its text as sent."""
    async with at_work(max_concurrent_tasks=2) as (platform, agent):
        suite, execution = await started(platform, agent)
        _other, elsewhere = await started(platform, agent)
        with suite.watch() as stream:
            assert (await stream.next())["type"] == "connected"
            await agent.reports(elsewhere, "another suite's")
            await agent.reports(execution, None)
            await agent.reports(execution, "two\nlines", timestamp="2026-11-22T12:00:00+08:00")
            message = await stream.next()
            assert message["type"] == "test_suite_log"
            assert message["suite_id"] == suite.id
            assert message["data"].pop("id")
            assert message["data"] == {
                "message": "two\nlines",
                "timestamp": "2026-11-22T12:00:00",
                "execution_id": execution.id,
            }
            with pytest.raises(TimeoutError):
                await stream.next(timeout=0.01)


async def test_closed_stream_hears_nothing() -> None:
    """Who has left is not told, who stays is."""
    async with at_work() as (platform, agent):
        suite, execution = await started(platform, agent)
        with suite.watch() as staying:
            with suite.watch() as left:
                pass
            await agent.reports(execution, "text")
            await agent.fence()
        assert (len(left.unread), len(staying.unread)) == (1, 2)
