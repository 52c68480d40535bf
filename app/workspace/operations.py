"""Read, write, delete and make folders below the root; every path is resolved and guarded.

Raises RefusedError, LeadsOutError and OSError; Workspace makes answers of them.
"""

import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from app.host.confined import ODD_NAMES_EXIST, Folder, LeadsOutError, Root, check_file, is_link
from app.i18n import _
from app.protocol.messages import WorkspaceRequest
from app.workspace import text
from app.workspace.guard import Guard
from app.workspace.listing import Listing
from app.workspace.path import check_makeable, parts_of
from app.workspace.refused import RefusedError, shown

READ_LIMIT = 10 * 2**20  # bytes of a file
WIRE_LIMIT = 15 * 2**20  # bytes of a text in the frame; beyond them base64 is shorter
_TEMPORARY = ".ats-agent-{}.tmp"  # what a kill in the middle of a write leaves behind
_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Operations:
    """The five operations on one work dir for one request."""

    root: Root
    guard: Guard
    given_up: Callable[[], bool]

    def list(self, request: WorkspaceRequest) -> Any:
        """Return the entries of a folder (docs/protocol.md 4.5)."""
        parts = self._found(request.path)
        with self.root.open(parts) as folder:
            return Listing(self.root, parts, self.given_up).read(folder)

    def read(self, request: WorkspaceRequest) -> Any:
        """Return a file's content: text in the asked encoding where it is text, else base64."""
        encoding = text.check_encoding(request.encoding)
        data = self._content(request.path)
        content = text.decode(data, encoding)
        size = None if content is None else text.wire_size(content)
        if size is None or size > WIRE_LIMIT:
            return {"content": text.to_base64(data), "encoding": "base64", "size": len(data)}
        return {"content": content, "encoding": request.encoding, "size": len(data)}

    def write(self, request: WorkspaceRequest) -> Any:
        """Put a file in place in one step; missing folders are made, an old file keeps its mode."""
        path = request.path
        data = _data(request)
        parts = self._makeable(path)
        if not parts:
            raise IsADirectoryError
        self._make_folders(parts[:-1])
        with self.root.open(parts[:-1]) as folder:
            mode = _old_mode(folder, parts[-1], path)
            _put(folder, parts[-1], data, mode)
        return _done(_("{path} was written.").format(path=shown(path)))

    def delete(self, request: WorkspaceRequest) -> Any:
        """Remove a file, a link as itself, or a folder with all that is in it."""
        parts = self._found(request.path, follow_last=False)
        if not parts:
            raise RefusedError(_("The work folder itself cannot be deleted."))
        self.guard.check_removed(parts, request.path)
        with self.root.open(parts[:-1]) as folder:
            status = folder.status(parts[-1])
            is_folder = stat.S_ISDIR(status.st_mode) and not is_link(status)
            if not is_folder:
                folder.unlink(parts[-1])
        if is_folder:
            self._remove_tree(parts)
        return _done(_("{path} was deleted.").format(path=shown(request.path)))

    def mkdir(self, request: WorkspaceRequest) -> Any:
        """Make a folder and those above it; one that is there is no error."""
        parts = self._makeable(request.path)
        made = self._make_folders(parts)
        message = _("{path} was made.") if made else _("{path} was there already.")
        return _done(message.format(path=shown(request.path or "/")))

    # ------------------------------------------------------------ paths

    def _found(self, path: str, *, follow_last: bool = True) -> tuple[str, ...]:
        """Return the real parts of something that should be there and may be seen.

        A name that Windows cannot have is served where it exists, and refused elsewhere.
        """
        parts = parts_of(path)
        if not ODD_NAMES_EXIST:
            check_makeable(path, parts)
        real = self._resolved(path, parts, follow_last=follow_last)
        if not os.path.lexists(self.root.at(real)):
            check_makeable(path, parts)
        self.guard.check_seen(real, path)
        return real

    def _makeable(self, path: str) -> tuple[str, ...]:
        """Return the real parts of something to be made or overwritten."""
        parts = parts_of(path)
        check_makeable(path, parts)
        real = self._resolved(path, parts)
        for wanted in (parts, real):  # a link `logs` is as protected as what it leads to
            self.guard.check_made(wanted, path)
        return real

    def _resolved(
        self, path: str, parts: tuple[str, ...], *, follow_last: bool = True
    ) -> tuple[str, ...]:
        try:
            return self.root.resolve(parts, follow_last=follow_last)
        except LeadsOutError as why:
            message = _("The path {path} is refused: a link leads out of the work folder.")
            raise RefusedError(message.format(path=shown(path))) from why

    # ------------------------------------------------------------ steps

    def _content(self, path: str) -> bytes:
        parts = self._found(path)
        if not parts:
            raise IsADirectoryError
        with self.root.open(parts[:-1]) as folder:
            fd = folder.open_file(parts[-1])
        with os.fdopen(fd, "rb") as file:
            self.guard.check_opened(os.fstat(fd), path)
            data = file.read(READ_LIMIT + 1)
        if len(data) > READ_LIMIT:
            message = _("{path} is larger than {limit} MB, the most that can be read.")
            raise RefusedError(message.format(path=shown(path), limit=READ_LIMIT // 2**20))
        return data

    def _make_folders(self, parts: tuple[str, ...]) -> bool:
        """Make the folders that are missing; tell whether the last one was."""
        made = False
        for depth in range(1, len(parts) + 1):
            made = False
            with self.root.open(parts[: depth - 1]) as folder, suppress(FileExistsError):
                folder.make_folder(parts[depth - 1])
                made = True
        with self.root.open(parts):  # a file in its place shows here
            return made

    def _remove_tree(self, top: tuple[str, ...]) -> None:
        """Remove a folder from the bottom up, without a limit of depth or open files."""
        pending = [(top, False)]
        while pending:
            parts, emptied = pending.pop()
            if emptied:
                self._remove_emptied(parts, below_top=len(parts) > len(top))
            else:
                pending.append((parts, True))
                with self.root.open(parts) as folder:
                    pending += [((*parts, name), False) for name in _remove_files(folder)]

    def _remove_emptied(self, parts: tuple[str, ...], *, below_top: bool) -> None:
        with self.root.open(parts[:-1]) as folder:
            if below_top:
                _insist(folder, folder.remove_folder, parts[-1])
            else:
                folder.remove_folder(parts[-1])


def _remove_files(folder: Folder) -> list[str]:
    """Remove all but the folders of a folder; return their names."""
    entries = list(folder.entries())
    for entry in entries:
        if not entry.is_folder:
            _insist(folder, folder.unlink, entry.name)
    return [entry.name for entry in entries if entry.is_folder]


def _insist(folder: Folder, remove: Callable[[str], None], name: str) -> None:
    """Remove an entry of a folder that is to go itself, also when it is read-only."""
    try:
        with suppress(FileNotFoundError):
            remove(name)
    except PermissionError:
        folder.unlock()
        remove(name)


def _data(request: WorkspaceRequest) -> bytes:
    if request.is_base64 or request.encoding == "base64":
        return text.from_base64(request.content)
    return text.encode(request.content, text.check_encoding(request.encoding))


def _old_mode(folder: Folder, name: str, path: str) -> int | None:
    """Return the permissions of the file that will be replaced, None when there is none."""
    try:
        status = folder.status(name)
    except FileNotFoundError:
        return None
    check_file(status)
    if not status.st_mode & _WRITABLE:
        raise RefusedError(_("{path} is read-only.").format(path=shown(path)))
    return stat.S_IMODE(status.st_mode)


def _put(folder: Folder, name: str, data: bytes, mode: int | None) -> None:
    temporary = _TEMPORARY.format(secrets.token_hex(8))
    fd = folder.create(temporary, mode)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(fd)
        folder.replace(temporary, name)
    except BaseException:
        with suppress(OSError):
            folder.unlink(temporary)
        raise
    folder.sync()


def _done(message: str) -> dict[str, Any]:
    return {"success": True, "message": message}
