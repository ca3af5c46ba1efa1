"""HTTP: routes, keys, bodies, status codes. Decides nothing about indexes and records."""

from __future__ import annotations

import json
import re
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import vectors
from project import Project
from refusal import RequestError

__all__ = ["serve"]

_LONGEST_URL = 8190
_INDEX = re.compile(r"/indexes(?:/([^/]+))?")
_VECTORS = re.compile(r"/hosts/([^/]+)(/.+)")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one segment: two cost a delayed acknowledgement of 40 ms
    project: Project
    key: str
    positions: bool

    def _handle(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        path = unquote(url.path)
        try:
            if len(self.path) > _LONGEST_URL:
                raise RequestError(414, 3, "URI Too Long")
            if self.headers.get("Api-Key") != self.key:
                raise RequestError(401, "UNAUTHENTICATED", "Invalid API Key")
            if not self.headers.get("X-Pinecone-Api-Version"):
                raise RequestError(400, "INVALID_ARGUMENT", "the request names no version of the API")
            body = _body(raw, url.query)
            with self.project.lock:
                if found := _VECTORS.fullmatch(path):
                    self._vectors(found[1], found[2], body, len(raw))
                elif found := _INDEX.fullmatch(path):
                    self._control(found[1], body)
                else:
                    raise RequestError(404, "NOT_FOUND", path)
        except RequestError as exc:
            self._refuse(exc)

    def _control(self, name: str | None, body: dict[str, Any]) -> None:
        host = f"http://{self.headers.get('Host')}"
        if name is None and self.command == "GET":
            self._send(200, {"indexes": [index.described(host) for index in self.project.indexes.values()]})
        elif name is None and self.command == "POST":
            self._send(201, self.project.create(body).described(host))
        elif name is not None and self.command == "GET":
            self._send(200, self.project.get(name).described(host))
        elif name is not None and self.command == "DELETE":
            self.project.drop(name)
            self._send(202, {})
        else:
            raise RequestError(405, "UNIMPLEMENTED", f"the stand-in has no {self.command} here")

    def _vectors(self, name: str, path: str, body: dict[str, Any], size: int) -> None:
        route = vectors.ROUTES.get((self.command, path))
        if route is None or name not in self.project.indexes:
            raise RequestError(404, 5, f"{path} of index {name} not found")
        answer = route(self.project, self.project.get(name), body, size)
        told = {"x-pinecone-request-lsn": answer.committed, "x-pinecone-max-indexed-lsn": answer.indexed}
        headers = {key: str(value) for key, value in told.items() if value is not None and self.positions}
        self._send(200, answer.body, headers)

    def _refuse(self, exc: RequestError) -> None:
        if isinstance(exc.code, int):
            self._send(exc.status, {"code": exc.code, "message": str(exc), "details": []})
        else:
            self._send(exc.status, {"error": {"code": exc.code, "message": str(exc)}, "status": exc.status})

    def _send(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(content, ensure_ascii=False).encode()
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Silent: a test reads what its client was told."""

    do_GET = do_POST = do_DELETE = do_PATCH = _handle


def _body(raw: bytes, query: str) -> dict[str, Any]:
    if not raw:
        parameters = parse_qs(query, keep_blank_values=True)
        return {key: values if key == "ids" else values[-1] for key, values in parameters.items()}
    try:
        body = json.loads(raw)
    except ValueError:
        raise RequestError(400, 3, "the body is no JSON") from None
    if not isinstance(body, dict):
        raise RequestError(400, 3, "the body is no object")
    return body


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def serve(project: Project, port: int, key: str, positions: bool) -> None:
    """Answer on loopback until SIGTERM or SIGINT."""
    handler = type("Handler", (_Handler,), {"project": project, "key": key, "positions": positions})
    with _Server(("127.0.0.1", port), handler) as server:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
        server.serve_forever(poll_interval=0.1)
