"""Upstash's REST interface to a Redis, for tests: ``server.py PORT REDIS_PORT TOKEN [MAX_REQUEST_SIZE]`` on 127.0.0.1.

Commands, pipelines and base64 replies as the vendor documents and its client expects them; no other path exists.
"""

from __future__ import annotations

import base64
import json
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PORT, REDIS_PORT, TOKEN = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
MAX_REQUEST_SIZE = int(sys.argv[4]) if len(sys.argv) > 4 else 10_000_000
MAX_KEY_SIZE = 32 * 1024


class RedisError(Exception):
    """An error reply."""


class Status(str):
    """A simple string, which the interface does not encode."""

    __slots__ = ()


class Redis:
    """A connection that speaks RESP2."""

    def __init__(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", REDIS_PORT))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def __call__(self, command: list[Any]) -> Any:
        parts = [str(part).encode() for part in command]
        frame = b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
        self._socket.sendall(b"*%d\r\n%s" % (len(parts), frame))
        return self._read()

    def _read(self) -> Any:
        line = self._file.readline()
        if not line:
            raise OSError("Redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b"+":
            return Status(rest.decode())
        if kind == b":":
            return int(rest)
        size = int(rest)
        if size < 0:
            return None
        if kind == b"$":
            return self._file.read(size + 2)[:-2]
        replies: list[Any] = []
        error: RedisError | None = None
        for _ in range(size):
            try:
                replies.append(self._read())
            except RedisError as exc:
                error = exc
        if error is not None:
            raise error
        return replies


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet for a short response, and no waiting for acknowledgements within a long one
    disable_nagle_algorithm = True
    local = threading.local()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("authorization") != f"Bearer {TOKEN}":
            return self._answer(401, {"error": "WRONGPASS invalid or missing auth token"})
        request = json.loads(body)
        if self.path == "/":
            reply = self._run(request)
            return self._answer(400 if "error" in reply else 200, reply)
        if self.path == "/pipeline":
            return self._answer(200, [self._run(command) for command in request])
        return self._answer(404, {"error": "ERR unknown path"})

    def _run(self, command: list[Any]) -> dict[str, Any]:
        size = sum(len(str(part).encode()) for part in command)
        if size > MAX_REQUEST_SIZE:
            return {"error": f"ERR max request size exceeded. Limit: {MAX_REQUEST_SIZE} bytes, Actual: {size} bytes"}
        if len(command) > 1 and len(str(command[1]).encode()) > MAX_KEY_SIZE and command[0] != "EVAL":
            return {"error": f"ERR max key size exceeded. Limit: {MAX_KEY_SIZE} bytes"}
        try:
            if not hasattr(self.local, "redis"):
                self.local.redis = Redis()
            return {"result": self._encode(self.local.redis(command))}
        except RedisError as error:
            return {"error": str(error)}

    def _encode(self, reply: Any) -> Any:
        if isinstance(reply, list):
            return [self._encode(part) for part in reply]
        if isinstance(reply, bytes):
            if self.headers.get("upstash-encoding") == "base64":
                return base64.b64encode(reply).decode()
            return reply.decode("utf-8", "replace")
        return reply

    def _answer(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


class Server(ThreadingHTTPServer):
    request_queue_size = 128


if __name__ == "__main__":
    Server(("127.0.0.1", PORT), Handler).serve_forever()
