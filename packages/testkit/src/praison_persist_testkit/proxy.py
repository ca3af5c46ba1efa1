"""An HTTP server before another one, which fails as a test orders. Knows nothing of what is asked and answered."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

__all__ = ["FailingProxy"]

_HANGS = 3.0

Fault = Callable[[BaseHTTPRequestHandler], None]


class _After(NamedTuple):
    """A fault in place of the answer that the server behind has given."""

    fault: Fault

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        self.fault(handler)


class FailingProxy:
    """Passes requests on, except where a fault was ordered for the next ones of which method and path match.

    Args:
        behind: port on loopback of the server that answers.
        name: what a request is called, from its method, its path without query and its headers; default the first two.

    Attributes:
        port: of the proxy, on loopback.
        seen: the requests that came.
    """

    def __init__(self, behind: int, name: Callable[[str, str, Any], str] | None = None) -> None:
        self.seen: list[str] = []
        self._faults: list[tuple[str, Fault | None]] = []
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def _handle(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                path = self.path.partition("?")[0]
                request = f"{self.command} {path}" if name is None else name(self.command, path, self.headers)
                proxy.seen.append(request)
                fault = proxy._due(request)
                if fault is not None and not isinstance(fault, _After):
                    fault(self)
                    return
                connection = http.client.HTTPConnection("127.0.0.1", behind)
                connection.request(self.command, self.path, body, dict(self.headers))  # Host too: it names this proxy
                answer = connection.getresponse()
                content = answer.read()
                connection.close()
                if fault is not None:
                    fault(self)
                else:
                    _respond(self, answer.status, content, dict(answer.headers))

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                """Silent."""

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815 - the base class's names

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def answer(
        self, request: str, status: int, body: bytes, headers: dict[str, str] | None = None, *, times: int = 1
    ) -> None:
        """Answer so to the next requests that end so."""

        def fault(handler: BaseHTTPRequestHandler) -> None:
            _respond(handler, status, body, headers or {})

        self._faults += [(request, fault)] * times

    def let_pass(self, request: str) -> None:
        """Let one such request pass before what is ordered after this."""
        self._faults.append((request, None))

    def cut_off(self, request: str, *, executed: bool = False) -> None:
        """End the connection in the middle of the answer; ``executed`` after the server behind has done as asked."""

        def fault(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response_only(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
            handler.wfile.write(b'{"')
            handler.wfile.flush()
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)

        self._faults.append((request, _After(fault) if executed else fault))

    def hang(self, request: str) -> None:
        """Give no answer for some seconds."""

        def fault(handler: BaseHTTPRequestHandler) -> None:
            time.sleep(_HANGS)
            handler.close_connection = True

        self._faults.append((request, fault))

    @property
    def met(self) -> bool:
        """Whether all the ordered faults have happened."""
        return not self._faults

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()

    def _due(self, request: str) -> Fault | None:
        for ordered in self._faults:
            if request.endswith(ordered[0]):
                self._faults.remove(ordered)
                return ordered[1]
        return None


def _respond(handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str]) -> None:
    handler.send_response_only(status)
    kept = {name: value for name, value in headers.items() if name.lower() not in ("content-length", "connection")}
    if status not in (204, 304):
        kept["Content-Length"] = str(len(body))
    for name, value in kept.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)
