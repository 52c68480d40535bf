"""Over HTTP: the token goes to its host and nowhere else, nothing asks, failures are told."""

import asyncio
import base64
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from app.host.containment import MARKER, clean_environment
from app.jobs.git import (
    GitError,
    GitLimits,
    GitSource,
    GitUnreachableError,
    checkout,
    holds_nothing_of_git,
)
from tests.fakes.children import until
from tests.fakes.git_desk import (  # noqa: F401 (the fixtures)
    Desk,
    empty_desk,
    isolated_git,
    small_remote,
)
from tests.fakes.git_remote import HttpServer, Remote, http_server

pytestmark = pytest.mark.slow  # real repositories, many of them

posix = pytest.mark.skipif(sys.platform == "win32", reason="other system: POSIX only")
TOKEN = "glpat-S3cr+t/T0k=n&x y"  # with what is written otherwise in URLs


def basic(user: str, password: str) -> str:
    """The header that belongs to a name and a password."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.fixture
def server(remote: Remote, tmp_path: Path) -> Iterator[HttpServer]:
    """A server of the repository."""
    with http_server(remote.path.parent, tmp_path / "server") as running:
        yield running


@pytest.fixture
def url(server: HttpServer, remote: Remote) -> str:
    """The address of the repository there."""
    return f"{server.url}/{quote(remote.path.name)}/.git"


def written(desk: Desk) -> str:
    """All small text that a checkout left on the disk, and all that it said."""
    texts = [
        path.read_bytes()[:100_000].decode("utf-8", "replace")
        for root in (desk.cache, desk.folder)
        for path in root.rglob("*")
        if path.is_file()
    ]
    return "\n".join([*texts, *desk.said, *desk.git("config", "--list").splitlines()])


def assert_no_secret(text: str, secret: str = TOKEN) -> None:
    """Neither the secret nor its base64 form is in `text`."""
    assert secret not in text
    for user in ("oauth2:", "alice:", ""):
        assert base64.b64encode((user + secret).encode()).decode().rstrip("=") not in text


async def test_a_public_repository_needs_no_token(desk: Desk, url: str) -> None:
    """Without credentials none are sent."""
    assert (await desk.check_out(url)).subject == "first"


async def test_the_token_opens_the_repository_and_is_nowhere(
    desk: Desk, server: HttpServer, url: str
) -> None:
    """It is sent to the server, and is in no argument list, file, line or setting."""
    server.order(users=[basic("oauth2", TOKEN)], secret=TOKEN)
    for _time in range(2):
        assert (await desk.check_out(url, token=f" {TOKEN}\n")).subject == "first"
    assert any(one["auth"] for one in server.requests())
    assert [one["leaks"] for one in server.requests() if one["leaks"]] == []
    assert_no_secret(written(desk))
    assert desk.git("config", "remote.origin.url") == url


@pytest.mark.parametrize("token", [None, TOKEN])
async def test_credentials_in_the_address_are_taken_out(
    desk: Desk, server: HttpServer, url: str, token: str | None
) -> None:
    """They are used, a token in place of the password; neither git nor the disk sees them."""
    password = "p@ss word/1"
    server.order(users=[basic("alice", token or password)], secret=password)
    address = url.replace("//", "//alice:p%40ss%20word%2F1@")
    assert (await desk.check_out(address, token=token)).subject == "first"
    assert [one["leaks"] for one in server.requests() if one["leaks"]] == []
    assert_no_secret(written(desk), password)
    assert "%40ss" not in written(desk)
    assert desk.git("config", "remote.origin.url") == url


async def test_a_token_as_user_name_works(desk: Desk, server: HttpServer, url: str) -> None:
    """https://TOKEN@host/… as some write it, and the token is still nowhere."""
    server.order(users=[basic("ghp_1234567890", "")], secret="ghp_1234567890")
    await desk.check_out(url.replace("//", "//ghp_1234567890@"))
    assert [one["leaks"] for one in server.requests() if one["leaks"]] == []
    assert "ghp_1234567890" not in written(desk)


@pytest.mark.parametrize("token", [None, "wrong-token-1234"])
@pytest.mark.timeout(10)
async def test_a_refusal_is_explained_and_nothing_asks(
    desk: Desk, server: HttpServer, url: str, token: str | None
) -> None:
    """No or a wrong token: no prompt, no repetition, an error that says what to check."""
    server.order(users=[basic("oauth2", TOKEN)])
    with pytest.raises(GitError, match=r"refused access.*git token") as caught:
        await desk.check_out(url, token=token)
    assert desk.slept == []
    assert not isinstance(caught.value, GitUnreachableError)
    assert_no_secret(str(caught.value) + "".join(desk.said), "wrong-token-1234")


async def test_helpers_of_the_user_neither_answer_nor_store(
    desk: Desk, server: HttpServer, url: str, own_git: Path
) -> None:
    """A configured credential store, also one for this host, is not asked and gets nothing."""
    store = desk.home / "store"
    store.write_text("", encoding="utf-8")
    helper = f"store --file={store}"
    with own_git.open("a", encoding="utf-8") as file:
        file.write(f'[credential]\nhelper = "{helper}"\n')
        file.write(f'[credential "{server.url}"]\nhelper = "{helper}"\nusername = bob\n')
    server.order(users=[basic("oauth2", TOKEN)])
    await desk.check_out(url, token=TOKEN)
    assert store.read_text(encoding="utf-8") == ""


async def test_a_redirect_to_another_host_does_not_get_the_token(
    desk: Desk, server: HttpServer, url: str, remote: Remote, tmp_path: Path
) -> None:
    """What http.extraHeader would send to the second server stays with the first."""
    server.order(users=[basic("oauth2", TOKEN)])
    with http_server(remote.path.parent, tmp_path / "thief") as thief:
        other = thief.url.replace("127.0.0.1", "localhost")
        thief.order(users=[basic("oauth2", TOKEN)])
        server.order(redirect=other)
        with pytest.raises(GitError, match="refused access"):
            await desk.check_out(url, token=TOKEN)
        assert [one["auth"] for one in thief.requests() if one["auth"]] == []
        thief.order()
        assert (await desk.check_out(url, token=TOKEN)).subject == "first"
        assert {one["auth"] for one in thief.requests()} == {None}
        assert any(one["method"] == "POST" for one in thief.requests())


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_failing_server_gets_time(
    desk: Desk, server: HttpServer, url: str, status: int
) -> None:
    """Some failures of the server or the network are tried again, with growing pauses."""
    server.order(fail=3, status=status)
    assert (await desk.check_out(url, "main")).subject == "first"
    assert desk.slept == [2.0, 5.0, 15.0]
    assert [line for line in desk.said if "Next attempt in 5 s" in line]


async def test_a_dead_server_is_given_up(desk: Desk, server: HttpServer, url: str) -> None:
    """After the last attempt the error says how many there were and what to check."""
    dead = url.replace(server.url, "http://127.0.0.1:9")
    desk.limits = GitLimits(pauses=(1.0, 2.0))
    with pytest.raises(GitUnreachableError, match=r"\(3 attempts\) Check the network") as caught:
        await desk.check_out(dead)
    assert desk.slept == [1.0, 2.0]
    assert "git says: fatal: unable to access" in caught.value.cause


async def test_an_unknown_host_and_a_missing_repository_are_explained(
    desk: Desk, server: HttpServer
) -> None:
    """A host without an address, a host without this repository: two different errors."""
    desk.limits = GitLimits(pauses=())
    with pytest.raises(GitError, match="cannot be resolved"):
        await desk.check_out("http://no-such-host.invalid/x.git")
    with pytest.raises(GitError, match="was not found"):
        await desk.check_out(f"{server.url}/nothing.git")


async def test_a_mirror_survives_a_server_that_is_gone(
    desk: Desk, server: HttpServer, url: str
) -> None:
    """A failure of the server is never taken for damage: clone and mirror stay."""
    await desk.check_out(url)
    mirror = desk.mirrors[0].stat().st_ino
    (desk.folder / "ignored").mkdir()
    desk.limits = GitLimits(pauses=())
    for status in (403, 404, 418, 500):
        server.order(fail=100, status=status)
        with pytest.raises(GitError):
            await desk.check_out(url)
    assert desk.mirrors[0].stat().st_ino == mirror
    assert (desk.folder / "ignored").is_dir()
    server.order()
    await desk.check_out(url)


async def test_a_transfer_that_stalls_is_given_up(desk: Desk, server: HttpServer, url: str) -> None:
    """A server that accepts and then says nothing does not hang the run."""
    server.order(stall="GET")
    desk.limits = GitLimits(pauses=(), slow_time=1)
    with pytest.raises(GitUnreachableError, match="connection"):
        await desk.check_out(url)


def of_job(marker: str) -> list[psutil.Process]:
    """The processes that carry a job's marker."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARKER) == marker:
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_cancelling_ends_all_of_git_at_once(
    desk: Desk, server: HttpServer, url: str, method: str
) -> None:
    """In the middle of a transfer: no process is left, and the next checkout is whole."""
    server.order(stall=method)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(desk.check_out(url), name="checkout")
        await until(lambda: server.stalled)
        assert len(of_job(desk.marker)) >= 2
        before = asyncio.get_running_loop().time()
        task.cancel()
        await asyncio.wait([task])
        assert asyncio.get_running_loop().time() - before < 5.0
    assert of_job(desk.marker) == []
    server.order()
    assert (await desk.check_out(url)).subject == "first"


async def test_git_never_blocks_the_loop(desk: Desk, server: HttpServer, url: str) -> None:
    """While git works, everything else on the loop goes on."""
    longest, running = 0.0, True

    async def tick() -> None:
        nonlocal longest
        loop = asyncio.get_running_loop()
        while running:
            before = loop.time()
            await asyncio.sleep(0.001)
            longest = max(longest, loop.time() - before)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(tick(), name="tick")
        await desk.check_out(url)
        running = False
    assert longest < 0.25


async def test_nothing_of_git_reaches_a_job(desk: Desk, server: HttpServer, url: str) -> None:
    """After and between checkouts the agent's own environment is as it was."""
    before = dict(os.environ)
    server.order(users=[basic("oauth2", TOKEN)])
    await desk.check_out(url, token=TOKEN)
    assert dict(os.environ) == before
    env = clean_environment({}, desk.marker)
    assert holds_nothing_of_git(env)
    assert_no_secret("\n".join(env.values()))


async def test_a_plain_address_gets_a_warning(desk: Desk) -> None:
    """A token over http to another computer is said to be readable."""
    desk.limits = GitLimits(pauses=())
    with pytest.raises(GitError):
        await desk.check_out("http://no-such-host.invalid/x.git", token=TOKEN)
    assert desk.said[0].startswith("Warning: the git token travels unencrypted to no-such-host")


@posix
@pytest.mark.timeout(10)
async def test_ssh_cannot_ask(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ssh gets no terminal and batch mode; its refusal is explained."""
    fake = tmp_path / "bin" / "ssh"
    fake.parent.mkdir()
    fake.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/said\n'
        'if (exec < /dev/tty) 2>/dev/null; then echo "terminal" >&2; fi\n'
        'echo "git@host: Permission denied (publickey)." >&2\nexit 255\n',
        encoding="utf-8",
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(GitError, match="accepts no ssh key") as caught:
        await desk.check_out("git@host:group/project.git", token=TOKEN)
    assert "terminal" not in str(caught.value)
    options = (tmp_path / "said").read_text(encoding="utf-8")
    assert "BatchMode=yes" in options
    assert "StrictHostKeyChecking=accept-new" in options
    assert "git-upload-pack 'group/project.git'" in options
    assert "git token is not used" in desk.said[0]


@posix
async def test_the_users_ssh_command_is_respected(
    desk: Desk, tmp_path: Path, own_git: Path
) -> None:
    """core.sshCommand is what runs, with our options behind it."""
    fake = tmp_path / "ssh"
    fake.write_text('#!/bin/sh\necho "fatal: used $1 $2" >&2\nexit 1\n', encoding="utf-8")
    fake.chmod(0o755)
    with own_git.open("a", encoding="utf-8") as file:
        file.write(f"[core]\nsshCommand = {fake} -i /my/key\n")
    with pytest.raises(GitError, match="used -i /my/key"):
        await desk.check_out("ssh://git@host/group/project.git")


async def test_the_token_is_masked_in_what_the_server_says(
    desk: Desk, server: HttpServer, url: str
) -> None:
    """A path that holds the token (as a hostile or confused address may) is not shown."""
    desk.limits = GitLimits(pauses=())
    with pytest.raises(GitError) as caught:
        await desk.check_out(f"{server.url}/{'S3cretTokenInPath'}.git", token="S3cretTokenInPath")
    assert "S3cretTokenInPath" not in str(caught.value) + "".join(desk.said)


def test_a_source_does_not_show_its_secrets() -> None:
    """Neither the address, which may hold a password, nor the token is in its repr."""
    source = GitSource("https://alice:secret@host/x", "main", TOKEN)
    assert repr(source) == "GitSource(branch='main')"


async def test_a_token_with_a_line_break_is_refused(desk: Desk, url: str) -> None:
    """It could change what the credential helper answers."""
    with pytest.raises(GitError, match="line break") as caught:
        await checkout(GitSource(url, None, "abc\nhost=evil"), desk.folder, desk.bench())
    assert "evil" not in str(caught.value)
