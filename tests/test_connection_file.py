"""What login saved: read back, or one line with what is wrong and what to do."""

from pathlib import Path

import pytest

from app.connection_file import FILE_NAME, encoded, read_saved
from app.errors import ConfigError

URL, TOKEN = "ws://h:8000/ws/agent", "-aB_" + "t" * 39


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Address, token and work folder, Chinese ones too."""
    (tmp_path / FILE_NAME).write_bytes(encoded(URL, "D:\\测试 目录", TOKEN))
    saved = read_saved(tmp_path)
    assert saved is not None
    assert saved.values == {"server.url": URL, "token": TOKEN, "work_dir": "D:\\测试 目录"}
    assert not saved.in_keyring
    assert TOKEN not in repr(saved)


def test_a_folder_whose_name_is_no_text(tmp_path: Path) -> None:
    """Linux has them: written by an older system, say."""
    (tmp_path / FILE_NAME).write_bytes(encoded("ws://a:1/ws/agent", "/w\udce4 测试", "tok-123456"))
    saved = read_saved(tmp_path)
    assert saved is not None
    assert saved.values["work_dir"] == "/w\udce4 测试"


def test_token_elsewhere(tmp_path: Path) -> None:
    """The file then says where, and holds none."""
    (tmp_path / FILE_NAME).write_bytes(encoded(URL, "", None))
    saved = read_saved(tmp_path)
    assert saved is not None
    assert (saved.values, saved.in_keyring) == ({"server.url": URL}, True)


def test_no_file_is_nothing_saved(tmp_path: Path) -> None:
    """Nor is one in a folder that does not exist."""
    assert read_saved(tmp_path) is None
    assert read_saved(tmp_path / "no" / "home") is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ":1: Expecting value"),
        (b'{\n"server_url": "ws://h"\n"token": "s3cret"}', ":3: Expecting"),
        (b"[1]", ": no JSON object"),
        (b"[" * 100_000, ": not JSON"),
        (b'{"a": ' + b"1" * 5000 + b"}", ": not JSON"),
        (b"\xff\xfe\xff", ":1: not UTF-8"),
        (b'{"server_url": 5}', ": server_url: this is no text, expected the platform's address"),
        (b'{"server_url": "ftp://h"}', ": server_url: the address begins with a scheme"),
        (b'{"token": "s3cret s3cret"}', ": token: it holds characters that no token has"),
        (b'{"token_in": "drawer"}', ": token_in: a place that this version does not know"),
    ],
)
def test_damage_is_explained(tmp_path: Path, content: bytes, words: str) -> None:
    """One line: path, place, what, and `login` as the way out; never the token."""
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_saved(tmp_path)
    text = str(caught.value)
    assert f"{tmp_path / FILE_NAME}{words}" in text
    assert text.endswith("Run `ats-agent login` again: it writes the file anew.")
    assert "s3cret" not in text
    assert "\n" not in text
