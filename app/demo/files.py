"""The platform's side of the workspace: questions to the agent, answers within a limit (3.6)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from app.demo.record import Frame
from app.demo.refusals import AgentFailedError, NoAnswerError
from app.demo.rows import new_id

VERBS = ("list", "read", "write", "delete", "mkdir")
ANSWERS = tuple(f"workspace_{verb}_response" for verb in VERBS)


class Files:
    """Asks the agent about its files."""

    def __init__(
        self,
        send: Callable[[dict[str, Any]], Awaitable[None]],  # raises UnreachableError
        limit: float,  # seconds
    ) -> None:
        self.strays = 0  # answers too late or to nothing that was asked
        self._send = send
        self._limit = limit
        self._asked: dict[str, asyncio.Future[dict[str, Any]]] = {}

    async def ask(self, verb: str, fields: dict[str, Any]) -> Any:
        """Ask, and return the answer's data. Raises RefusedError: 503, 504 or 500."""
        request_id = new_id()
        answer = self._asked[request_id] = asyncio.get_running_loop().create_future()
        try:
            await self._send({"type": f"workspace_{verb}", "request_id": request_id, **fields})
            async with asyncio.timeout(self._limit):
                body = await answer
        except TimeoutError:
            raise NoAnswerError(f"no answer to workspace_{verb} in {self._limit} s") from None
        finally:
            del self._asked[request_id]
        if not body.get("success"):
            raise AgentFailedError(str(body.get("error") or "未知错误"))
        return body.get("data", {})

    def take(self, frame: Frame) -> None:
        """Take an answer; which of the five it claims to be does not matter (4.5)."""
        request_id = frame.body.get("request_id")
        answer = self._asked.get(request_id) if isinstance(request_id, str) else None
        if answer is None or answer.done():
            self.strays += 1
        else:
            answer.set_result(frame.body)
