"""What language the user asks for, before anything else is read."""

import pytest

from app.language import asked


@pytest.mark.parametrize(
    ("command", "language"),
    [
        ("--lang zh_CN", "zh_CN"),
        ("--lang=zh_cn --help", "zh_CN"),
        ("--lang='zh_CN'", "zh_CN"),
        ("--lang zh_CN --lang en", "en"),
        ("config show --lang en", "en"),
        ("--lang zh_CN --lang klingon", "zh_CN"),
        ("--lang", None),
        ("--language zh_CN", None),
        ("", None),
    ],
)
def test_command_line(command: str, language: str | None) -> None:
    """The last known language counts; what is wrong is complained about later, in it."""
    assert asked(command.split(), {}) == language


def test_variable() -> None:
    """The variable counts where no flag does."""
    assert asked([], {"ATS_AGENT_LANGUAGE": "zh_CN"}) == "zh_CN"
    assert asked(["--lang", "en"], {"ATS_AGENT_LANGUAGE": "zh_CN"}) == "en"
    assert asked([], {"ATS_AGENT_LANGUAGE": "nonsense"}) is None
