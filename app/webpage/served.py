"""What listens between a start and a stop."""

from types import TracebackType
from typing import Self


class Served:
    """To be used with `async with`: started at its beginning, stopped at its end."""

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Close every connection and stop listening; repeatable."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()
