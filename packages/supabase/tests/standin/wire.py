"""HTTP for the stand-in: routes, the gateway's check of the key, bodies. Decides nothing about functions."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from api import Answer, Api, refusal


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    api: ClassVar[Api]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.answer(self.route(body))

    def do_GET(self) -> None:
        self.answer(refusal(405, "PGRST117", f"Unsupported HTTP method: {self.command}"))

    do_HEAD = do_PUT = do_PATCH = do_DELETE = do_GET

    def route(self, body: bytes) -> Answer:
        path = urlsplit(self.path).path
        if not path.startswith("/rest/v1/"):
            return Answer(404, {"message": "no Route matched with those values"})
        key = self.headers.get("apikey")
        if not key:
            hint = "No `apikey` request header or url param was found."
            return Answer(401, {"message": "No API key found in request", "hint": hint})
        if not self.api.is_key(key):
            hint = "Double check your Supabase `anon` or `service_role` API key."
            return Answer(401, {"message": "Invalid API key", "hint": hint})
        kind, _, name = path.removeprefix("/rest/v1/").partition("/")
        if kind != "rpc" or not name:
            return refusal(404, "PGRST125", "Invalid path specified in request URL")
        try:
            arguments: Any = json.loads(body or b"{}")
        except ValueError:
            return refusal(400, "PGRST102", "Empty or invalid json")
        if not isinstance(arguments, dict):
            return refusal(400, "PGRST102", "Empty or invalid json")
        bearer = (self.headers.get("authorization") or "").removeprefix("Bearer ") or key
        return self.api.call(bearer, self.headers.get("content-profile"), unquote(name), arguments)

    def answer(self, answer: Answer) -> None:
        body = b"" if answer.status == 204 else answer.text().encode()
        self.send_response(answer.status)
        if body:
            self.send_header("content-type", "application/json; charset=utf-8")
        if answer.status != 204:
            self.send_header("content-length", str(len(body)))
        if answer.code:
            self.send_header("proxy-status", f"PostgREST; error={answer.code}")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass
