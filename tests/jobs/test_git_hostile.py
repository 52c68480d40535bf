"""What a job left in its clone neither runs in the next checkout nor misleads or stops it."""

import base64
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from app.jobs.git_restore import keep_data, remove_pipes
from tests.fakes.git_desk import (  # noqa: F401 (the fixtures)
    Desk,
    empty_desk,
    isolated_git,
    small_remote,
)
from tests.fakes.git_remote import HttpServer, Remote, http_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="other system: sh, links, pipes"),
]
TOKEN = "glpat-S3cretOfTheRepository"
BASIC = "Basic " + base64.b64encode(f"oauth2:{TOKEN}".encode()).decode()
SUB = Path(".git/modules/sub")

Harm = Callable[[Path, str], None]  # a clone, a command that must not run


def write(path: Path, text: str) -> None:
    """Write a program or another file, its folder too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def make_pipe(path: Path) -> None:
    """Make a named pipe."""
    if sys.platform != "win32":
        os.mkfifo(path)


@pytest.fixture
def inner(tmp_path: Path, remote: Remote) -> Remote:
    """The submodule `sub` of `remote`, by an address that is good in folders and over HTTP."""
    made = Remote.make(tmp_path / "remotes" / "inner")
    made.commit("inner", {"a.txt": "inner\n"})
    text = '[submodule "sub"]\n\tpath = sub\n\turl = ../../inner/.git\n'
    (remote.path / ".gitmodules").write_text(text, encoding="utf-8")
    link = f"160000,{made.git('rev-parse', 'HEAD')},sub"
    remote.git("update-index", "--add", "--cacheinfo", link)
    remote.git("add", ".gitmodules")
    (remote.path / "sub").mkdir()  # else it would count as removed
    remote.git("commit", "--quiet", "--message", "with sub")
    return made


@pytest.fixture
def server(remote: Remote, inner: Remote, tmp_path: Path) -> Iterator[HttpServer]:
    """A server of both that wants the token."""
    with http_server(remote.path.parent, tmp_path / "server") as running:
        running.order(users=[BASIC], secret=TOKEN)
        yield running


@pytest.fixture
def url(server: HttpServer, remote: Remote) -> str:
    """The address of `remote` there."""
    return f"{server.url}/{quote(remote.path.name)}/.git"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder that is no concern of the agent."""
    folder = tmp_path / "outside"
    folder.mkdir()
    write(folder / "precious", "p")
    return folder


def evil_settings(command: str) -> str:
    """A configuration with all that makes git run something."""
    return (
        f'[filter "evil"]\n\tsmudge = "{command}; cat"\n\tclean = "{command}; cat"\n'
        f'[filter "lfs"]\n\tsmudge = "{command}; cat"\n\tprocess = "{command}"\n'
        f'[core]\n\tsshCommand = "{command}"\n\tfsmonitor = "{command}"\n'
        f'\talternateRefsCommand = "{command}"\n\thooksPath = hooks\n\tgitProxy = "{command}"\n'
        f'[submodule "sub"]\n\tupdate = "!{command}"\n'
        f'[credential]\n\thelper = "!{command}"\n'
        f'[lfs "customtransfer.basic"]\n\tpath = sh\n\targs = "-c \'{command}\'"\n'
        f'[uploadpack]\n\tpackObjectsHook = "{command}"\n'
    )


def poison(git_dir: Path, command: str) -> None:
    """Put all that into a repository, with hooks and with attributes that want the filter."""
    with (git_dir / "config").open("a", encoding="utf-8") as file:
        file.write(evil_settings(command))
    write(git_dir / "info" / "attributes", "* filter=evil\n")
    for name in ("post-checkout", "reference-transaction", "pre-auto-gc", "post-index-change"):
        write(git_dir / "hooks" / name, f"#!/bin/sh\n{command}\n")


def poison_clone(folder: Path, command: str) -> None:
    """In the clone itself."""
    poison(folder / ".git", command)


def poison_submodule(folder: Path, command: str) -> None:
    """In the repository of the submodule."""
    poison(folder / SUB, command)


def poison_stamp(folder: Path, command: str) -> None:
    """In what the agent notes about the clone."""
    stamp = folder / ".git" / "ats-agent.json"
    told = json.loads(stamp.read_text(encoding="utf-8"))
    told["config"] = (folder / ".git" / "config").read_text("utf-8") + evil_settings(command)
    stamp.write_text(json.dumps(told), encoding="utf-8")


def another_common_folder(folder: Path, command: str) -> None:
    """By a file that makes git read its configuration elsewhere."""
    other = folder.parent / "other"
    Remote.make(other)
    poison(other / ".git", command)
    write(folder / ".git" / "commondir", f"{other}/.git\n")
    write(folder / SUB / "commondir", f"{other}/.git\n")


def settings_of_the_work_tree(folder: Path, command: str) -> None:
    """By the second configuration file that a repository may have."""
    for git_dir in (folder / ".git", folder / SUB):
        write(git_dir / "config.worktree", evil_settings(command))
        Remote(git_dir).git("config", "extensions.worktreeConfig", "true")


def another_repository(folder: Path, command: str) -> None:
    """By a repository of the job's own in place of the submodule."""
    (folder / "sub" / ".git").unlink()
    Remote(folder / "sub").git("init", "--quiet")
    poison(folder / "sub" / ".git", command)


def a_way_to_another_repository(folder: Path, command: str) -> None:
    """By a file that says the submodule's repository is elsewhere."""
    other = folder.parent / "other"
    Remote.make(other)
    poison(other / ".git", command)
    write(folder / "sub" / ".git", f"gitdir: {other}/.git\n")


HARMS: list[Harm] = [
    poison_clone,
    poison_submodule,
    poison_stamp,
    another_common_folder,
    settings_of_the_work_tree,
    another_repository,
    a_way_to_another_repository,
]


@pytest.mark.parametrize("harm", HARMS)
async def test_what_a_job_left_does_not_run(
    desk: Desk, remote: Remote, url: str, tmp_path: Path, harm: Harm
) -> None:
    """Nothing that a job wrote into its clone is executed, so nothing of it sees the token."""
    await desk.check_out(url, token=TOKEN)
    harm(desk.folder, f"env >> {tmp_path}/stolen")
    (desk.folder / "sub" / "a.txt").unlink()
    (desk.folder / "readme.txt").unlink()
    remote.commit("second", {"readme.txt": "two\n"})
    assert (await desk.check_out(url, token=TOKEN)).subject == "second"
    assert (desk.read("readme.txt"), desk.read("sub/a.txt")) == ("two\n", "inner\n")
    assert not (tmp_path / "stolen").exists()
    assert desk.git("status", "--porcelain") == ""
    assert Remote(desk.folder / "sub").git("status", "--porcelain") == ""
    assert not (tmp_path / "stolen").exists()


async def test_git_in_the_clone_has_no_token(
    desk: Desk, remote: Remote, url: str, own_git: Path, tmp_path: Path
) -> None:
    """Filters that this computer's user has configured run, in the submodule too, without it."""
    with own_git.open("a", encoding="utf-8") as file:
        file.write(f'[filter "own"]\n\tsmudge = "env >> {tmp_path}/seen; cat"\n')
    (remote.path.parent / "inner" / ".gitattributes").write_text("* filter=own\n", "utf-8")
    inner = Remote(remote.path.parent / "inner")
    head = inner.commit("filtered", {})
    remote.git("update-index", "--cacheinfo", f"160000,{head},sub")
    remote.git("commit", "--quiet", "--message", "newer sub")
    await desk.check_out(url, token=TOKEN)
    seen = (tmp_path / "seen").read_text(encoding="utf-8")
    assert "GIT_DIR=" in seen
    assert TOKEN not in seen


async def test_what_a_job_left_in_the_mirror_does_not_run(
    desk: Desk, remote: Remote, url: str, tmp_path: Path
) -> None:
    """The mirrors' configuration is written anew before they are used."""
    await desk.check_out(url, token=TOKEN)
    for mirror in desk.mirrors:
        poison(mirror, f"env >> {tmp_path}/stolen")
    remote.commit("second", {})
    assert (await desk.check_out(url, token=TOKEN)).subject == "second"
    assert not (tmp_path / "stolen").exists()


async def test_large_files_come_by_our_settings(desk: Desk, remote: Remote, tmp_path: Path) -> None:
    """Neither a filter nor a transfer of the job's fetches them, and no link leads them away."""
    remote.git("lfs", "install", "--local")
    attributes = "*.bin filter=lfs diff=lfs merge=lfs -text\n"
    remote.commit("large", {".gitattributes": attributes, "a.bin": "L" * 99})
    await desk.check_out(remote)
    poison(desk.folder / ".git", f"env >> {tmp_path}/stolen")
    desk.git("config", "lfs.storage", str(tmp_path / "elsewhere"))
    remote.commit("larger", {"a.bin": "M" * 99})
    await desk.check_out(remote)
    assert desk.read("a.bin") == "M" * 99
    assert not (tmp_path / "stolen").exists()
    assert not (tmp_path / "elsewhere").exists()
    (desk.folder / ".git" / "lfs").rename(tmp_path / "lfs")
    (desk.folder / ".git" / "lfs").symlink_to(tmp_path / "lfs")
    before = sorted(tmp_path.joinpath("lfs").rglob("*"))
    remote.commit("largest", {"a.bin": "N" * 99})
    await desk.check_out(remote)
    assert desk.read("a.bin") == "N" * 99
    assert sorted(tmp_path.joinpath("lfs").rglob("*")) == before


@pytest.mark.parametrize(
    "name",
    ["", ".git", ".git/objects", ".git/objects/pack", ".git/refs", ".git/refs/heads", ".git/index",
     ".git/packed-refs", ".git/config", ".git/HEAD", ".git/info", ".git/logs", ".git/modules",
     str(SUB), str(SUB / "objects"), str(SUB / "config"), str(SUB / "refs"), "sub", "sub/.git",
     ".gitmodules", ".gitignore"],
)  # fmt: skip
async def test_links_are_not_followed(
    desk: Desk, remote: Remote, inner: Remote, outside: Path, name: str
) -> None:
    """Whatever a job replaces by a link: nothing is written or removed where it leads."""
    address = f"{remote.path}/.git"
    await desk.check_out(address)
    here, there = desk.folder / name, outside / "there"
    if here.exists():
        here.rename(there)
    else:
        there.mkdir()
    here.symlink_to(there)
    before = contents(outside)
    head = inner.commit("newer", {"a.txt": "newer\n"})
    remote.git("update-index", "--cacheinfo", f"160000,{head},sub")
    remote.git("commit", "--quiet", "--message", "second")
    for _time in range(2):
        assert (await desk.check_out(address)).subject == "second"
        assert contents(outside) == before
    assert (desk.read("sub/a.txt"), desk.read("readme.txt")) == ("newer\n", "one\n")
    assert desk.git("status", "--porcelain") == ""


def contents(folder: Path) -> dict[str, bytes | None]:
    """All that is in a folder, byte for byte."""
    return {str(path): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.mark.parametrize(
    "name",
    [".git/ats-agent.json", ".git/config", ".git/HEAD", ".git/index", ".git/packed-refs",
     ".git/shallow", ".git/commondir", ".git/refs/heads/main", ".git/objects/info/alternates",
     ".git/objects/pack/pack-1.idx", ".git/info/exclude", ".git/info/sparse-checkout",
     str(SUB / "config"), str(SUB / "HEAD"), str(SUB / "info" / "attributes"), "sub/.git",
     "sub/.gitignore", "sub/.gitattributes", ".gitignore", ".gitattributes", ".gitmodules",
     "readme.txt", "ignored/.gitignore", "new/.git/HEAD", "new/.gitignore"],
)  # fmt: skip
@pytest.mark.timeout(10)
async def test_pipes_do_not_block(
    desk: Desk, remote: Remote, inner: Remote, outside: Path, name: str
) -> None:
    """A pipe in place of any file that we or git open, or a link to one, makes nothing wait."""
    address = f"{remote.path}/.git"
    await desk.check_out(address)
    make_pipe(outside / "pipe")
    for make in (make_pipe, lambda path: path.symlink_to(outside / "pipe")):
        pipe = desk.folder / name
        pipe.parent.mkdir(parents=True, exist_ok=True)
        pipe.unlink(missing_ok=True)
        make(pipe)
        assert (await desk.check_out(address)).subject == "with sub"
        assert (desk.read("readme.txt"), desk.read("sub/a.txt")) == ("one\n", "inner\n")


async def test_objects_of_others_are_not_taken(desk: Desk, remote: Remote, outside: Path) -> None:
    """Neither borrowed objects nor replaced ones change what a commit is."""
    await desk.check_out(remote)
    head = desk.git("rev-parse", "HEAD")
    desk.git("commit", "--quiet", "--allow-empty", "--message", "other")
    desk.git("rm", "--quiet", "readme.txt")
    desk.git("commit", "--quiet", "--message", "other")
    desk.git("replace", head, "HEAD")
    desk.git("pack-refs", "--all")
    write(desk.folder / ".git/objects/info/alternates", f"{outside}\n")
    assert (await desk.check_out(remote)).subject == "first"
    assert desk.read("readme.txt") == "one\n"
    assert not (desk.folder / ".git/objects/info/alternates").exists()


async def test_ignored_files_of_a_submodule_stay(desk: Desk, remote: Remote, inner: Remote) -> None:
    """What its own repository ignores survives, and unchanged files are not written again."""
    address = f"{remote.path}/.git"
    await desk.check_out(address)
    write(desk.folder / "sub" / "ignored" / "venv", "kept")
    written = (desk.folder / "sub" / "a.txt").stat().st_mtime_ns
    await desk.check_out(address)
    assert desk.read("sub/ignored/venv") == "kept"
    assert (desk.folder / "sub" / "a.txt").stat().st_mtime_ns == written


async def test_a_submodule_that_is_there_needs_no_network(
    desk: Desk, server: HttpServer, url: str
) -> None:
    """Its commit is pinned, so a mirror that has it is not asked for news."""
    await desk.check_out(url, token=TOKEN)
    asked = len([one for one in server.requests() if "/inner/" in one["path"]])
    await desk.check_out(url, token=TOKEN)
    assert asked == len([one for one in server.requests() if "/inner/" in one["path"]]) > 0


async def test_submodules_that_are_not_wanted_stay_away(
    desk: Desk, remote: Remote, inner: Remote
) -> None:
    """`update = none` in .gitmodules is respected."""
    remote.git("config", "--file", ".gitmodules", "submodule.sub.update", "none")
    remote.git("commit", "--quiet", "--all", "--message", "without")
    await desk.check_out(f"{remote.path}/.git")
    assert list((desk.folder / "sub").iterdir()) == []


async def test_a_damaged_mirror_of_a_submodule_is_made_anew(
    desk: Desk, remote: Remote, inner: Remote
) -> None:
    """Objects that are cut off there come again from the remote."""
    address = f"{remote.path}/.git"
    await desk.check_out(address)
    for mirror in desk.mirrors:
        for path in [*mirror.glob("objects/??/*"), *mirror.glob("objects/pack/*.pack")]:
            path.chmod(0o644)
            with path.open("r+b") as file:
                file.truncate(9)
    await desk.check_out(address)
    other = Desk(desk.home, desk.home / "suites" / "two" / "repo")
    await other.check_out(address)
    assert other.read("sub/a.txt") == "inner\n"


async def test_the_jobs_own_git_knows_where_it_is(desk: Desk, remote: Remote) -> None:
    """Remote and upstream are configured as `git clone` does it, whatever the branch's name."""
    remote.git("branch", "a'b/中文\"")
    await desk.check_out(remote)
    assert desk.git("rev-parse", "--abbrev-ref", "@{upstream}") == "origin/main"
    await desk.check_out(remote, "a'b/中文\"")
    assert desk.git("rev-parse", "--symbolic-full-name", "@{upstream}").startswith("refs/remotes/")
    assert desk.git("config", "core.longpaths") == "true"


def test_only_data_stays(tmp_path: Path) -> None:
    """Of a repository the objects, references and the like stay; what is none is told."""
    Remote.make(tmp_path / "a")
    git_dir = tmp_path / "a" / ".git"
    write(git_dir / "commondir", "/elsewhere")
    assert keep_data(git_dir)
    assert {path.name for path in git_dir.iterdir()} == {"objects", "refs", "index"}
    make_pipe(git_dir / "objects" / "x")
    assert not keep_data(git_dir)
    assert not keep_data(tmp_path / "nothing")
    (tmp_path / "b").mkdir()
    assert not keep_data(tmp_path / "b")


def test_pipes_are_removed_everywhere(tmp_path: Path) -> None:
    """In deep folders as well; links to folders are not followed, other files stay."""
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    for top in (outside, folder):
        write(top / "deep" / "file", "x")
        make_pipe(top / "deep" / "pipe")
    (folder / "link").symlink_to(outside)
    (folder / "broken").symlink_to("nowhere")
    remove_pipes(folder)
    assert {path.name for path in folder.rglob("*")} == {"deep", "file", "link", "broken"}
    assert (outside / "deep" / "pipe").exists()
