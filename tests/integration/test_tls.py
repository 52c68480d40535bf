"""The whole agent over wss: a private authority is trusted only when it is named."""

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme

from app.demo.platform import DemoPlatform, Settings
from tests.integration.agents import AgentProcess, running_agent

pytestmark = [pytest.mark.integration, pytest.mark.slow]

AUTHORITY = trustme.CA()


def secure_settings() -> Settings:
    """A platform whose certificate comes from AUTHORITY."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    return Settings(ssl=context)


async def test_a_named_authority_is_trusted(tmp_path: Path) -> None:
    """With `server.ca_file` the agent connects and works over wss."""
    AUTHORITY.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    config = tmp_path / "ats.yaml"
    config.write_text(f"server:\n  ca_file: {tmp_path / 'ca.pem'}\n", encoding="utf-8")
    home = tmp_path / "home"
    async with (
        DemoPlatform(secure_settings()) as platform,
        running_agent(platform, home, "--config", str(config)),
    ):
        assert platform.url.startswith("wss://")
        await platform.send_task("t1", "echo safe")
        assert (await platform.result("t1"))["output"] == "safe"


async def test_an_unknown_authority_is_not_trusted(tmp_path: Path) -> None:
    """Without it no token is sent, and the log names the setting that helps."""
    async with DemoPlatform(secure_settings()) as platform:
        agent = AgentProcess(platform, tmp_path / "home")
        await agent.start()
        async with asyncio.timeout(10):
            while "server.ca_file" not in agent.log:  # noqa: ASYNC110 (another program's file)
                await asyncio.sleep(0.05)
        assert await agent.stop() == 0
        assert platform.connections == platform.refusals == 0
