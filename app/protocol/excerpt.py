"""The beginning of a frame for the log, without the secrets that nobody has named yet."""

import re

WINDOW = 2000  # characters that are looked at; an excerpt is cut only after masking
_MASK = "***"
_SHOWN = 4  # characters that may be shown of what looks like a token

# The value under a telling name, up to the end when the frame breaks off inside it.
_NAMED = re.compile(
    r"""((?:token|pass(?!ed)|pwd|secret|credential|auth(?!or)|key|cookie|dsn|session_?id
        |connection_?string)[\w-]*+\\*+["']?+\s*+[:=]\s*+)
        (?: "(?:[^"\\]|\\.)*+["\\]?+ | \\++"[^"\\]*+ | '[^']*+'?+ | [^\s,;&"'{}\[\]]++ )""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_IN_ADDRESS = re.compile(r"""(?<=://)[^\s/@"']++@""")  # user:password@
_RUN = re.compile(r"[A-Za-z0-9_-]{16,}+")  # a token of the platform, a key, an id
_WORDS = re.compile(r"[a-z]{1,12}(?:_[a-z]{1,12})+")  # a name such as execute_test_suite
_WHOLE = re.compile(r"""(?s).*[\s"']""")  # all but the piece that the window cuts


def excerpt(text: str, limit: int) -> str:
    """Return at most `limit` printable characters of `text` that hold no part of a secret.

    What stands under a name like `git_token` or before the @ of an address becomes `***`,
    and a run of 16 or more URL-safe base64 characters its first four and `…`.
    """
    head = text
    if len(text) > WINDOW:
        whole = _WHOLE.match(text[:WINDOW])
        head = (whole.group() if whole else "") + "…"
    head = _NAMED.sub(rf"\g<1>{_MASK}", head)
    head = _RUN.sub(_shortened, _IN_ADDRESS.sub(f"{_MASK}@", head))[:limit]
    return "".join(char if char.isprintable() else "\ufffd" for char in head)


def _shortened(run: re.Match[str]) -> str:
    text = run.group()
    return text if _WORDS.fullmatch(text) else f"{text[:_SHOWN]}…"
