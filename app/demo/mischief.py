"""How the platform misbehaves at the moment."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Mischief:
    """Everything is off at first; the sessions look here before each step."""

    refuse_with: int | None = None  # HTTP status at the handshake
    silent: bool = False  # accept, read and record, say nothing
    answer_after: float = 0.0  # seconds that every answer takes
    handle_for: float = 0.0  # seconds that every frame takes
    drop: int = 0  # frames that will be read and lost
    poison: Callable[[dict[str, Any]], bool] | None = None  # frames that break the session (8.3)
    flowing: asyncio.Event = field(default_factory=asyncio.Event)  # cleared: frozen

    def __post_init__(self) -> None:
        self.flowing.set()
