"""The agent's own files inside the work dir: what may be seen but not changed, and what neither.

Names are compared without regard to case and Unicode form, because some disks know none.
"""

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from app.host.confined import LeadsOutError, Root, real_path
from app.i18n import _
from app.workspace.refused import RefusedError, shown

KEPT = ("logs", "cache")  # in the work dir: agent.log, the jobs' logs, git mirrors

_OWN_FILES = ("journal.db", "agent.lock", "config.yaml", "control.json")
_Parts = tuple[str, ...]


def own_files(home: Path) -> tuple[Path, ...]:
    """Return what nobody reads by the platform: the home, and its files if it is the work dir."""
    return (home, *(home / name for name in _OWN_FILES))


class Guard:
    """Refuses requests that concern the agent's own files; looks at the disk when made.

    A protected folder protects all that is in it; one that holds the work dir is left out,
    because the work dir is served. A protected file protects its companions as well: names
    that begin with its own and `-` or `.` (`journal.db-wal`).
    """

    def __init__(self, root: Root, protected: Sequence[Path]) -> None:
        self._hidden = _below(root, protected)
        self._hidden_files = _below(root, [path for path in protected if not path.is_dir()])
        self._kept = _below(root, [root.at((name,)) for name in KEPT])
        self._kept |= {_folded((name,)) for name in KEPT}  # also when it is a link to elsewhere
        self._identities = [status for path in protected if (status := _identity(path))]

    def check_seen(self, parts: _Parts, path: str) -> None:
        """Raise RefusedError when `parts` may not even be looked at."""
        if self._is_hidden(_folded(parts)):
            raise self._refused(path)

    def check_opened(self, status: os.stat_result, path: str) -> None:
        """Raise RefusedError when the open file is a hidden one under another name."""
        if any(os.path.samestat(status, own) for own in self._identities):
            raise self._refused(path)

    def check_made(self, parts: _Parts, path: str) -> None:
        """Raise RefusedError when `parts` may not be made or overwritten."""
        folded = _folded(parts)
        if self._is_hidden(folded) or any(_in(folded, own) for own in self._kept):
            raise self._refused(path)

    def check_removed(self, parts: _Parts, path: str) -> None:
        """Raise RefusedError when `parts` may not be removed, or something in it."""
        self.check_made(parts, path)
        if any(_in(own, _folded(parts)) for own in self._hidden | self._kept):
            raise self._refused(path)

    def _is_hidden(self, folded: _Parts) -> bool:
        return any(_in(folded, own) for own in self._hidden) or any(
            _is_companion(folded, own) for own in self._hidden_files
        )

    def _refused(self, path: str) -> RefusedError:
        return RefusedError(
            _("{path} is or holds a part of the agent itself, which is protected.").format(
                path=shown(path)
            )
        )


def _below(root: Root, paths: Sequence[Path]) -> set[_Parts]:
    """Return where `paths` lie below the root; those that do not are of no concern."""
    found = set()
    for path in paths:
        for real in (real_path(path), str(Path(real_path(path.parent), path.name))):
            try:
                found.add(_folded(root.below(real)))
            except LeadsOutError:
                continue
    return found - {()}


def _folded(parts: _Parts) -> _Parts:
    return tuple(unicodedata.normalize("NFC", part).casefold() for part in parts)


def _in(parts: _Parts, folder: _Parts) -> bool:
    """Tell whether `parts` is `folder` or lies in it."""
    return parts[: len(folder)] == folder


def _is_companion(parts: _Parts, file: _Parts) -> bool:
    """Tell whether `parts` lies beside `file` under a name that begins with its name."""
    if len(parts) != len(file) or parts[:-1] != file[:-1]:
        return False
    return parts[-1].startswith((f"{file[-1]}-", f"{file[-1]}."))


def _identity(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except (OSError, ValueError):
        return None
