"""HTTP: paths, the token, bodies, status codes. Decides nothing about vectors."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from indexes import Indexes
from operations import OPERATIONS
from refusal import RequestError

__all__ = ["serve"]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one segment: two cost a delayed acknowledgement of 40 ms
    disable_nagle_algorithm = True
    indexes: Indexes
    token: str

    def _handle(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            if self.headers.get("Authorization") != f"Bearer {self.token}":
                raise RequestError(401, "Unauthorized: Invalid auth token")
            _, index, operation, *rest = unquote(self.path).split("/")
            if operation not in OPERATIONS or len(rest) > 1:
                raise RequestError(404, f"no {operation}")
            body = json.loads(raw) if raw else None
            with self.indexes.lock:
                result = OPERATIONS[operation](self.indexes.get(index), rest[0] if rest else "", body)
            self._send(200, {"result": result})
        except RequestError as refusal:
            self._send(refusal.status, {"error": str(refusal), "status": refusal.status})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._send(400, {"error": f"Invalid request: {error!r}", "status": 400})

    def _send(self, status: int, content: Any) -> None:
        data = json.dumps(content).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Silent: a test reads what its client was told."""

    do_GET = do_POST = do_DELETE = _handle


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def serve(indexes: Indexes, port: int, token: str) -> None:
    """Answer on a port of loopback until the process ends."""
    _Handler.indexes, _Handler.token = indexes, token
    _Server(("127.0.0.1", port), _Handler).serve_forever()
