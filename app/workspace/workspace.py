"""Answers the platform's file requests on one work dir."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from app.host.confined import Root
from app.i18n import _
from app.protocol.messages import WorkspaceAnswer, WorkspaceRequest, WorkspaceVerb
from app.workspace.guard import Guard
from app.workspace.listing import GivenUpError
from app.workspace.operations import Operations
from app.workspace.refused import RefusedError, reason, shown

log = logging.getLogger(__name__)


class Workspace:
    """One work dir; `answer` blocks on the disk and may be called from several threads.

    The platform may see, but not change, `logs` and `cache`; what is `protected` (the
    agent's home, its configuration and token files) it may neither see nor change.
    """

    def __init__(self, root: Path, protected: Sequence[Path] = ()) -> None:
        self._root = root
        self._protected = tuple(protected)

    def answer(
        self, request: WorkspaceRequest, given_up: Callable[[], bool] = lambda: False
    ) -> WorkspaceAnswer:
        """Carry out `request`; whatever goes wrong with it is an answer with an error.

        A long listing ends early once `given_up()`, called on this thread, is true.
        """
        try:
            data = self._carry_out(request, given_up)
        except RefusedError as refused:
            return _failed(request, str(refused))
        except GivenUpError:
            return _failed(request, _("Nobody waits for this answer any more."))
        except (OSError, ValueError) as why:
            log.debug("file request %s failed: %r", request.verb.value, why)
            return _failed(request, _problem(request, reason(why)))
        return WorkspaceAnswer(request.verb, request.request_id, success=True, data=data)

    def _carry_out(self, request: WorkspaceRequest, given_up: Callable[[], bool]) -> Any:
        root = Root(self._root)
        operations = Operations(root, Guard(root, self._protected), given_up)
        match request.verb:
            case WorkspaceVerb.LIST:
                return operations.list(request)
            case WorkspaceVerb.READ:
                return operations.read(request)
            case WorkspaceVerb.WRITE:
                return operations.write(request)
            case WorkspaceVerb.DELETE:
                return operations.delete(request)
            case WorkspaceVerb.MKDIR:
                return operations.mkdir(request)


def _failed(request: WorkspaceRequest, error: str) -> WorkspaceAnswer:
    return WorkspaceAnswer(request.verb, request.request_id, success=False, error=error)


def _problem(request: WorkspaceRequest, why: str) -> str:
    text = {
        WorkspaceVerb.LIST: _("The folder {path} cannot be listed: {why}."),
        WorkspaceVerb.READ: _("{path} cannot be read: {why}."),
        WorkspaceVerb.WRITE: _("{path} cannot be written: {why}."),
        WorkspaceVerb.DELETE: _("{path} cannot be deleted: {why}."),
        WorkspaceVerb.MKDIR: _("The folder {path} cannot be made: {why}."),
    }[request.verb]
    return text.format(path=shown(request.path or "/"), why=why)
