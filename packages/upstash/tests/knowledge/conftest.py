"""Upstash Vector for the tests: the stand-in in a process of its own, and a proxy before one that fails as told."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

TOKEN = "ABcF-very-s3cret"


class VectorStandin:
    """The stand-in on its own options, to kill and restart.

    Attributes:
        token: that it lets in.
        port: of it.
    """

    def __init__(self, *options: str) -> None:
        self.token = TOKEN
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        folder = Path(__file__).parent / "standin"
        self._command = [sys.executable, str(folder), "--port", str(self.port), "--token", TOKEN, *options]
        self.start()

    def url(self, index: str = "2-cosine") -> str:
        """Of an index, by dimension and metric."""
        return f"http://127.0.0.1:{self.port}/{index}"

    def start(self) -> None:
        self._process = subprocess.Popen(self._command)
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                assert self._process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.02)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


_NAME = "PRAISON_PERSIST_TEST_UPSTASH_VECTOR_"


@pytest.fixture(scope="session")
def vectors() -> Iterator[VectorStandin]:
    """The stand-in; nobody may kill it."""
    standin = VectorStandin()
    yield standin
    standin.kill()


@pytest.fixture
def make_vectors() -> Iterator[Callable[..., VectorStandin]]:
    """Start a stand-in with options."""
    made: list[VectorStandin] = []

    def make(*options: str) -> VectorStandin:
        made.append(VectorStandin(*options))
        return made[-1]

    yield make
    for standin in made:
        standin.kill()


@pytest.fixture
def index_url(vectors: VectorStandin) -> Callable[[int, str], tuple[str, str | None]]:
    """URL and token of an index by dimension and metric: one of Upstash's own where the environment names some."""

    def find(dimension: int, metric: str) -> tuple[str, str | None]:
        if not any(name.startswith(_NAME) for name in os.environ):
            return vectors.url(f"{dimension}-{metric}"), vectors.token
        url = os.environ.get(f"{_NAME}{dimension}_{metric.upper()}")
        if not url:
            pytest.skip(f"{_NAME}{dimension}_{metric.upper()} names no index")
        return url, None

    return find


Fault = Callable[[BaseHTTPRequestHandler], None]


class Proxy:
    """Passes requests on to an index, except where a fault was ordered for the next ones of an operation.

    Attributes:
        url: of its index.
        seen: the operations that were asked for, such as ``upsert``.
    """

    def __init__(self, behind: int) -> None:
        self.seen: list[str] = []
        self._faults: list[tuple[str, Fault | None]] = []
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                proxy.seen.append(self.path.split("/")[2])
                if fault := proxy._due(proxy.seen[-1]):
                    fault(self)
                    return
                connection = http.client.HTTPConnection("127.0.0.1", behind)
                connection.request("POST", self.path, body, dict(self.headers))
                answer = connection.getresponse()
                respond(self, answer.status, answer.read(), {})
                connection.close()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/2-cosine.{uuid.uuid4().hex}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def refuse(
        self, operation: str, status: int, message: str = "no", *, times: int = 1, after: int = 0, **headers: str
    ) -> None:
        """Answer with this status; let the first ``after`` requests pass."""
        data = f'{{"error":"{message}","status":{status}}}'.encode()
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        self._faults += [(operation, None)] * after
        self._faults += [(operation, lambda handler: respond(handler, status, data, named))] * times

    def answer(self, operation: str, data: bytes) -> None:
        """Answer with success and this body."""
        self._faults.append((operation, lambda handler: respond(handler, 200, data, {})))

    def cut_off(self, operation: str) -> None:
        """End the connection in the middle of the answer."""

        def fault(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response_only(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
            handler.wfile.write(b'{"result":')
            handler.wfile.flush()
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)

        self._faults.append((operation, fault))

    def hang(self, operation: str) -> None:
        """Give no answer for some seconds."""

        def fault(handler: BaseHTTPRequestHandler) -> None:
            time.sleep(3)
            handler.close_connection = True

        self._faults.append((operation, fault))

    @property
    def met(self) -> bool:
        """Whether all the ordered faults have happened."""
        return not self._faults

    def _due(self, operation: str) -> Fault | None:
        for ordered in self._faults:
            if ordered[0] == operation:
                self._faults.remove(ordered)
                return ordered[1]
        return None

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def respond(handler: BaseHTTPRequestHandler, status: int, data: bytes, headers: dict[str, str]) -> None:
    """Send an answer."""
    handler.send_response_only(status)
    for key, value in {**headers, "Content-Length": str(len(data))}.items():
        handler.send_header(key, value)
    handler.end_headers()
    handler.wfile.write(data)


@pytest.fixture
def proxy(vectors: VectorStandin) -> Iterator[Proxy]:
    """A proxy before an index of the test's own."""
    made = Proxy(vectors.port)
    yield made
    made.stop()
