"""Texts for people: `_()` marks and translates every one of them (gettext)."""

import gettext
from pathlib import Path

DOMAIN = "ats-agent"
LOCALE_DIR = Path(__file__).with_name("locale")

_catalog = gettext.NullTranslations()


def install(language: str | None = None) -> None:
    """Load the catalog of `language` (`zh_CN`), or of the system when it is None."""
    global _catalog  # noqa: PLW0603 (one language per process, chosen once at start)
    languages = None if language is None else [language]
    _catalog = gettext.translation(DOMAIN, LOCALE_DIR, languages, fallback=True)


def _(text: str) -> str:
    """Return `text` in the user's language."""
    return _catalog.gettext(text)


def ngettext(one: str, many: str, count: int) -> str:
    """Return the text for `count` things in the user's language."""
    return _catalog.ngettext(one, many, count)
