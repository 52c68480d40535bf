"""The terminal's side: finds the agent of a home folder, proves itself, asks; blocking."""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from app.control import handshake, wire
from app.control.card import Card, read_card
from app.errors import NotDoneError, NotRunningError
from app.host.private_file import NotPrivateError
from app.i18n import _

HOST = "127.0.0.1"
ANSWER_TIMEOUT = 10.0  # seconds for whatever is answered at once
_SLICE = 0.5  # seconds; on Windows Ctrl+C does not interrupt a wait for a socket
_READ = 64 * 1024  # bytes


class EndedError(Exception):
    """The agent closed the connection."""


class Agent:
    """A connection to the agent of a home folder; use it with `with`.

    Entering raises NotRunningError when no agent runs there, NotDoneError when it does not
    answer or its card is not private.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._socket: socket.socket | None = None
        self._held = b""
        self.pid = 0

    def __enter__(self) -> "Agent":
        card = self._card()
        self.pid = card.pid
        try:
            self._socket = socket.create_connection((HOST, card.port), timeout=ANSWER_TIMEOUT)
            self._prove(card)
        except TimeoutError as silent:
            self._close()
            raise self._silent() from silent
        except (OSError, EndedError, ValueError) as stale:
            self._close()
            raise self._gone(card) from stale
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    def ask(self, ask: wire.Ask) -> dict[str, Any]:
        """Return the answer; NotDoneError when it is no, or does not come."""
        try:
            self._say(wire.encode_ask(ask))
            return _answer(self._hear(ANSWER_TIMEOUT))
        except TimeoutError as silent:
            raise self._silent() from silent
        except (OSError, EndedError, ValueError) as gone:
            raise NotDoneError(_("The agent ended before it answered.")) from gone

    def stream(self, ask: wire.AskLogs) -> Iterator[str]:
        """Yield pieces until the log ends; EndedError when the agent does. Errors as `ask`."""
        try:
            self._say(wire.encode_ask(ask))
            while "piece" in (body := self._hear(None)):
                yield str(body["piece"])
        except (OSError, ValueError) as gone:
            raise EndedError from gone
        _answer(body)

    def wait_gone(self) -> None:
        """Wait until the agent closes the connection."""
        with suppress(OSError, EndedError, ValueError):
            while True:
                self._hear(None)

    # ------------------------------------------------------------ finding it

    def _card(self) -> Card:
        try:
            card = read_card(self._home)
        except NotPrivateError as why:
            raise NotDoneError(why.cause, why.next_step) from why
        except OSError as why:
            text = _("The agent's file in {home} cannot be read: {why}.")
            raise NotDoneError(
                text.format(home=self._home, why=why.strerror or why),
                _("Run this command as the user who runs the agent."),
            ) from why
        if card is None:
            text = _("No agent is running for the home folder {home}.")
            raise NotRunningError(text.format(home=self._home), _start_hint())
        return card

    def _gone(self, card: Card) -> NotRunningError:
        text = _(
            "No agent is running for the home folder {home}: process {pid} ended without a goodbye."
        )
        return NotRunningError(text.format(home=self._home, pid=card.pid), _start_hint())

    def _silent(self) -> NotDoneError:
        return NotDoneError(
            _("The agent (process {pid}) does not answer.").format(pid=self.pid),
            _("Try again; if that goes on, end the process and start the agent again."),
        )

    def _prove(self, card: Card) -> None:
        hello = self._hear(ANSWER_TIMEOUT)
        theirs, mine = hello.get("nonce"), handshake.new_nonce()
        if not handshake.is_nonce(theirs):
            raise EndedError
        nonces = (str(theirs), mine)
        said = handshake.proof(card.secret, handshake.FACE, *nonces)
        self._say({"nonce": mine, "proof": said})
        expected = handshake.proof(card.secret, handshake.AGENT, *nonces)
        if not handshake.proven(expected, self._hear(ANSWER_TIMEOUT).get("proof")):
            raise EndedError

    # ------------------------------------------------------------ lines

    def _say(self, body: dict[str, Any]) -> None:
        self._open.settimeout(ANSWER_TIMEOUT)
        self._open.sendall(wire.encode(body))

    def _hear(self, timeout: float | None) -> dict[str, Any]:
        """Return the next line; TimeoutError when it does not come in time."""
        until = None if timeout is None else time.monotonic() + timeout
        while (end := self._held.find(b"\n")) < 0:
            if len(self._held) > wire.ANSWER_LIMIT:
                raise EndedError
            self._fill(until)
        line, self._held = self._held[: end + 1], self._held[end + 1 :]
        return wire.decode(line)

    def _fill(self, until: float | None) -> None:
        self._open.settimeout(_SLICE)
        try:
            data = self._open.recv(_READ)
        except TimeoutError:
            if until is not None and time.monotonic() >= until:
                raise
            return
        if not data:
            raise EndedError
        self._held += data

    @property
    def _open(self) -> socket.socket:
        if self._socket is None:
            raise EndedError
        return self._socket

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _answer(body: dict[str, Any]) -> dict[str, Any]:
    if "error" in body:
        raise NotDoneError(str(body["error"]), str(body.get("next_step", "")))
    answer = body.get("answer")
    if not isinstance(answer, dict):
        raise NotDoneError(_("The agent's answer cannot be read."), _("Restart the agent."))
    return answer


def _start_hint() -> str:
    return _("Start one, or name the home folder of another with --home.")
