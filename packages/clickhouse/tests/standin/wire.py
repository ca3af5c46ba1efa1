"""ClickHouse's HTTP interface: what a request asks for, and how an answer or an error is told."""

from __future__ import annotations

import base64
import email
import gzip
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import lz4.frame
from statements import Engine, StatementError

_AUTHENTICATION_FAILED = 516
_STATUS = {60: 404, 81: 404, _AUTHENTICATION_FAILED: 403, 497: 403, 159: 408, 202: 503}

# What the interface itself takes from the query string; all else is a setting or a parameter.
_OWN = {
    "query", "database", "user", "password", "query_id", "session_id", "session_timeout", "session_check", "compress",
    "decompress", "wait_end_of_query", "client_protocol_version", "buffer_size", "send_progress_in_http_headers",
    "http_headers_progress_interval_ms", "enable_http_compression", "role", "default_format", "quota_key",
}  # fmt: skip


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    engine: Engine
    account: tuple[str, str]


class _Handler(BaseHTTPRequestHandler):
    """One connection, with a session of its own."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self._server = cast(_Server, self.server)
        self._session = self._server.engine.session()

    def finish(self) -> None:
        self._session.close()
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def do_GET(self) -> None:
        """Ping, or a statement in the URL."""
        self._answer()

    def do_POST(self) -> None:
        """A statement, in the URL or the body."""
        self._answer()

    def _answer(self) -> None:
        url = urlsplit(self.path)
        asked = dict(parse_qsl(url.query, keep_blank_values=True))
        body = self._body()
        if url.path == "/ping":
            self._reply(200, b"Ok.\n", {})
            return
        if self._account(asked) != self._server.account:
            message = "Code: 516. DB::Exception: default: Authentication failed. (AUTHENTICATION_FAILED)"
            self._reply(403, message.encode(), {"X-ClickHouse-Exception-Code": "516"})
            return
        if self.headers.get("Content-Type", "").startswith("multipart/form-data"):
            body = self._form(body, asked)
        statement = asked["query"].encode() + b"\n" + body if asked.get("query") else body
        parameters = {name[6:]: value for name, value in asked.items() if name.startswith("param_")}
        settings = {name: value for name, value in asked.items() if name not in _OWN and not name.startswith("param_")}
        try:
            data, name = self._session.run(
                statement, parameters, settings, asked.get("default_format") or "TabSeparated"
            )
        except StatementError as error:
            headers = {"X-ClickHouse-Exception-Code": str(error.code)}
            self._reply(_STATUS.get(error.code, 500), str(error).encode(), headers)
            return
        self._reply(200, data, {"X-ClickHouse-Format": name} if name else {})

    def _reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-ClickHouse-Query-Id", str(uuid.uuid4()))
        self.send_header("X-ClickHouse-Timezone", "UTC")
        self.send_header("X-ClickHouse-Summary", "{}")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _account(self, asked: dict[str, str]) -> tuple[str, str]:
        scheme, _, encoded = self.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            user, _, password = base64.b64decode(encoded).decode().partition(":")
            return user, password
        user = self.headers.get("X-ClickHouse-User") or asked.get("user") or "default"
        return user, self.headers.get("X-ClickHouse-Key") or asked.get("password") or ""

    def _body(self) -> bytes:
        data = self._chunks() if "chunked" in self.headers.get("Transfer-Encoding", "") else self._whole()
        encoding = self.headers.get("Content-Encoding")
        if encoding == "lz4":
            return lz4.frame.decompress(data)
        return gzip.decompress(data) if encoding == "gzip" else data

    def _whole(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _chunks(self) -> bytes:
        data = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def _form(self, body: bytes, asked: dict[str, str]) -> bytes:
        """The statement of a form; its other fields join what the URL asks for."""
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        statement = b""
        for part in email.message_from_bytes(head + body).get_payload():
            field = cast(Any, part)
            name = str(field.get_param("name", header="content-disposition"))
            value: bytes = field.get_payload(decode=True)
            if name == "query":
                statement = value
            else:
                asked[name] = value.decode()
        return statement


def serve(engine: Engine, port: int, account: tuple[str, str]) -> None:
    """Answer requests on loopback until the process ends."""
    with _Server(("127.0.0.1", port), _Handler) as server:
        server.engine, server.account = engine, account
        server.serve_forever()
