"""How the agent of a home folder is reached: `<home>/control.json`, for this user only."""

import json
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from app.host.private_file import read_private, write_private

CARD_NAME = "control.json"
_LIMIT = 4096  # bytes; ours are about 150
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Card:
    """A port on 127.0.0.1, and the secret that both sides of a connection must know."""

    port: int
    pid: int
    secret: str = field(repr=False)

    @classmethod
    def new(cls, port: int, pid: int) -> "Card":
        """Return a card with a secret of its own."""
        return cls(port, pid, secrets.token_hex(_SECRET_BYTES))

    def write(self, home: Path) -> None:
        """Put the card into the home folder; OSError when it cannot be."""
        body = {"port": self.port, "pid": self.pid, "secret": self.secret}
        write_private(home / CARD_NAME, json.dumps(body).encode())

    def remove(self, home: Path) -> None:
        """Take the card away, unless another agent has put its own there."""
        with suppress(OSError, ValueError):
            if read_card(home) == self:
                (home / CARD_NAME).unlink()


def read_card(home: Path) -> Card | None:
    """Return the card in the home folder, None when there is none, or it is no card.

    OSError when it cannot be read, NotPrivateError when others could have written it.
    """
    try:
        data = read_private(home / CARD_NAME, _LIMIT)
    except FileNotFoundError:
        return None
    try:
        body = json.loads(data)
        card = Card(body["port"], body["pid"], body["secret"])
    except (ValueError, KeyError, TypeError):
        return None
    sound = type(card.port) is int and type(card.pid) is int and isinstance(card.secret, str)
    return card if sound and 0 < card.port < 2**16 else None
