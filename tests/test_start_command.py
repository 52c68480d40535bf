"""The platform's start command, as people paste it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.start_command import parse_command

URL, TOKEN = "ws://h:8000/ws/agent", "-aB_" + "t" * 39


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"python agent.py --url='{URL}' --token='{TOKEN}' --work_dir='D'", (URL, TOKEN, "D")),
        (f"python agent.py --url='{URL}' --token='{TOKEN}' --work_dir=''", (URL, TOKEN, "")),
        (f'agent --server-url "{URL}" --token {TOKEN} --work-dir "D E"', (URL, TOKEN, "D E")),
        (f"agent --url={URL} --token={TOKEN} --work_dir=D:\\ats\\", (URL, TOKEN, "D:\\ats\\")),
        (f"agent --url={URL} ^\r\n --token={TOKEN} ^\r\n --work_dir=D", (URL, TOKEN, "D")),
        (f"agent --url={URL} \\\n --token={TOKEN} `\n --work_dir=D", (URL, TOKEN, "D")),
        (f'agent --url=^"{URL}^" --token=^"{TOKEN}^"', (URL, TOKEN, "")),
        (f"agent --url=“{URL}” --token=‘{TOKEN}’", (URL, TOKEN, "")),
        (f"agent\n--url\n'{URL}'\n--token\n{TOKEN}\n", (URL, TOKEN, "")),
        (f"--token={TOKEN}", ("", TOKEN, "")),
        (f"  {URL}\n", (URL, "", "")),
        (f"'{URL}'", (URL, "", "")),
        ("192.168.1.10:8000", ("192.168.1.10:8000", "", "")),
        (f"{URL}?token={TOKEN}", (URL, TOKEN, "")),
        (f"connect to {URL} please", (URL, "", "")),
        ("python agent.py", ("", "", "")),
        ("--help", ("", "", "")),
        ("", ("", "", "")),
    ],
)
def test_every_way_to_paste_it(text: str, found: tuple[str, str, str]) -> None:
    """Quotes of every shell, continued lines, tokens that look like flags, or just an address."""
    assert parse_command(text) == found


@given(st.text(alphabet="-=\"' \\^`\nabukrlton:/", max_size=80))
def test_any_text_is_survived(text: str) -> None:
    """Three texts come back, whatever was pasted."""
    assert len(parse_command(text)) == 3
