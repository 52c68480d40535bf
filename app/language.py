"""Which language the user asks for, known before the command line and the file are read."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from app.i18n import LANGUAGES
from app.settings import BY_KEY


def asked(argv: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """Return the language that --lang, else the variable names; None without a known one.

    For --help and for errors in the command line itself: what is wrong in either is said
    later, when the settings are read.
    """
    setting = BY_KEY["language"]
    named = [environ.get(setting.env, "")]
    for argument, following in pairwise([*argv, ""]):
        name, equals, value = argument.partition("=")
        if name in setting.flags:
            named.append(value if equals else following)
    known = {language.casefold(): language for language in LANGUAGES}
    found = (known.get(text.strip(" '").casefold()) for text in reversed(named))
    return next((language for language in found if language is not None), None)
