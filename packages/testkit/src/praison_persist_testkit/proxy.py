"""An HTTP server before another one, which fails as a test orders. Knows nothing of what is asked and answered."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

__all__ = ["FailingProxy"]

_HANGS = 3.0

Fault = Callable[[BaseHTTPRequestHandler], None]


class _Ordered(NamedTuple):
    """What happens to one request; without a fault it passes."""

    request: str
    fault: Fault | None = None
    executed: bool = False


class FailingProxy:
    """Passes requests on, except where a fault was ordered for the next ones whose name ends so.

    Args:
        behind: port on loopback of the server that answers.
        name: what a request is called, from its method, its path without query and its headers; default the first two.

    Attributes:
        port: of the proxy, on loopback.
        seen: the names of the requests that came.
    """

    def __init__(self, behind: int, name: Callable[[str, str, Any], str] = "{} {}".format) -> None:
        self.seen: list[str] = []
        self._faults: list[_Ordered] = []
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def _handle(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                proxy.seen.append(name(self.command, self.path.partition("?")[0], self.headers))
                ordered = proxy._due(proxy.seen[-1])
                if ordered.fault and not ordered.executed:
                    ordered.fault(self)
                    return
                connection = http.client.HTTPConnection("127.0.0.1", behind)
                connection.request(self.command, self.path, body, dict(self.headers))  # Host too: it names this proxy
                answer = connection.getresponse()
                data = answer.read()
                connection.close()
                if ordered.fault:
                    ordered.fault(self)
                else:
                    _respond(self, answer.status, data, dict(answer.headers))

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                """Silent."""

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815 - the base class's names

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def answer(
        self,
        request: str,
        data: bytes,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        times: int = 1,
        after: int = 0,
    ) -> None:
        """Answer so; let the first ``after`` requests pass."""

        def fault(handler: BaseHTTPRequestHandler) -> None:
            _respond(handler, status, data, headers or {})

        self._faults += [_Ordered(request)] * after
        self._faults += [_Ordered(request, fault)] * times

    def cut_off(self, request: str, *, executed: bool = False) -> None:
        """End the connection in the middle of the answer; ``executed`` after the server behind did as asked."""

        def fault(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response_only(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
            handler.wfile.write(b'{"')
            handler.wfile.flush()
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)

        self._faults.append(_Ordered(request, fault, executed))

    def hang(self, request: str) -> None:
        """Give no answer for some seconds."""

        def fault(handler: BaseHTTPRequestHandler) -> None:
            time.sleep(_HANGS)
            handler.close_connection = True

        self._faults.append(_Ordered(request, fault))

    @property
    def met(self) -> bool:
        """Whether all the ordered faults have happened."""
        return not self._faults

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()

    def _due(self, request: str) -> _Ordered:
        for ordered in self._faults:
            if request.endswith(ordered.request):
                self._faults.remove(ordered)
                return ordered
        return _Ordered(request)


def _respond(handler: BaseHTTPRequestHandler, status: int, data: bytes, headers: Mapping[str, str]) -> None:
    handler.send_response_only(status)
    kept = {key: value for key, value in headers.items() if key.lower() not in ("content-length", "connection")}
    if status not in (204, 304):
        kept["Content-Length"] = str(len(data))
    for key, value in kept.items():
        handler.send_header(key, value)
    handler.end_headers()
    handler.wfile.write(data)
