"""Every icon, catalog and page that came along can be read and is what it should be."""

import gettext
import io
import json
from collections.abc import Callable
from pathlib import Path

from app import i18n, resources
from app.host.system import SYSTEM
from app.tray import ico, png

_ICONS = {"windows": ("windows", 17), "linux": ("tray", 6 * 17), "macos": ("template/36", 17)}
_PNG = b"\x89PNG\r\n\x1a\n"
_PAGES = ("app/dashboard/web", "app/demo/web")


def icons(system: str = SYSTEM) -> str:
    """Read this system's icons."""
    folder, expected = _ICONS[system]
    paths = [path for path in (resources.ROOT / "icons" / folder).rglob("*.*") if path.is_file()]
    if len(paths) < expected:
        raise FileNotFoundError(f"{len(paths)} of {expected} icons")
    for path in paths:
        _READERS[path.suffix](path)
    return f"{len(paths)} icons"


def _read_png(path: Path) -> None:
    if "template" in path.parts:  # the system's own business
        if not resources.read(path).startswith(_PNG):
            raise ValueError(f"{path} is no PNG file")
    else:
        png.read(path)


def _read_ico(path: Path) -> None:
    ico.best(resources.read(path), 16)


_READERS: dict[str, Callable[[Path], None]] = {".png": _read_png, ".ico": _read_ico}


def catalogs() -> str:
    """Read the catalogs of all languages but the source's."""
    count = 0
    for language in i18n.LANGUAGES[1:]:
        folder = i18n.LOCALE_DIR / language / "LC_MESSAGES"
        data = resources.read(folder / f"{i18n.DOMAIN}.mo")
        catalog = gettext.GNUTranslations(io.BytesIO(data))
        if catalog.gettext("Quit") == "Quit":
            raise ValueError(f"the catalog of {language} translates nothing")
        count += len(json.loads(resources.read(folder / f"{i18n.PAGE_DOMAIN}.json")))
    return f"{', '.join(i18n.LANGUAGES)}; {count} texts of the page"


def pages() -> str:
    """Read the files of the web pages."""
    from app.webpage.site import Site  # noqa: PLC0415 (the web server; after the other checks)

    for page in _PAGES:
        Site(resources.ROOT / page)
        resources.read(resources.ROOT / page / "index.html")
    return f"{len(_PAGES)} pages"
