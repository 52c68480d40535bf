"""`python build.py catalogs`: every text of the program → the catalogs in app/locale.

With a file `zh.json` ({"English": "Chinese"}) behind it, the texts in it are taken over.
"""

import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from app.i18n import DOMAIN, LANGUAGES, LOCALE_DIR, PAGE_DOMAIN

ROOT = Path(__file__).parent.parent
DOMAINS = (DOMAIN, PAGE_DOMAIN)
_WORDS = {"_": None, "marked": None, "ngettext": (1, 2)}
_PAGE_WORD = re.compile(r'\bt\(\s*("(?:[^"\\\n]|\\.)*")')
_FOREIGN = ROOT / "app" / "demo"  # its page has its own words, its sample is another project


def sources(domain: str) -> Iterator[Path]:
    """The files whose texts are in a domain."""
    if domain == PAGE_DOMAIN:
        files = tuple((ROOT / "app").glob("*/web/*.js"))
        yield from sorted(path for path in files if not path.is_relative_to(_FOREIGN))
    else:
        files = tuple((ROOT / "app").rglob("*.py"))
        yield from sorted(path for path in files if "sample" not in path.parts)


def extracted(domain: str) -> Catalog:
    """Return the texts that the sources hold today."""
    catalog = Catalog(domain=domain, project="ats-agent", charset="utf-8", fuzzy=False)
    for path in sources(domain):
        for text in page_texts_in(path) if domain == PAGE_DOMAIN else texts_in(path):
            catalog.add(text, locations=[(path.relative_to(ROOT).as_posix(), 0)])
    return catalog


def texts_in(path: Path) -> Iterator[str | tuple[str, ...]]:
    """The texts of a Python file; those with a plural as a pair."""
    with path.open("rb") as file:
        for _line, text, _comments, _context in extract("python", file, _WORDS):
            yield text


def page_texts_in(path: Path) -> Iterator[str]:
    """The texts of a script: Babel's own reader stumbles over template strings."""
    for literal in _PAGE_WORD.findall(path.read_text(encoding="utf-8")):
        yield json.loads(literal)


def translations(catalog: Catalog) -> Iterator[Message]:
    """The messages without the header."""
    return (message for message in catalog if message.id)


def place(language: str, domain: str, suffix: str) -> Path:
    """The file of a domain in a language: its source (.po), or what the program reads."""
    return LOCALE_DIR / language / "LC_MESSAGES" / f"{domain}{suffix}"


def committed(language: str, domain: str) -> Catalog:
    """Return the catalog as it lies in the repository; an empty one when there is none."""
    path = place(language, domain, ".po")
    if path.exists():
        with path.open("rb") as file:
            return read_po(file, locale=language, domain=domain)
    begun = datetime(2026, 11, 22, tzinfo=UTC)  # a date of today would change the files each time
    return Catalog(
        locale=language,
        domain=domain,
        header_comment="# Chinese of the ATS agent. `python build.py catalogs` keeps it in step.",
        project="ats-agent",
        version="1",
        copyright_holder="the ATS agent's authors",
        creation_date=begun,
        revision_date=begun,
        charset="utf-8",
        fuzzy=False,
    )


def updated(language: str, domain: str) -> Catalog:
    """Return the committed catalog with today's texts: new ones untranslated, old ones gone."""
    catalog = committed(language, domain)
    catalog.update(extracted(domain), no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    return catalog


def source_text(catalog: Catalog) -> bytes:
    """Return the .po file: without line numbers, which would change with every edit."""
    file = BytesIO()
    write_po(file, catalog, width=100, include_lineno=False, omit_header=False)
    return file.getvalue()


def compiled(catalog: Catalog, domain: str) -> tuple[str, bytes]:
    """Return suffix and content of what the program reads."""
    if domain == PAGE_DOMAIN:
        texts = {str(text.id): text.string for text in translations(catalog) if text.string}
        shown = json.dumps(texts, ensure_ascii=False, indent=1, sort_keys=True)
        return ".json", f"{shown}\n".encode()
    file = BytesIO()
    write_mo(file, catalog)
    return ".mo", file.getvalue()


def untranslated(catalog: Catalog) -> list[str]:
    """Return the texts that nobody has translated yet."""
    missing = (message for message in translations(catalog) if not all(strings(message)))
    return [str(message.id) for message in missing]


def strings(message: Message) -> tuple[str, ...]:
    """Return the translation, every form of it."""
    string = message.string or ""
    return (string,) if isinstance(string, str) else tuple(string)


def take(catalog: Catalog, given: dict[str, str]) -> None:
    """Take over translations; of a text with a plural the key is its singular."""
    for message in translations(catalog):
        plural = not isinstance(message.id, str)
        text = given.get(message.id[0] if plural else str(message.id))
        if text is not None:
            message.string = (text,) * len(strings(message)) if plural else text


def main(files: list[str]) -> int:
    """Bring all catalogs up to date; 1 when a text has no translation."""
    given: dict[str, str] = {}
    missing: list[str] = []
    for name in files:
        given |= json.loads(Path(name).read_text(encoding="utf-8"))
    for language in LANGUAGES[1:]:
        for domain in DOMAINS:
            catalog = updated(language, domain)
            take(catalog, given)
            suffix, content = compiled(catalog, domain)
            place(language, domain, ".po").parent.mkdir(parents=True, exist_ok=True)
            place(language, domain, ".po").write_bytes(source_text(catalog))
            place(language, domain, suffix).write_bytes(content)
            missing += [f"{language} {domain}: {text}" for text in untranslated(catalog)]
    print("\n".join([*missing, f"{len(missing)} texts without a translation"]))  # noqa: T201
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
