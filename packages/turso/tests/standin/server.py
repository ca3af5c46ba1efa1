"""HTTP in front of the streams: batons, their expiry, the token, and faults that a test asks for."""

from __future__ import annotations

import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from replication import Replication
from sql import Stream

EXPIRY_SECONDS = 10.0


class Server(ThreadingHTTPServer):
    """Hrana 3 over one database file.

    Args:
        address: host and port.
        path: the database, which outlives the server.
        token: what clients must show; empty for no check.
        expiry: seconds after which a stream without requests is closed.
        base_url: where transactions are to go on; empty for nowhere else.
        sync: offer replicas.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        path: Path,
        *,
        token: str = "",
        expiry: float = EXPIRY_SECONDS,
        base_url: str = "",
        sync: bool = False,
    ) -> None:
        super().__init__(address, Handler)
        self.path, self.token, self.expiry, self.base_url = path, token, expiry, base_url
        self.delay = 0.0
        self._streams: dict[str, tuple[Stream, float]] = {}
        self._idle: list[Stream] = []
        self._guard = threading.Lock()
        self.first = Stream(path, keep_log=sync)
        self.first.connection.execute("PRAGMA journal_mode = WAL")
        self.replication = Replication(path) if sync else None

    def service_actions(self) -> None:
        """Called twice a second: close what was abandoned."""
        with self._guard:
            late = [baton for baton, (_, used) in self._streams.items() if time.monotonic() - used > self.expiry]
            for baton in late:
                self._idle.append(self._streams.pop(baton)[0].close())

    def take(self, baton: str | None) -> Stream | None:
        """A new stream, or the one of the baton, which is good once."""
        with self._guard:
            if baton is not None:
                return self._streams.pop(baton, (None, 0.0))[0]
            if self._idle:
                return self._idle.pop()
        return Stream(self.path, keep_log=self.replication is not None)

    def done(self, stream: Stream) -> None:
        """Take a closed stream back: opening a database takes longer than a statement."""
        with self._guard:
            self._idle.append(stream)

    def keep(self, stream: Stream) -> str:
        """The baton for the next request."""
        baton = secrets.token_urlsafe(16)
        with self._guard:
            self._streams[baton] = (stream, time.monotonic())
        return baton


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        if self.server.replication is not None and self.path != "/v3":
            if self._refused():
                return None
            return self._send(*self.server.replication.answer(self.path))
        known = self.path == "/v3"
        return self._reply(200 if known else 404, {} if known else {"error": f"no such path: {self.path}"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path == "/_delay":
            self.server.delay = float(body)
            return self._reply(200, {})
        if self.path != "/v3/pipeline":
            return self._reply(404, {"error": f"no such path: {self.path}"})
        if self._refused():
            return None
        time.sleep(self.server.delay)
        request = json.loads(body)
        stream = self.server.take(request.get("baton"))
        if stream is None:
            return self._text(400, "Received an invalid baton")
        results = [stream.answer(part) for part in request["requests"]]
        if any(part["type"] == "close" for part in request["requests"]):
            self.server.done(stream)
            return self._reply(200, {"baton": None, "base_url": None, "results": results})
        answer = {"baton": self.server.keep(stream), "base_url": self.server.base_url or None, "results": results}
        return self._reply(200, answer)

    def _refused(self) -> bool:
        shown = self.headers.get("Authorization")
        refused = bool(self.server.token) and shown != f"Bearer {self.server.token}"
        if refused:
            words = "The JWT is invalid" if shown else "The authorization header is missing"
            self._reply(401, {"error": f"Authentication failed: {words}"})
        return refused

    def _reply(self, status: int, answer: Any) -> None:
        self._send(status, "application/json", json.dumps(answer).encode())

    def _text(self, status: int, text: str) -> None:
        self._send(status, "text/plain", text.encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing of requests."""
