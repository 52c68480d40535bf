"""What a running agent's parts are told when settings change (app/wiring/followers.py)."""

import logging
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.agent.reload import differing
from app.config import gather
from app.redaction import Redactor
from app.wiring.build import Bench, Parts
from app.wiring.followers import Followers


class Told:
    """Stands for any part: whatever is called on it is noted."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *_arguments: self.calls.append(name)


@pytest.mark.parametrize(
    ("change", "renewed", "waits"),
    [
        ({"task_timeout": 5.0}, False, ""),
        ({"token": "another-token"}, True, ""),
        ({"heartbeat_interval": 1.0}, True, ""),
        ({"home": Path("/elsewhere"), "disk_low": 1}, False, "from the next start on: home"),
    ],
    ids=["job", "token", "session", "home"],
)
def test_what_follows(
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    change: dict[str, Any],
    renewed: bool,
    waits: str,
) -> None:
    """Only what a session begins with makes a new one; what cannot change now is named."""
    caplog.set_level(logging.INFO)
    flags = {"server.url": "ws://h/ws/agent", "token": "a-token-of-the-test"}
    old = gather(flags, {}, lambda: tmp_path).config()
    new = replace(old, **change)
    names = ("dispatcher", "retention", "files", "sampler", "intake", "keeper", "news")
    told = {name: Told() for name in names}
    bench = SimpleNamespace(redactor=Redactor(), log=Told())
    parts = SimpleNamespace(**told, journal=SimpleNamespace(outbox=Told()))
    Followers(cast(Bench, bench), cast(Parts, parts)).follow(new, differing(old, new))
    assert (told["keeper"].calls == ["renew"]) is renewed
    assert told["news"].calls == ["ring"]
    assert bench.redactor.mask(new.token) == "***"
    assert "".join(caplog.messages) == waits
