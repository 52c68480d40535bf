"""Code pages and shell scripts."""

import codecs
import subprocess
import sys
from pathlib import Path

import pytest

from app.host import console
from app.host.console import cmd_script, output_encodings, script_encoding, shell_argv


@pytest.mark.parametrize(
    ("page", "locale", "language", "expected"),
    [
        (65001, "UTF-8", "en_US.UTF-8", ()),
        (65001, "UTF-8", "", ()),
        (65001, "ANSI_X3.4-1968", "C", ()),
        (65001, "UTF-8", "zh_CN.UTF-8", ("gb18030",)),
        (65001, "UTF-8", "zh_TW.UTF-8", ("big5hkscs",)),
        (65001, "GBK", "zh_CN.GBK", ("gb18030",)),
        (65001, "ISO-8859-15", "de_DE@euro", ("iso8859-15",)),
        (936, "cp936", "", ("gb18030",)),
        (437, "cp1252", "", ("cp437", "cp1252")),
        (99999, "cp1252", "", ("cp1252",)),
    ],
)
def test_encodings_to_try(
    monkeypatch: pytest.MonkeyPatch,
    page: int,
    locale: str,
    language: str,
    expected: tuple[str, ...],
) -> None:
    """Console, locale, language: what adds something to UTF-8, each once."""
    monkeypatch.setattr(console, "_console_page", lambda: page)
    monkeypatch.setattr("locale.getencoding", lambda: locale)
    for name in ("LC_ALL", "LC_CTYPE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", language)
    assert output_encodings() == expected


def test_real_encodings_are_known_to_python() -> None:
    """Whatever this computer says, Python can decode it."""
    for name in (*output_encodings(), script_encoding()):
        codecs.lookup(name)


@pytest.mark.skipif(sys.platform == "win32", reason="other system: /bin/sh")
@pytest.mark.parametrize("filler", ["", "# " + "x" * 200_000 + "\n", "# " + "测" * 60_000 + "\n"])
def test_shell_text_runs_whole(tmp_path: Path, filler: str) -> None:
    """Many lines, quotes, and texts longer than one argument may be; the last status counts."""
    text = f"{filler}false\necho 'a b' \"$((1 + 1))\"\nexit 3"
    done = subprocess.run(
        shell_argv(text, tmp_path), capture_output=True, text=True, timeout=15, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, "a b 2\n", "")


@pytest.fixture
def _gbk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Chinese Windows console."""
    monkeypatch.setattr(console, "_console_page", lambda: 936)


@pytest.mark.usefixtures("_gbk")
class TestCmdScript:
    """The text of the temporary .cmd file."""

    def test_lines(self, tmp_path: Path) -> None:
        """CRLF, no echo of the commands, in the console's code page."""
        assert cmd_script("echo 你好\ncd x\r\nexit /b 3", tmp_path) == (
            "@echo off\r\necho 你好\r\ncd x\r\nexit /b 3\r\n".encode("gb18030")
        )

    def test_letter_that_the_page_lacks(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The console is switched to UTF-8 then."""
        monkeypatch.setattr(console, "_console_page", lambda: 437)
        assert cmd_script("echo 你好", tmp_path) == (
            b"@chcp 65001 >nul\r\n@echo off\r\n" + "echo 你好\r\n".encode()
        )

    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            ("tool test", "call tool test"),
            ("@tool test", "@call tool test"),
            ("cd x && tool a || tool b & tool", "cd x && call tool a || call tool b & call tool"),
            ("if exist x (\n  tool\n)", "if exist x (\n  call tool\n)"),
            ('"tool" x', 'call "tool" x'),
            ("sub\\build.bat", "call sub\\build.bat"),
            ("run.CMD", "call run.CMD"),
            ("call tool", "call tool"),
            ("echo tool", "echo tool"),
            ("other", "other"),
            ("exe", "exe"),
        ],
    )
    def test_batch_files_are_called(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, expected: str
    ) -> None:
        """Without `call` the lines behind npm and its like would not run."""
        folder = tmp_path / "bin"
        folder.mkdir()
        for name in ("tool.cmd", "exe.exe", "exe.cmd"):
            (folder / name).write_bytes(b"")
        monkeypatch.setenv("PATH", str(folder))
        monkeypatch.setenv("PATHEXT", ".COM;.EXE;.BAT;.CMD")
        script = cmd_script(line, tmp_path).decode("ascii")
        assert script.splitlines()[1:] == expected.splitlines()


@pytest.mark.skipif(sys.platform != "win32", reason="other system: cmd.exe")
def test_every_line_runs_in_cmd(tmp_path: Path) -> None:
    """The script's last exit status is the program's, in a folder with an awkward name."""
    folder = tmp_path / "R&D (x)"
    folder.mkdir()
    for last, code in [("cmd /c exit 5", 5), ("cmd /c exit 6 || exit /b", 6), ("echo x", 4)]:
        text = f"echo one\ncmd /c exit 4\n{last}\n"
        done = subprocess.run(
            shell_argv(text, folder), capture_output=True, text=True, timeout=15, check=False
        )
        assert done.stdout.splitlines()[0] == "one"
        assert done.returncode == code
