"""Read, write, delete, mkdir on real files (app/workspace/operations.py)."""

import base64
import errno
import os
import socket
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.protocol import codec
from app.protocol.messages import WorkspaceVerb
from app.workspace.operations import READ_LIMIT
from tests.workspace.conftest import DELETE, LIST, MKDIR, READ, WRITE, Yard
from tests.workspace.test_path import ODD, WAYS_OUT

FRAME = 16 * 2**20  # bytes that the platform takes
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="other system: POSIX only")


@pytest.mark.parametrize("verb", [LIST, READ, WRITE, DELETE, MKDIR])
def test_hostile_paths(yard: Yard, verb: WorkspaceVerb) -> None:
    """Refused by every operation, in the same words on every system; nothing is made."""
    for path in (*WAYS_OUT, *ODD):
        answer = yard.ask(verb, path, "x")
        assert not answer.success, path
        assert "is refused" in answer.error, path
    assert list(yard.root.iterdir()) == []


@pytest.mark.parametrize("verb", [LIST, READ, WRITE, DELETE, MKDIR])
@pytest.mark.parametrize("path", ["out/secret.txt", "out", "out/deep", "far/out/new", "up/secret"])
def test_links_that_lead_out(yard: Yard, path: str, verb: WorkspaceVerb) -> None:
    """A link out is refused wherever it stands in the path; deleted, it goes as a link."""
    (yard.root / "out").symlink_to(yard.outside)
    (yard.root / "up").symlink_to("..")
    (yard.root / "far").symlink_to(yard.root)
    answer = yard.ask(verb, path, "x")
    assert answer.success is (verb is DELETE and path == "out")
    assert (yard.root / "out").is_symlink() is not answer.success
    if not answer.success:
        assert "link leads out" in answer.error


def test_a_loop_of_links(yard: Yard) -> None:
    """It is an error like any other, and can be removed."""
    (yard.root / "a").symlink_to("b")
    (yard.root / "b").symlink_to("a")
    for verb in (LIST, READ, WRITE, MKDIR):
        assert not yard.ask(verb, "a/x", "x").success
    assert yard.ask(DELETE, "a").success


@posix_only
def test_odd_names_that_exist_are_served(yard: Yard) -> None:
    """What a test has written here can be read and removed, but not made from afar."""
    for name in ("12:30:05.log", "nul", "what?", "x."):
        (yard.root / name).write_text("x", encoding="utf-8")
        assert yard.ask(READ, name).data["content"] == "x"
        assert not yard.ask(WRITE, name, "y").success
        assert yard.ask(DELETE, name).success
    assert yard.ask(LIST, "").data == []


# ------------------------------------------------------------ read


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "UTF-16"])
def test_text_is_read_in_the_asked_encoding(yard: Yard, encoding: str) -> None:
    """Byte for byte: line ends stay as they are."""
    content = "一行\r\n二行\n\tend"
    data = content.encode(encoding)
    (yard.root / "报告.txt").write_bytes(data)
    answer = yard.ask(READ, "报告.txt", encoding=encoding)
    assert answer.data == {"content": content, "encoding": encoding, "size": len(data)}


@pytest.mark.parametrize("data", ["汉字".encode("gbk"), b"\x89PNG\0\x1a", bytes(range(256))])
def test_what_is_no_text_is_read_as_base64(yard: Yard, data: bytes) -> None:
    """Nothing is lost of a binary file, or of text in another encoding."""
    (yard.root / "a").write_bytes(data)
    answer = yard.ask(READ, "a")
    assert answer.data["encoding"] == "base64"
    assert base64.b64decode(answer.data["content"]) == data
    assert answer.data["size"] == len(data)


@pytest.mark.parametrize(
    ("data", "encoding", "said"),
    [
        (b"x" * READ_LIMIT, "utf-8", "utf-8"),
        (os.urandom(2**20) * 10, "utf-8", "base64"),
        (b'"' * READ_LIMIT, "utf-8", "base64"),  # as text 20 MiB on the wire
        (b"\x01" * READ_LIMIT, "utf-8", "base64"),  # as text 60 MiB
        (b"\\" * (READ_LIMIT // 2), "utf-8", "utf-8"),
        ("汉".encode("gbk") * (READ_LIMIT // 2), "gbk", "utf-8 or base64"),  # 15 MiB in UTF-8
        (b"\xe9" * READ_LIMIT, "latin-1", "base64"),  # 20 MiB in UTF-8
    ],
)
def test_the_largest_answers_fit_into_a_frame(
    tmp_path: Path, data: bytes, encoding: str, said: str
) -> None:
    """10 MiB of anything, whatever JSON makes of it."""
    yard = Yard(tmp_path)
    (yard.root / "a").write_bytes(data)
    answer = yard.ask(READ, "a", encoding=encoding)
    assert answer.success
    assert answer.data["encoding"] in (encoding, "base64")
    assert answer.data["encoding"] in said or answer.data["encoding"] == "gbk"
    assert len(codec.encode(answer).encode()) < FRAME


def test_one_byte_more_is_refused(yard: Yard) -> None:
    """The limit is named."""
    with (yard.root / "a").open("wb") as file:
        file.truncate(READ_LIMIT + 1)
    assert "larger than 10 MB" in yard.ask(READ, "a").error


@posix_only
@pytest.mark.timeout(5)
def test_what_could_block_for_ever_is_not_opened(yard: Yard) -> None:
    """A FIFO, a socket and a device are named as what they are not."""
    if sys.platform != "win32":
        os.mkfifo(yard.root / "fifo")
    with socket.socket(getattr(socket, "AF_UNIX", -1)) as server:  # Windows' Python knows none
        server.bind(os.path.relpath(yard.root / "socket"))
        for name in ("fifo", "socket"):
            for verb in (READ, WRITE):
                assert "not an ordinary file" in yard.ask(verb, name, "x").error
            assert yard.ask(DELETE, name).success


@pytest.mark.parametrize(
    ("path", "cause"), [("", "folder"), ("a", "folder"), ("b", "not exist"), ("f/x", "file")]
)
def test_what_cannot_be_read(yard: Yard, path: str, cause: str) -> None:
    """The error says why in words, not in numbers."""
    (yard.root / "a").mkdir()
    (yard.root / "f").write_text("x", encoding="utf-8")
    answer = yard.ask(READ, path)
    assert not answer.success
    assert cause in answer.error
    assert "Errno" not in answer.error


def test_an_unknown_encoding(yard: Yard) -> None:
    """It is refused before the file is looked at; so is one that cannot hold the content."""
    for verb in (READ, WRITE):
        assert "'nonsense'" in yard.ask(verb, "a", "x", encoding="nonsense").error
    assert "'汉'" in yard.ask(WRITE, "a", "汉", encoding="latin-1").error
    assert list(yard.root.iterdir()) == []


# ------------------------------------------------------------ write


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_write_makes_the_folders_and_the_file(yard: Yard, encoding: str) -> None:
    """What is written is what is read, byte for byte, and nothing else is left behind."""
    answer = yard.ask(WRITE, "新/b/a.txt", "一\r\n二\n", encoding=encoding)
    assert answer.data == {"success": True, "message": "新/b/a.txt was written."}
    assert (yard.root / "新/b/a.txt").read_bytes() == "一\r\n二\n".encode(encoding)
    assert os.listdir(yard.root / "新/b") == ["a.txt"]  # noqa: PTH208 (its names)


def test_write_of_base64(yard: Yard) -> None:
    """What read gives can be written back; broken base64 changes nothing."""
    data = bytes(range(256))
    (yard.root / "a").write_bytes(data)
    read = yard.ask(READ, "a").data
    assert yard.ask(WRITE, "b", read["content"], is_base64=True).success
    assert yard.ask(WRITE, "c", read["content"], encoding="base64").success
    assert (yard.root / "b").read_bytes() == (yard.root / "c").read_bytes() == data
    assert not yard.ask(WRITE, "b", "a", is_base64=True).success
    assert (yard.root / "b").read_bytes() == data


@posix_only
@pytest.mark.parametrize("any_system", ["this system's"], indirect=True)
def test_write_keeps_the_mode(yard: Yard) -> None:
    """A script stays a script; a new file is as any program would make it."""
    script = yard.root / "run.sh"
    script.write_text("old", encoding="utf-8")
    script.chmod(0o751)
    assert yard.ask(WRITE, "run.sh", "new").success
    assert stat.S_IMODE(script.stat().st_mode) == 0o751
    yard.ask(WRITE, "plain", "x")
    (yard.root / "usual").touch()
    assert (yard.root / "plain").stat().st_mode == (yard.root / "usual").stat().st_mode


def test_write_refuses(yard: Yard) -> None:
    """Neither a folder nor a read-only file is replaced, nor a file taken for a folder."""
    (yard.root / "folder").mkdir()
    locked = yard.root / "locked"
    locked.write_text("old", encoding="utf-8")
    locked.chmod(0o444)
    for path, cause in [("folder", "folder"), ("", "folder"), ("locked", "read-only"),
                        ("locked/x", "place of a folder")]:  # fmt: skip
        assert cause in yard.ask(WRITE, path, "x").error
    assert locked.read_text(encoding="utf-8") == "old"


def test_write_by_a_link_inside_writes_its_target(yard: Yard) -> None:
    """The link stays."""
    (yard.root / "target").write_text("old", encoding="utf-8")
    (yard.root / "link").symlink_to("target")
    assert yard.ask(WRITE, "link", "new").success
    assert (yard.root / "link").is_symlink()
    assert (yard.root / "target").read_text(encoding="utf-8") == "new"


def test_a_full_disk_leaves_the_old_file(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says so and no half file stays."""
    (yard.root / "a").write_text("old", encoding="utf-8")

    def full(_fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert "disk is full" in yard.ask(WRITE, "a", "new").error
    assert (yard.root / "a").read_text(encoding="utf-8") == "old"
    assert [path.name for path in yard.root.iterdir()] == ["a"]


WRITER = """
    import sys
    from pathlib import Path
    from app.protocol.messages import WorkspaceRequest, WorkspaceVerb
    from app.workspace.workspace import Workspace
    workspace = Workspace(Path(sys.argv[1]))
    for number in range(10**9):
        content = str(number % 10) * 2_000_000
        answer = workspace.answer(WorkspaceRequest(WorkspaceVerb.WRITE, "r", "a", content=content))
        assert answer.success, answer.error
        print(number, flush=True)
"""


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_a_kill_leaves_the_old_or_the_new_file(tmp_path: Path) -> None:
    """Whenever a writer is killed, the file is whole."""
    yard = Yard(tmp_path)
    script = textwrap.dedent(WRITER)
    for moment in range(5):
        child = subprocess.Popen(
            [sys.executable, "-c", script, str(yard.root)], stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(moment * 0.013)
        child.kill()
        child.communicate()
        content = (yard.root / "a").read_bytes()
        assert len(content) == 2_000_000
        assert len(set(content)) == 1


# ------------------------------------------------------------ delete


def test_delete_of_files_and_folders(yard: Yard) -> None:
    """With all that is in it; links in it go as links, read-only things too."""
    deep = yard.root / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (deep / "out").symlink_to(yard.outside)
    (deep / "out-file").symlink_to(yard.outside / "secret.txt")
    (deep / "locked").write_text("x", encoding="utf-8")
    (deep / "locked").chmod(0o400)
    (yard.root / "f").write_text("x", encoding="utf-8")
    (yard.root / "f").chmod(0o400)
    deep.chmod(0o500)
    deep.parent.chmod(0o500)
    for name in ("f", "/a/"):
        answer = yard.ask(DELETE, name)
        assert answer.data == {"success": True, "message": f"{name} was deleted."}
    assert list(yard.root.iterdir()) == []


@posix_only
@pytest.mark.parametrize("any_system", ["this system's"], indirect=True)
def test_delete_of_read_only_folders(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those in the tree are opened for it; the one that holds the tree is not."""

    def only_where_allowed(remove: Callable[..., None]) -> Callable[..., None]:
        def check(name: str, *, dir_fd: int) -> None:
            if not os.fstat(dir_fd).st_mode & stat.S_IWUSR:
                raise PermissionError  # root is allowed everything, and may run this test
            remove(name, dir_fd=dir_fd)

        return check

    monkeypatch.setattr(os, "unlink", only_where_allowed(os.unlink))
    monkeypatch.setattr(os, "rmdir", only_where_allowed(os.rmdir))
    deep = yard.root / "kept" / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (deep / "file").touch()
    for folder in (deep, *list(deep.parents)[:2]):
        folder.chmod(0o500)
    assert yard.ask(DELETE, "kept/a").success
    assert list((yard.root / "kept").iterdir()) == []
    deep.mkdir(parents=True)
    (yard.root / "kept").chmod(0o500)
    assert "no permission" in yard.ask(DELETE, "kept/a").error


@pytest.mark.parametrize("path", ["", "/", ".", "./", "\\"])
def test_the_work_folder_itself_stays(yard: Yard, path: str) -> None:
    """However it is written."""
    (yard.root / "a").touch()
    assert "cannot be deleted" in yard.ask(DELETE, path).error
    assert (yard.root / "a").exists()


def test_delete_of_nothing(yard: Yard) -> None:
    """It is an error, so that a mistyped path is noticed."""
    assert "does not exist" in yard.ask(DELETE, "a").error


@pytest.mark.slow
@posix_only
@pytest.mark.parametrize("any_system", ["this system's"], indirect=True)
def test_delete_of_a_very_deep_tree(yard: Yard) -> None:
    """Neither recursion nor open files limit the depth, nor the length of a path."""
    here = os.open(yard.root, os.O_RDONLY)
    for _level in range(300):
        os.mkdir("d" * 20, dir_fd=here)
        below = os.open("d" * 20, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    answer = yard.ask(DELETE, "d" * 20)
    assert answer.success, answer.error
    assert list(yard.root.iterdir()) == []


# ------------------------------------------------------------ mkdir


def test_mkdir(yard: Yard) -> None:
    """With those above it; one that is there is success, and the message says so."""
    made = yard.ask(MKDIR, "一/二/三")
    assert made.data == {"success": True, "message": "一/二/三 was made."}
    assert yard.ask(MKDIR, "一/二/三").data["message"] == "一/二/三 was there already."
    assert yard.ask(MKDIR, "").data["message"] == "/ was there already."
    assert (yard.root / "一/二/三").is_dir()


def test_mkdir_where_a_file_is(yard: Yard) -> None:
    """The file stays."""
    (yard.root / "f").touch()
    for path in ("f", "f/x"):
        assert "place of a folder" in yard.ask(MKDIR, path).error
    assert (yard.root / "f").is_file()
