"""The platform's start command, as people paste it → address, token, work folder (pure)."""

import re

# `python agent.py --url='ws://H:P/ws/agent' --token='T' --work_dir='D'` (docs/protocol.md 1)
_FLAG = re.compile(
    r"""--(?P<name>server-url|url|token|work[-_]dir)  # as agents take them
        (?:\s*=\s*|\s+)
        (?P<value>"[^"]*"|'[^']*'|[^\s"']+)""",
    re.VERBOSE,
)
_FIELDS = {"server-url": 0, "url": 0, "token": 1, "work-dir": 2, "work_dir": 2}
_CONTINUED = re.compile(r"(?:\^|(?<=\s)[\\`])[ \t]*\r?\n")  # cmd, shells, PowerShell
_ADDRESS = re.compile(r"(?i)\b(?:wss?|https?)://[^\s\"']+")
_QUOTES = str.maketrans("“”„‘’", '"""\'\'')  # what chat programs make of them


def parse_command(text: str) -> tuple[str, str, str]:
    """Return server address, token and work folder as they were written; "" for what is missing.

    The text may be the whole command, on several lines and quoted for any shell, an address
    alone, or one with the token in its query. Nothing is checked here.
    """
    plain = _CONTINUED.sub(" ", text.translate(_QUOTES)).replace('^"', '"').strip()
    found = ["", "", ""]
    for flag in _FLAG.finditer(plain):
        found[_FIELDS[flag["name"]]] = _unquoted(flag["value"])
    found[0] = found[0] or _address_in(plain)
    address, token = _split(found[0])
    return address, found[1] or token, found[2]


def _address_in(text: str) -> str:
    """Return the address that stands in `text` without a flag."""
    if address := _ADDRESS.search(text):
        return address[0]
    words = text.split()
    return _unquoted(words[0]) if len(words) == 1 and not words[0].startswith("-") else ""


def _split(address: str) -> tuple[str, str]:
    """Take the token out of an address that has one."""
    token = re.search(r"[?&]token=([^&#]*)", address)
    return (address.partition("?")[0], token[1]) if token else (address, "")


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
