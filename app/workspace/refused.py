"""Why a file request cannot be served, in words for the platform's users."""

import errno

from app.errors import AgentError
from app.host.confined import NotAFileError
from app.i18n import _

_SHOWN = 200  # characters of a path in an error text


class RefusedError(AgentError):
    """A file request is not served; the text names path and cause."""


def shown(path: str) -> str:
    """Return `path` as an error text quotes it: printable and not endless."""
    head = path[:_SHOWN] + ("…" if len(path) > _SHOWN else "")
    return "".join(char if char.isprintable() else "\ufffd" for char in head)


def reason(why: OSError | ValueError) -> str:
    """Return what the system says, in words that a person understands."""
    match why:
        case NotAFileError():
            return _("it is not an ordinary file")
        case FileNotFoundError():
            return _("it does not exist")
        case FileExistsError():
            return _("a file or folder of that name is in the way")
        case NotADirectoryError():
            return _("a file or a link is in the place of a folder")
        case IsADirectoryError():
            return _("it is a folder")
        case PermissionError():
            return _("no permission, or another program uses it")
        case OSError():
            return _of_number(why)
        case _:
            return _("the name cannot be used on this computer")


def _of_number(why: OSError) -> str:
    match why.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return _("the disk is full")
        case errno.EROFS:
            return _("the disk is read-only")
        case errno.ENAMETOOLONG:
            return _("the name is too long")
        case errno.ELOOP:
            return _("a link is in the way")
        case errno.ENOTEMPTY:
            return _("something was put into it meanwhile")
        case _:
            return why.strerror or str(why)
