"""Start at login as the faces switch it (app/agent/login_start.py), with real files."""

import sys
from pathlib import Path

import pytest

from app.agent.login_start import LoginStart
from app.host._autostart_linux import DesktopAutostart
from app.host.autostart import AutostartError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other system: XDG autostart")


async def test_it_is_switched_and_told(tmp_path: Path) -> None:
    """What the system says afterwards is what the faces show."""
    rung: list[bool | None] = []
    one = LoginStart(DesktopAutostart(["/bin/ats-agent"], tmp_path), lambda: rung.append(one.on))
    assert one.on is None
    await one.run()
    await one.switch(True)
    await one.switch(False)
    assert rung == [False, True, False]


async def test_a_system_without_it(tmp_path: Path) -> None:
    """Nothing is offered, and asking for it changes nothing."""
    one = LoginStart(None, lambda: None)
    await one.run()
    await one.switch(True)
    assert one.on is None
    assert list(tmp_path.iterdir()) == []


async def test_what_the_system_refuses_is_an_error(tmp_path: Path) -> None:
    """And what nobody can see is not told as if it were known."""
    (tmp_path / "autostart").write_text("no folder", encoding="utf-8")
    one = LoginStart(DesktopAutostart(["/bin/ats-agent"], tmp_path), lambda: None)
    with pytest.raises(AutostartError):
        await one.switch(True)
    assert one.on is None, "nobody knows"
