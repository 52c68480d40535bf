"""Await something inside a context that ends before anybody else has a turn."""

from collections.abc import Coroutine, Generator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

T = TypeVar("T")


class FirstStep(Generator[Any, Any, T]):
    """Awaits `work`, with `context` around what it does before it waits for the first time."""

    def __init__(self, context: AbstractContextManager[None], work: Coroutine[Any, Any, T]) -> None:
        self._context = context
        self._work = work

    def __await__(self) -> Generator[Any, Any, T]:
        """Be awaited."""
        return self

    def send(self, value: Any) -> Any:
        """Go on until the next wait; ends with StopIteration, as `work` does."""
        context, self._context = self._context, nullcontext()
        with context:
            return self._work.send(value)

    def throw(self, *error: Any) -> Any:
        """Go on with an exception, a cancellation as a rule."""
        return self._work.throw(*error)

    def close(self) -> None:
        """End `work` where it waits."""
        self._work.close()
