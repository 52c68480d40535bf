"""A loopback platform, spoken to over ws and wss; and a journal."""

import asyncio
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from app import resources
from app.demo.platform import DemoPlatform, Settings
from app.errors import AgentError
from app.host.system import under_wine
from app.journal.journal import Journal
from app.link.transport import open_link
from app.protocol import codec
from app.protocol.messages import Welcome

# Certificate and key of a platform that exists only inside this check. Nobody trusts it.
PEM = resources.ROOT / "app" / "selftest" / "loopback.pem"
LIMIT = 20.0  # seconds for a greeting


async def plain(_folder: Path) -> str:
    """Be greeted over ws."""
    return await _greeting(None)


async def encrypted(_folder: Path) -> str:
    """Be greeted over wss, by whom only `ca_file` makes trusted; refuse who is not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    if under_wine():  # it cannot verify with a file of ours; Windows can
        return await _handshake(context)
    return await _greeting(context)


async def _handshake(context: ssl.SSLContext) -> str:
    """Speak TLS with OpenSSL alone, which trusts our file."""
    trusting = ssl.create_default_context(cafile=PEM)
    async with asyncio.timeout(LIMIT), DemoPlatform(Settings(ssl=context)) as platform:
        port = urlsplit(platform.url).port
        _reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting)
        version = str(writer.get_extra_info("ssl_object").version())
        writer.close()
        await writer.wait_closed()
    return f"{version}, under Wine without the system's trust"


async def _greeting(context: ssl.SSLContext | None) -> str:
    async with asyncio.timeout(LIMIT), DemoPlatform(Settings(ssl=context)) as platform:
        ca_file = None if context is None else PEM
        if ca_file is not None:
            await _must_fail(platform)
        transport = await open_link(platform.url, platform.token, ca_file)
        try:
            greeting = codec.decode(await transport.receive())
        finally:
            await transport.close()
    if not isinstance(greeting, Welcome):
        raise TypeError(f"the platform's first word was {type(greeting).__name__}")
    return platform.url.partition("127")[0] + "…"


async def _must_fail(platform: DemoPlatform) -> None:
    try:
        transport = await open_link(platform.url, platform.token, None)
    except AgentError:
        return
    transport.abort()
    raise ValueError("a certificate that nobody trusts was accepted")


async def journal(folder: Path) -> str:
    """Make a journal, write to it, find that again."""
    path = folder / "日志 journal.db"
    for wanted in (None, "kept"):
        opened = await Journal.open(path, codec.encode, print)
        try:
            if await opened.store.get("selftest") != wanted:
                raise ValueError("the journal has not kept what was written")
            await opened.store.put("selftest", "kept")
        finally:
            await opened.close()
    return "written and read"
