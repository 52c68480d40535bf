"""Addresses: what is allowed, what git gets to see of it, what is secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.jobs.git import GitError, GitSource, secrets_of
from app.jobs.git_address import Transport, read_address


@pytest.mark.parametrize(
    ("text", "url", "transport"),
    [
        ("https://host/a/b.git", "https://host/a/b.git", Transport.HTTP),
        ("  https://host/a/b.git\n", "https://host/a/b.git", Transport.HTTP),
        ("https://u:p@host:8443/a", "https://host:8443/a", Transport.HTTP),
        ("https://u:p@w@host/a", "https://host/a", Transport.HTTP),
        ("http://[::1]:80/a", "http://[::1]:80/a", Transport.HTTP),
        ("ssh://git@host:22/a", "ssh://git@host:22/a", Transport.SSH),
        ("ssh://git:pw@host/a", "ssh://git@host/a", Transport.SSH),
        ("git+ssh://git@host/a", "ssh://git@host/a", Transport.SSH),
        ("git@host:group/project.git", "git@host:group/project.git", Transport.SSH),
        ("host:project", "host:project", Transport.SSH),
        ("git@[::1]:x", "git@[::1]:x", Transport.SSH),
        ("git://host/a", "git://host/a", Transport.GIT),
        ("file:///srv/x.git", "file:///srv/x.git", Transport.FILE),
        ("/srv/x.git", "/srv/x.git", Transport.FILE),
        ("C:\\repos\\项目", "C:\\repos\\项目", Transport.FILE),
        ("D:/repos/x", "D:/repos/x", Transport.FILE),
        ("\\\\server\\share\\x", "\\\\server\\share\\x", Transport.FILE),
    ],
)
def test_addresses(text: str, url: str, transport: Transport) -> None:
    """Each kind is known, and its credentials are out of what git and people see."""
    address = read_address(text)
    assert (address.url, address.transport) == (url, transport)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "--upload-pack=touch x",
        "-x",
        "ext::sh -c 'touch x'",
        "fd::3",
        "https::https://host/a",
        "ftp://host/a",
        "rsync://host/a",
        "javascript://x",
        "https://",
        "https:///path",
        "https://-oProxyCommand=x/a",
        "ssh://-oProxyCommand=touch/a",
        "ssh://-oX@host/a",
        "-oProxyCommand=touch@host:a",
        "git@-oProxyCommand=touch:a",
        "host:-path",
        "https://host:port/a",
        "https://[bad/a",
        "relative/path",
        "./x",
        "../x",
        "github.com/a/b",
        "https://host/a\nb",
        "https://host/a\0",
    ],
)
def test_refused_addresses(text: str) -> None:
    """Options, remote helpers, unknown schemes and what is no address at all say what to write."""
    with pytest.raises(GitError, match="Write it like https"):
        read_address(text)


def test_a_refused_address_keeps_its_password() -> None:
    """What is refused is not shown where it may hold credentials."""
    for text in ("ftp://alice:secret99@host/a", "https://alice:secret99@host:x/a"):
        with pytest.raises(GitError) as caught:
            read_address(text)
        assert "secret99" not in str(caught.value)


def test_credentials_are_read_and_not_shown() -> None:
    """Names and passwords are decoded, and are in no repr."""
    address = read_address("https://al%40x:p%3Aw%2F@host:8443/a")
    assert (address.user, address.password) == ("al@x", "p:w/")
    assert address.scope == "https://host:8443"
    assert "p:w" not in repr(address)


def test_secrets_of_a_source() -> None:
    """The token, a password, and a name that stands alone (it may be a token)."""
    assert "t0ken" in secrets_of(GitSource("https://host/a", None, "t0ken"))
    assert "pass" in secrets_of(GitSource("https://alice:pass@host/a"))
    assert "alice" not in secrets_of(GitSource("https://alice:pass@host/a"))
    assert "ghp_x" in secrets_of(GitSource("https://ghp_x@host/a"))
    assert list(secrets_of(GitSource("nonsense", None, "t0ken"))) == ["t0ken"]


def test_names_of_mirrors() -> None:
    """They are readable, differ for different addresses, and are the same for all credentials."""
    name = read_address("https://host/group/project.git").name
    assert name.startswith("host-group-project-")
    assert name == read_address("https://alice:pw@host/group/project.git").name
    assert name != read_address("https://host/group-project.git").name
    assert read_address("https://host/" + "长" * 300).name.endswith(".git")
    assert len(read_address("https://host/" + "x" * 300).name) < 65


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("http://host/a", True),
        ("http://10.0.0.1/a", True),
        ("http://localhost:8080/a", False),
        ("http://127.0.0.1/a", False),
        ("http://[::1]/a", False),
        ("https://host/a", False),
    ],
)
def test_where_credentials_would_be_readable(text: str, plain: bool) -> None:
    """Only http to another computer."""
    assert read_address(text).is_plain_http is plain


@given(st.text(max_size=60) | st.from_regex(r"\A[a-z+]{1,6}:[/:\[\]@-]{0,4}.{0,20}\Z"))
def test_any_text_is_an_address_or_an_error(text: str) -> None:
    """Nothing else is raised, and no address begins like an option."""
    try:
        address = read_address(text)
    except GitError:
        return
    assert not address.url.startswith("-")
    assert not address.host.startswith("-")
