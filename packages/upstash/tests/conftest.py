"""Servers for the tests of this package: the stand-in before a real Redis, and one that says what it is told to."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from praison_persist_testkit.faults import ServerProcess

TOKEN = "AXyz-very-secret-token"


class Standin(ServerProcess):
    """The REST interface before a Redis, to kill and restart."""

    token = TOKEN

    def __init__(self, redis_url: str, *arguments: str) -> None:
        script, redis_port = Path(__file__).parent / "standin" / "server.py", str(urlsplit(redis_url).port)
        super().__init__(lambda port: [sys.executable, str(script), str(port), redis_port, TOKEN, *arguments])
        self.url = f"http://127.0.0.1:{self.port}"


@pytest.fixture(scope="session")
def upstash(redis_url: str) -> Iterator[Standin]:
    """The stand-in; nobody may kill it."""
    standin = Standin(redis_url)
    yield standin
    standin.kill()


@pytest.fixture
def make_upstash(redis_url: str) -> Iterator[Callable[..., Standin]]:
    """A stand-in of the test's own."""
    made: list[Standin] = []

    def make(*arguments: str) -> Standin:
        made.append(Standin(redis_url, *arguments))
        return made[-1]

    yield make
    for standin in made:
        standin.kill()


class Script:
    """A server that gives prepared answers, in order, the last one for ever.

    Attributes:
        url: of the server.
        seen: the commands that came.
    """

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self.seen: list[Any] = []
        left = list(answers)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(handler) -> None:
                body = handler.rfile.read(int(handler.headers["content-length"]))
                self.seen.append(json.loads(body))
                status, answer = left.pop(0) if len(left) > 1 else left[0]
                data = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
                handler.send_response(status)
                handler.send_header("content-length", str(len(data)))
                handler.end_headers()
                handler.wfile.write(data)

            def log_message(handler, *args: object) -> None:
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def script() -> Iterator[Callable[..., Script]]:
    """Make a server with prepared answers."""
    made: list[Script] = []

    def make(*answers: tuple[int, Any]) -> Script:
        made.append(Script(*answers))
        return made[-1]

    yield make
    for server in made:
        server.stop()
