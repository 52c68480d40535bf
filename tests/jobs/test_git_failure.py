"""What git writes when it fails → cause and next step, and whether another attempt is worth it."""

import pytest

from app.jobs.git_failure import (
    GitBrokenError,
    GitError,
    GitUnreachableError,
    Kind,
    explain,
    failure,
)


@pytest.mark.parametrize(
    ("line", "error", "words"),
    [
        ("fatal: Authentication failed for 'https://host/x/'", GitError, "git token"),
        ("fatal: could not read Username for 'https://host': terminal prompts disabled", GitError,
         "git token"),
        ("fatal: unable to access 'https://h/x/': The requested URL returned error: 403", GitError,
         "refused access"),
        ("remote: HTTP Basic: Access denied. The provided password or token is incorrect",
         GitError, "refused access"),
        ("remote: Repository not found.", GitError, "was not found"),
        ("ERROR: Repository not found.", GitError, "was not found"),
        ("remote: The project you were looking for could not be found", GitError, "not found"),
        ("fatal: '/x' does not appear to be a git repository", GitError, "was not found"),
        ("git@host: Permission denied (publickey).", GitError, "public key"),
        ("Host key verification failed.", GitError, "ssh-keygen -R"),
        ("fatal: unable to access 'x': Could not resolve host: h", GitUnreachableError, "resolved"),
        ("ssh: Could not resolve hostname h: Name or service not known", GitUnreachableError,
         "resolved"),
        ("fatal: unable to access 'x': Could not resolve proxy: p", GitUnreachableError, "proxy"),
        ("fatal: unable to access 'x': Received HTTP code 407 from proxy after CONNECT",
         GitUnreachableError, "HTTPS_PROXY"),
        ("fatal: unable to access 'x': SSL certificate problem: self signed certificate", GitError,
         "sslCAInfo"),
        ("fatal: unable to access 'x': schannel: next InitializeSecurityContext failed", GitError,
         "schannel"),
        ("fatal: unable to access 'x': Failed to connect to h port 443: Connection refused",
         GitUnreachableError, "network"),
        ("error: RPC failed; curl 56 GnuTLS recv error (-54)", GitUnreachableError, "network"),
        ("fatal: the remote end hung up unexpectedly", GitUnreachableError, "network"),
        ("error: RPC failed; HTTP 502 curl 22 The requested URL returned error: 502",
         GitUnreachableError, "network"),
        ("fatal: unable to access 'x': Operation too slow. Less than 1000 bytes/sec transferred",
         GitUnreachableError, "network"),
        ("ssh: connect to host h port 22: Connection timed out", GitUnreachableError, "network"),
        ("kex_exchange_identification: Connection closed by remote host", GitUnreachableError,
         "network"),
        ("fatal: write error: No space left on device", GitError, "Free some space"),
        ("error: unable to create file a/b: Filename too long", GitError, "long paths"),
        ("error: invalid path 'aux.c'", GitError, "Rename the file"),
        ("fatal: detected dubious ownership in repository at '/x'", GitError, "safe.directory"),
        ("fatal: transport 'file' not allowed", GitError, "https or ssh"),
        ("fatal: couldn't find remote ref refs/pull/9/head", GitError, "branch"),
        ("fatal: remote error: upload-pack: not our ref 0123", GitError, "Push the submodule"),
        ("git-lfs filter-process: 1: git-lfs: not found", GitError, "Install git-lfs"),
        ("batch response: Post https://h: Object does not exist on the server", GitError, "LFS"),
        ("error: cannot run ssh: No such file or directory", GitError, "Install OpenSSH"),
    ],
)  # fmt: skip
def test_known_failures(line: str, error: type[GitError], words: str) -> None:
    """Each has its own words, is repeated only where time helps, and quotes git."""
    why = explain(["Cloning into 'x'...", line])
    assert type(why) is error
    assert words in str(why)
    assert line[:60] in why.cause
    assert why.next_step


def test_unknown_failures_may_be_damage() -> None:
    """They quote git and lead to a repair; so do broken connections within this computer."""
    why = explain(["fatal: loose object 0123 is corrupt"])
    assert type(why) is GitBrokenError
    assert "loose object" in str(why)
    assert type(explain(["fatal: early EOF"], local=True)) is GitBrokenError
    assert type(explain([], local=True)) is GitBrokenError
    assert type(explain(["No space left on device"], local=True)) is GitError


def test_the_first_error_is_quoted_with_what_the_server_says() -> None:
    """Not the last consequence, and never without bounds."""
    lines = [
        "remote: You are not allowed to download code from this project.",
        "fatal: unable to access 'x': The requested URL returned error: 403",
        "fatal: could not fetch",
    ]
    why = explain(lines)
    assert "not allowed to download" in why.cause
    assert "error: 403" in why.cause
    assert "could not fetch" not in why.cause
    assert len(explain(["fatal: " + "x" * 10_000]).cause) < 500


def test_missing_lfs() -> None:
    """The same words whether we or git find out."""
    assert str(failure(Kind.LFS_MISSING)) == str(explain(["git-lfs: command not found"])).replace(
        " git says: git-lfs: command not found", ""
    )
