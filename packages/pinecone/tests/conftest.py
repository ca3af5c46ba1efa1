"""Servers for the tests of this package: a stand-in of the test's own, and a proxy before one that fails as told."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from praison_persist_pinecone import PineconeKnowledgeStore

KEY = "pcsk_very-s3cret"


class Standin:
    """The stand-in in a process of its own, on its own options.

    Attributes:
        url: of it, with the key.
        port: of it.
    """

    def __init__(self, *options: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://{KEY}@127.0.0.1:{self.port}"
        folder = Path(__file__).parent / "standin"
        command = [sys.executable, str(folder), "--port", str(self.port), "--key", KEY, *options]
        self._process = subprocess.Popen(command)
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                assert self._process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.02)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def make_pinecone() -> Iterator[Callable[..., Standin]]:
    """Start a stand-in with options."""
    made: list[Standin] = []

    def make(*options: str) -> Standin:
        made.append(Standin(*options))
        return made[-1]

    yield make
    for standin in made:
        standin.stop()


Fault = Callable[[BaseHTTPRequestHandler], None]


class Proxy:
    """Passes requests on to a stand-in, except where a fault was ordered for the next ones to a path that ends so.

    Attributes:
        url: of it, with the key.
        seen: method and path of the requests that came.
    """

    def __init__(self, behind: int) -> None:

        self.seen: list[str] = []
        self._faults: list[tuple[str, Fault | None]] = []
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def _handle(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                proxy.seen.append(f"{self.command} {self.path.partition('?')[0]}")
                if fault := proxy._due(proxy.seen[-1]):
                    fault(self)
                    return
                connection = http.client.HTTPConnection("127.0.0.1", behind)
                connection.request(self.command, self.path, body, dict(self.headers))  # Host too: it names this proxy
                answer = connection.getresponse()
                data = answer.read()
                headers = dict(answer.headers)
                respond(self, answer.status, data, headers)
                connection.close()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                """Silent."""

            do_GET = do_POST = do_DELETE = _handle

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://{KEY}@127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def refuse(
        self, path: str, status: int, message: str = "no", *, times: int = 1, after: int = 0, **headers: str
    ) -> None:
        """Answer with this status; let the first ``after`` requests pass."""
        data = f'{{"error":{{"code":"X","message":"{message}"}},"status":{status}}}'.encode()
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        self._faults += [(path, None)] * after
        self._faults += [(path, lambda handler: respond(handler, status, data, named))] * times

    def answer(self, path: str, data: bytes) -> None:
        """Answer with success and this body."""
        self._faults.append((path, lambda handler: respond(handler, 200, data, {})))

    def cut_off(self, path: str) -> None:
        """End the connection in the middle of the answer."""

        def fault(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response_only(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
            handler.wfile.write(b'{"vectors":')
            handler.wfile.flush()
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)

        self._faults.append((path, fault))

    def hang(self, path: str) -> None:
        """Give no answer for some seconds."""

        def fault(handler: BaseHTTPRequestHandler) -> None:
            time.sleep(3)
            handler.close_connection = True

        self._faults.append((path, fault))

    @property
    def met(self) -> bool:
        """Whether all the ordered faults have happened."""
        return not self._faults

    def _due(self, request: str) -> Fault | None:
        for ordered in self._faults:
            if request.endswith(ordered[0]):
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


@pytest.fixture(scope="session")
def behind_proxies() -> Iterator[Standin]:
    """The stand-in that all proxies pass requests on to."""
    standin = Standin()
    yield standin
    standin.stop()


@pytest.fixture
def proxy(behind_proxies: Standin) -> Iterator[Proxy]:
    """A proxy before a stand-in that has no index but the test's."""
    made = Proxy(behind_proxies.port)
    yield made
    made.stop()
    with PineconeKnowledgeStore(behind_proxies.url) as store:
        for name in store.list_collections():
            store.delete_collection(name)
