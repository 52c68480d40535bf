"""The paths that the platform sends, which may be hostile: into parts, or refused. Pure.

The rules are the same on every system, so that a suite behaves alike everywhere. Nothing
is ever decoded, but what would mean `..` when decoded is refused: no honest client says it.
"""

import re
import unicodedata
from urllib.parse import unquote

from app.i18n import _
from app.workspace.refused import RefusedError, shown

PATH_CHARS = 4096
PART_UNITS = 255  # UTF-16 units of one name: the limit of NTFS and APFS
_DECODINGS = 3  # `%25252e` is no more hostile than it is useless

_SEPARATOR = re.compile(r"[/\\]")
_DRIVE = re.compile(r"[A-Za-z]:")
_NOT_IN_NAMES = '<>"|?*'  # on Windows
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])")


def parts_of(path: str) -> tuple[str, ...]:
    r"""Return the parts of `path` below the work dir; () is the work dir itself.

    One `/` at the beginning is stripped (docs/protocol.md 4.5), `\` separates as well.
    Raises RefusedError for what leads out, by whatever trick, and for what is no path.
    """
    if len(path) > PATH_CHARS:
        raise _refused(path, _("it is too long"))
    if any(unicodedata.category(char) == "Cc" for char in path):
        raise _refused(path, _("it holds a control character"))
    text = path.replace("\\", "/")
    if text.startswith("//"):
        raise _refused(path, _("it names another computer or a device"))
    parts = tuple(part for part in text.split("/") if part not in ("", "."))
    if parts and _DRIVE.match(parts[0]):
        raise _refused(path, _("it names a drive; paths are relative to the work folder"))
    for part in parts:
        why = _way_out(part)
        if why:
            raise _refused(path, why)
    return parts


def check_makeable(path: str, parts: tuple[str, ...]) -> None:
    """Raise RefusedError when Windows could not have one of `parts` as a name."""
    for part in parts:
        why = _odd(part)
        if why:
            raise _refused(path, why)


def _refused(path: str, why: str) -> RefusedError:
    return RefusedError(_("The path {path} is refused: {why}.").format(path=shown(path), why=why))


def _way_out(part: str) -> str:
    """Return why no system is asked for `part`, "" when it may be."""
    if not part.strip(". ") or _climbs(part):
        return _("it leads out of the work folder")
    if len(part.encode("utf-16-le")) > 2 * PART_UNITS:
        return _("a part of it is too long")
    return ""


def _climbs(part: str) -> bool:
    """Tell whether `part` means `..` once somebody decodes or normalises it."""
    for _round in range(_DECODINGS):
        plain = unicodedata.normalize("NFKC", part)
        if ".." in (piece.strip(" ") for piece in _SEPARATOR.split(plain)):
            return True
        part = unquote(part)
    return False


def _odd(part: str) -> str:
    """Return why Windows cannot have a file called `part`, "" when it can."""
    stem = part.partition(".")[0].rstrip(" ").lower()
    if _DEVICE.fullmatch(stem.partition(":")[0].rstrip(" ")):
        return _("{name} is a device on Windows").format(name=shown(part))
    if ":" in part:
        return _("a colon names a drive or a hidden stream on Windows")
    if any(char in _NOT_IN_NAMES for char in part):
        return _("Windows allows none of {chars} in a name").format(chars=_NOT_IN_NAMES)
    if part[-1] in ". ":
        return _("on Windows no name ends in a dot or a space")
    return ""
