"""The configuration file on the page."""

import sys
from pathlib import Path

import pytest

from app.dashboard import config_page
from app.effective import Effective, Entry
from app.errors import ConfigError, NotDoneError
from app.settings import SETTINGS
from tests.fakes.full_disk import room_for


def effective(home: Path, config: Path | None = None) -> Effective:
    entries = {one.key: Entry(one.default, "default") for one in SETTINGS}
    entries |= {"home": Entry(home, "default"), "config": Entry(config, "--config")}
    return Effective(entries, ())


def test_which_file(tmp_path: Path) -> None:
    """The one in use; without any the one that would be read from now on."""
    assert config_page.config_path(effective(tmp_path)) == tmp_path / "config.yaml"
    named = tmp_path / "named.yaml"
    assert config_page.config_path(effective(tmp_path, named)) == named
    assert config_page.settings(effective(tmp_path, named))["config_path"] == str(named)


def test_every_setting_is_shown(tmp_path: Path) -> None:
    """With its unit in words, and what happens when it is not given."""
    rows = {row["key"]: row for row in config_page.settings(effective(tmp_path))["rows"]}
    assert set(rows) == {setting.key for setting in SETTINGS}
    assert rows["monitor.interval"]["about"].endswith("(seconds)")
    assert rows["language"]["default"] == "the system's"
    assert not rows["token"]["in_file"]


def test_a_file_with_a_mistake_is_shown(tmp_path: Path) -> None:
    """Whoever wants to mend it must see it."""
    path = tmp_path / "c.yaml"
    path.write_text("task: [\n", encoding="utf-8", newline="\n")
    assert config_page.read(path)["text"] == "task: [\n"


@pytest.mark.parametrize("text", ["token: abc\n", "{token: abc}", "task: [\ntoken: abc\n"])
def test_a_file_with_the_token_is_not(tmp_path: Path, text: str) -> None:
    """A copied program's file may hold it: no page shows it, and none writes over it."""
    path = tmp_path / "ats-agent.yaml"
    path.write_text(text, encoding="utf-8", newline="\n")
    with pytest.raises(NotDoneError, match="token"):
        config_page.read(path)
    with pytest.raises(NotDoneError, match="token"):
        config_page.save(path, "logging: {level: INFO}")
    assert path.read_text(encoding="utf-8") == text


def test_a_file_of_another_encoding_is_refused(tmp_path: Path) -> None:
    """With the words that the start has for it."""
    path = tmp_path / "c.yaml"
    path.write_bytes("# 测试".encode("gbk"))
    with pytest.raises(ConfigError, match="UTF-8"):
        config_page.read(path)


def test_saving_keeps_line_ends_and_mode(tmp_path: Path) -> None:
    """An editor of Windows finds the file as it was; no other user gets to read it."""
    path = tmp_path / "c.yaml"
    path.write_bytes(b"# one\r\n")
    path.chmod(0o600)
    assert config_page.save(path, "# two\n# 三") == {"path": str(path), "warnings": []}
    assert path.read_bytes() == "# two\r\n# 三\r\n".encode()
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["c.yaml"]


def test_saving_follows_a_link(tmp_path: Path) -> None:
    """A file that is kept elsewhere stays there."""
    (tmp_path / "real.yaml").write_text("# one\n", encoding="utf-8", newline="\n")
    link = tmp_path / "c.yaml"
    link.symlink_to("real.yaml")
    config_page.save(link, "# two\n")
    assert link.is_symlink()
    assert (tmp_path / "real.yaml").read_text(encoding="utf-8") == "# two\n"


@pytest.mark.parametrize("text", ["task:\n  timeout: soon\n", "\ud800", "#" * 300_000])
def test_what_is_wrong_is_not_saved(tmp_path: Path, text: str) -> None:
    """The file stays as it is."""
    path = tmp_path / "c.yaml"
    path.write_text("# one\n", encoding="utf-8", newline="\n")
    with pytest.raises(ConfigError):
        config_page.save(path, text)
    assert path.read_text(encoding="utf-8") == "# one\n"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """What cannot be written is said, with what to do."""
    with pytest.raises(NotDoneError, match="cannot be written"):
        config_page.save(tmp_path / "no" / "c.yaml", "# one\n")


@pytest.mark.skipif(sys.platform == "win32", reason="other system: rings of links")
def test_a_link_to_itself_is_replaced(tmp_path: Path) -> None:
    """It leads to no file that could be kept."""
    path = tmp_path / "c.yaml"
    path.symlink_to("c.yaml")
    config_page.save(path, "# one\n")
    assert path.read_text(encoding="utf-8") == "# one\n"


@pytest.mark.skipif(sys.platform == "win32", reason="other system: POSIX limits")
def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    """Where only a part fits nothing is replaced, and no part stays."""
    path = tmp_path / "c.yaml"
    path.write_text("# one\n", encoding="utf-8")
    with room_for(10), pytest.raises(NotDoneError, match="cannot be written"):
        config_page.save(path, "# " + "two" * 10)
    assert path.read_text(encoding="utf-8") == "# one\n"
    assert [file.name for file in tmp_path.iterdir()] == ["c.yaml"]


def test_what_lies_beside_the_file_is_not_written(tmp_path: Path) -> None:
    """In a folder of several users somebody may have put a link there, to a file of ours."""
    path, ours = tmp_path / "c.yaml", tmp_path / "ours"
    ours.write_text("precious", encoding="utf-8")
    (tmp_path / "c.yaml.new").symlink_to(ours)
    config_page.save(path, "# one\n")
    assert ours.read_text(encoding="utf-8") == "precious"
