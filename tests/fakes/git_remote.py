"""Repositories to clone from: in a folder, and behind a small HTTP server that wants a password."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.host.containment import own_child

# Serves the repositories below argv[1] with git's own http-backend; argv[2] is a folder for
# its files: `port`, `requests` (JSON lines) and `orders`, which a test writes (JSON).
_SERVER = r"""
import base64, http.server, json, os, pathlib, subprocess, sys, time, urllib.parse
root, folder = sys.argv[1], pathlib.Path(sys.argv[2])

def orders():
    try:
        return json.loads((folder / "orders").read_text("utf-8"))
    except FileNotFoundError:
        return {}

def seen_in_arguments(secret):
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if secret in words or base64.b64encode(secret.encode()).decode().rstrip("=") in words:
            yield words

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def do_GET(self): self.answer()
    def do_POST(self): self.answer()

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        told, path = orders(), self.path
        note = {"method": self.command, "path": path, "auth": self.headers.get("Authorization")}
        note["leaks"] = list(seen_in_arguments(told["secret"])) if told.get("secret") else []
        with open(folder / "requests", "a", encoding="utf-8") as file:
            file.write(json.dumps(note) + "\n")
        if told.get("fail"):
            told["fail"] -= 1
            (folder / "orders").write_text(json.dumps(told), "utf-8")
            return self.short(told["status"])
        if told.get("redirect"):
            return self.short(302, Location=told["redirect"] + path)
        if told.get("users") is not None and note["auth"] not in told["users"]:
            return self.short(401, **{"WWW-Authenticate": 'Basic realm="git"'})
        if told.get("stall") and self.command == told["stall"]:
            (folder / "stalled").touch()
            time.sleep(30)
        self.serve(body)

    def short(self, status, **headers):
        self.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def serve(self, body):
        path, _, query = self.path.partition("?")
        env = dict(os.environ, GIT_PROJECT_ROOT=root, GIT_HTTP_EXPORT_ALL="1",
            PATH_INFO=urllib.parse.unquote(path), QUERY_STRING=query,
            REQUEST_METHOD=self.command, REMOTE_ADDR="127.0.0.1",
            CONTENT_TYPE=self.headers.get("Content-Type", ""),
            GIT_PROTOCOL=self.headers.get("Git-Protocol", ""),
            HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding", ""))
        done = subprocess.run(["git", "http-backend"], input=body, env=env, capture_output=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in {**fields, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
(folder / "port.new").write_text(str(server.server_port), "utf-8")
(folder / "port.new").rename(folder / "port")
server.serve_forever()
"""


@dataclass(frozen=True, slots=True)
class Remote:
    """A repository that a test changes and the agent clones."""

    path: Path

    @classmethod
    def make(cls, path: Path) -> "Remote":
        """A repository with one commit on its default branch `main`."""
        path.mkdir(parents=True)
        remote = cls(path)
        remote.git("init", "--quiet", "--initial-branch=main")
        remote.commit("first", {"readme.txt": "one\n", ".gitignore": "ignored/\n"})
        return remote

    def git(self, *arguments: str, stdin: str = "") -> str:
        """Run git there and return what it prints."""
        done = subprocess.run(
            ["git", *arguments],  # noqa: S607 (the git of this computer is what is tested)
            cwd=self.path,
            input=stdin,
            check=True,
            capture_output=True,
            encoding="utf-8",
        )
        return done.stdout.strip()

    def commit(self, subject: str, files: dict[str, str | None]) -> str:
        """Write (None: remove) files and commit them; return the hash."""
        for name, text in files.items():
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                file.unlink()
            else:
                file.write_text(text, encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", subject)
        return self.git("rev-parse", "HEAD")


@dataclass(frozen=True, slots=True)
class HttpServer:
    """A running server; it keeps a record of its requests."""

    folder: Path

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{(self.folder / 'port').read_text(encoding='utf-8')}"

    def order(self, **orders: Any) -> None:
        """Say how it behaves from now on: users, redirect, fail and status, stall, secret."""
        (self.folder / "orders").write_text(json.dumps(orders), encoding="utf-8")

    def requests(self) -> list[dict[str, Any]]:
        """Return what was asked so far."""
        with contextlib.suppress(FileNotFoundError):
            text = (self.folder / "requests").read_text(encoding="utf-8")
            return [json.loads(line) for line in text.splitlines()]
        return []

    @property
    def stalled(self) -> bool:
        """True once a request got no answer."""
        return (self.folder / "stalled").exists()


@contextmanager
def http_server(root: Path, folder: Path) -> Iterator[HttpServer]:
    """A server for the repositories below `root`, in a process that no job's end touches."""
    folder.mkdir()
    server = HttpServer(folder)
    with own_child() as register:
        process = subprocess.Popen(
            [sys.executable, "-c", _SERVER, str(root), str(folder)], env=dict(os.environ)
        )
        register(process.pid)
        try:
            end = time.monotonic() + 10
            while not (folder / "port").exists():
                assert time.monotonic() < end, "the server did not start"
                time.sleep(0.005)
            yield server
        finally:
            process.kill()
            process.wait()
