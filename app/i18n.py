"""Texts for people: `_()` marks and translates every one of them (gettext)."""

import gettext
import io
from contextlib import suppress
from pathlib import Path

from app import resources

LANGUAGES = ("en", "zh_CN")  # the first one is that of the source: it needs no catalog
LOCALE_DIR = Path(__file__).with_name("locale")
DOMAIN = "ats-agent"
PAGE_DOMAIN = "ats-page"  # the texts of the dashboard's page; needed only while one is open

_language = LANGUAGES[0]
_catalog = gettext.NullTranslations()


def install(language: str = LANGUAGES[0]) -> None:
    """Speak `language`, one of LANGUAGES, from now on; without its catalog English."""
    global _catalog, _language  # noqa: PLW0603 (the process speaks one language)
    _catalog = _read(DOMAIN, language)
    _language = language


def language() -> str:
    """Return the language that is spoken now."""
    return _language


def _(text: str) -> str:
    """Return `text` in the user's language."""
    return _catalog.gettext(text) if text else ""  # gettext's own "" is the catalog's header


def ngettext(one: str, many: str, count: int) -> str:
    """Return the text for `count` things in the user's language."""
    return _catalog.ngettext(one, many, count)


def marked(text: str) -> str:
    """Return `text` as it is: a text of a table, which `_()` translates when it is shown.

    A table is made while its module is imported, when no language is chosen yet.
    """
    return text


def sentences(*texts: str) -> str:
    """Return whole sentences as one text, empty ones left out; Chinese has no space between."""
    whole = ""
    for text in filter(None, texts):
        whole += text if not whole or whole[-1] in "。！？" else f" {text}"
    return whole


def page_texts() -> dict[str, str]:
    """Return the translation of each text of the dashboard's page; none in English.

    Reads a file each time: nothing of it stays in memory.
    """
    import json  # noqa: PLC0415 (only when the dashboard is opened)

    texts: dict[str, str] = {}
    with suppress(OSError):  # English has none
        texts = json.loads(resources.read(_path(f"{PAGE_DOMAIN}.json", _language)))
    return texts


def _read(domain: str, language: str) -> gettext.NullTranslations:
    with suppress(OSError):
        data = resources.read(_path(f"{domain}.mo", language))
        return gettext.GNUTranslations(io.BytesIO(data))
    return gettext.NullTranslations()  # English; and an incomplete installation still speaks


def _path(name: str, language: str) -> Path:
    return LOCALE_DIR / language / "LC_MESSAGES" / name
