"""The platform's picture of one environment: its token, its facts, who is registered; pure."""

import math
import secrets
from typing import Any

FACT_LIMITS = {"node_ip": 50, "os_type": 100, "os_version": 100}  # characters
FACTS = (*FACT_LIMITS, "cpu_info", "memory_info", "disk_info")
RECONNECT_DELAY = 30  # always, whatever the user configured (2.1)


def new_token(starting_with: str = "") -> str:
    """Return 43 characters of URL-safe base64, as the platform issues them (1)."""
    return starting_with + secrets.token_urlsafe(32)[len(starting_with) :]


class Environment:
    """What the platform's database and its registry know about one node."""

    def __init__(self, environment_id: str, name: str, work_dir: str) -> None:
        self.id = environment_id
        self.name = name
        self.work_dir = work_dir
        self.token = new_token()
        self.online = False
        self.deleted = False  # its heartbeats are read, not acknowledged (8.5)
        self.facts: dict[str, Any] = dict.fromkeys(FACTS)
        self.registered: object | None = None  # the session that frames for the agent go to

    def connected(self, session: object) -> None:
        """The newest connection takes the registration; the node's facts are wiped (2)."""
        self.registered = session
        self.online = True
        self.facts = dict.fromkeys(FACTS)

    def disconnected(self, *, abrupt: bool = False) -> None:
        """Any connection that ends takes the registration with it, the newest one's too (8.4).

        After an `abrupt` failure of the receive loop the environment stays "online" (8.3).
        """
        self.registered = None
        self.online = self.online and abrupt

    def heartbeat(self, data: dict[str, Any]) -> None:
        """All six facts are overwritten: one left out becomes None (4.1)."""
        self.facts = {name: data.get(name) for name in FACTS}
        self.online = True

    def greeting(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return `welcome` and `auth_success` (2.1, 2.2)."""
        same = {
            "environment_id": self.id,
            "work_dir": self.work_dir,
            "reconnect_delay": RECONNECT_DELAY,
        }
        welcome = {"type": "welcome", "message": "连接成功", "environment_name": self.name, **same}
        return welcome, {"type": "auth_success", **same}


def storable(data: dict[str, Any]) -> bool:
    """Tell whether MySQL takes these facts: nothing too long, no NaN or Infinity (8.3)."""
    for name, limit in FACT_LIMITS.items():
        value = data.get(name)
        if isinstance(value, str) and len(value) > limit:
            return False
    return all(_finite(data.get(name)) for name in FACTS)


def _finite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(_finite(item) for item in value.values())
    if isinstance(value, list):
        return all(_finite(item) for item in value)
    return True


def parse_target(target: str) -> tuple[int, str]:
    """Return the HTTP status of a handshake for this raw target (101: accepted) and the token.

    The query is split without percent-decoding (1): the last `token` wins, a part without
    "=" is ignored, a part with two ends in an internal error.
    """
    path, _, query = target.partition("?")
    if path != "/ws/agent":
        return 403, ""
    token = ""
    for part in query.split("&"):
        pieces = part.split("=")
        if len(pieces) > 2:  # noqa: PLR2004 (a name and a value)
            return 500, ""
        if pieces[0] == "token" and len(pieces) == 2:  # noqa: PLR2004 (the same)
            token = pieces[1]
    return 101, token
