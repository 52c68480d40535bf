"""The environment of git: prompts off, secrets scoped, nothing odd inherited."""

import subprocess
from pathlib import Path

import pytest

from app.host.containment import MARKER, clean_environment
from app.jobs.git import GitError, GitLimits
from app.jobs.git_address import read_address
from app.jobs.git_env import (
    LOCAL,
    PASSWORD,
    USER,
    access_to,
    environment,
    holds_nothing_of_git,
    ssh_command,
    warning_about,
)

LIMITS = GitLimits()


def env_of(url: str, token: str | None) -> dict[str, str]:
    """The environment for an address."""
    return environment("m4rk", access_to(read_address(url), token), LIMITS, "ssh -o X")


def settings(env: dict[str, str]) -> dict[str, str]:
    """What git reads from it as configuration."""
    count = int(env["GIT_CONFIG_COUNT"])
    return {env[f"GIT_CONFIG_KEY_{n}"]: env[f"GIT_CONFIG_VALUE_{n}"] for n in range(count)}


def test_nothing_can_ask() -> None:
    """Every known way of asking is closed, and the marker is there."""
    env = env_of("https://host/a", None)
    assert env[MARKER] == "m4rk"
    assert env["GIT_TERMINAL_PROMPT"] == "0"
    assert env["GCM_INTERACTIVE"] == "never"
    assert env["GIT_ASKPASS"] == env["SSH_ASKPASS"] == ""
    assert settings(env)["credential.helper"] == ""
    assert settings(env)["core.askPass"] == ""


def test_credentials_are_for_one_host() -> None:
    """A helper that answers from two variables, for the scheme, host and port of the address."""
    env = env_of("https://host:8443/a/b", "t0ken")
    helper = settings(env)["credential.https://host:8443.helper"]
    assert (env[USER], env[PASSWORD]) == ("oauth2", "t0ken")
    assert "t0ken" not in helper


def test_the_helper_answers_only_when_it_is_asked(tmp_path: Path) -> None:
    """git's own `credential fill` gets name and password for the host, and none for another."""
    env = {**env_of("https://host/a", 'q"u$o`t\\e'), "HOME": str(tmp_path)}
    answers = [
        subprocess.run(
            ["git", "credential", "fill"],  # noqa: S607 (the git of this computer)
            input=f"protocol=https\nhost={host}\n\n",
            env=env,
            cwd=tmp_path,
            capture_output=True,
            encoding="utf-8",
            check=False,
        ).stdout
        for host in ("host", "other")
    ]
    assert answers[0].splitlines()[2:] == ["username=oauth2", 'password=q"u$o`t\\e']
    assert answers[1] == ""


@pytest.mark.parametrize(
    ("url", "token", "user"),
    [
        ("https://host/a", "t", "oauth2"),
        ("https://github.com/a/b", "t", "oauth2"),
        ("https://bitbucket.org/a/b", "t", "x-token-auth"),
        ("https://deploy@host/a", "t", "deploy"),
        ("https://deploy:pw@host/a", "t", "deploy"),
    ],
)
def test_who_the_token_belongs_to(url: str, token: str, user: str) -> None:
    """The address says it; else it is what the host expects."""
    access = access_to(read_address(url), token)
    assert (access.user, access.password) == (user, token)


@pytest.mark.parametrize("url", ["ssh://git@host/a", "git@host:a", "/srv/a", "git://host/a"])
def test_credentials_go_with_http_only(url: str) -> None:
    """Elsewhere nothing of them is in the environment, and the user is told."""
    env = env_of(url, "t0ken")
    assert "t0ken" not in str(env)
    assert holds_nothing_of_git(env)
    assert "not used" in warning_about(read_address(url), access_to(read_address(url), "t"), "t")


def test_the_way_from_the_mirror_is_local() -> None:
    """Without network and credentials."""
    env = environment("m", LOCAL, LIMITS, "ssh")
    assert env["GIT_ALLOW_PROTOCOL"] == "file"
    assert holds_nothing_of_git(env)
    assert "file" not in env_of("https://host/a", None)["GIT_ALLOW_PROTOCOL"]


@pytest.mark.parametrize("token", ["a\nb", "a\0b", "a\ud800"])
def test_credentials_that_break_lines_are_refused(token: str) -> None:
    """They could say more than a password."""
    with pytest.raises(GitError, match="line break"):
        env_of("https://host/a", token)
    with pytest.raises(GitError, match="line break"):
        env_of("https://u:p%0Aquit=1@host/a", None)


def test_what_git_inherits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What whoever started the agent had in hand goes, how to reach the network stays."""
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_TRACE", "GIT_CURL_VERBOSE", "GIT_TRACE_CURL"):
        monkeypatch.setenv(name, "/tmp/x")  # noqa: S108 (nothing is written)
    monkeypatch.setenv("GIT_SSL_CAINFO", "/ca")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "http.proxy")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "http://proxy")
    env = env_of("https://host/a", None)
    assert not {"GIT_DIR", "GIT_INDEX_FILE", "GIT_TRACE", "GIT_CURL_VERBOSE"} & env.keys()
    assert env["GIT_SSL_CAINFO"] == "/ca"
    assert settings(env)["http.proxy"] == "http://proxy"
    assert settings(env)["credential.helper"] == ""


def test_a_job_gets_nothing_of_it() -> None:
    """The environment of a job is made without git's; one of git's is recognised."""
    env = env_of("https://host/a", "t0ken")
    assert not holds_nothing_of_git(env)
    assert not holds_nothing_of_git({PASSWORD: "x"})
    assert holds_nothing_of_git(clean_environment({}, "m4rk"))


@pytest.mark.parametrize(
    ("variables", "configured", "begins"),
    [
        ({}, "", "ssh -o BatchMode=yes"),
        ({}, "ssh -i key", "ssh -i key -o BatchMode=yes"),
        ({"GIT_SSH_COMMAND": "ssh -4"}, "ssh -i key", "ssh -4 -o BatchMode=yes"),
        ({"GIT_SSH": "/my tools/ssh"}, "", "'/my tools/ssh' -o BatchMode=yes"),
        ({"GIT_SSH": "C:\\PuTTY\\plink.exe"}, "", "'C:\\PuTTY\\plink.exe' -batch"),
    ],
)
def test_the_ssh_command(variables: dict[str, str], configured: str, begins: str) -> None:
    """The user's own way of calling ssh is kept and asks nothing."""
    assert ssh_command(variables, configured, LIMITS).startswith(begins)
