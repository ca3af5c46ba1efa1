"""HTTP: the management of scopes and collections, and the query service. Decides nothing about documents."""

from __future__ import annotations

import json
import re
import time
from base64 import b64decode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from cluster import Cluster
from faults import BrokenConnectionError, Faults, reset
from refusal import QueryRefusedError
from scram import Account
from statements import run

__all__ = ["Services"]

_NAME = re.compile(r"[A-Za-z0-9-][A-Za-z0-9_%-]{0,250}")
_SCOPES = re.compile(r"/pools/default/buckets/([^/]+)/scopes(?:/([^/]+)/collections)?/?")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one segment: two cost a delayed acknowledgement of 40 ms
    server: Services

    def _handle(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = unquote(urlsplit(self.path).path)
        if path == "/password":  # of the tests, not of Couchbase, as the next ones
            self.server.account.password = raw.decode()
            self._send(200, {})
        elif path == "/faults" and self.command == "POST":
            self.server.faults.order(json.loads(raw))
            self._send(200, {})
        elif path == "/faults":
            self._send(200, {"left": self.server.faults.left()})
        elif not self._let_in():
            refusal = {"errors": [{"code": 13014, "msg": "User does not have credentials to run this."}]}
            self._send(401, {**refusal, "status": "fatal"})
        elif path == "/query/service":
            self._query(json.loads(raw))
        elif found := _SCOPES.fullmatch(path):
            fault = self.server.faults.meet("manage")
            if "status" in fault:
                self._send(fault["status"], "no")
            else:
                self._manage(found[1], found[2], raw)
        else:
            self._send(404, {"errors": {"_": f"the stand-in has no {path}"}})

    def _let_in(self) -> bool:
        kind, _, coded = (self.headers.get("Authorization") or "").partition(" ")
        expected = f"{self.server.account.user}:{self.server.account.password}"
        return kind == "Basic" and b64decode(coded).decode() == expected

    def _query(self, request: dict[str, Any]) -> None:
        try:
            fault = self.server.faults.meet("query")
            if "status" in fault:
                raise QueryRefusedError(fault.get("code", 5000), fault.get("message", "no"), fault["status"])
            consistent = request.get("scan_consistency") in ("request_plus", "at_plus")
            cluster = self.server.cluster
            if consistent and cluster.lag:  # what was written until now is waited for
                self._await(request)
            parameters = {name[1:]: value for name, value in request.items() if name.startswith("$")}
            with cluster.lock:
                readonly = bool(request.get("readonly"))
                outcome = run(cluster, request["statement"], parameters, readonly=readonly, at_once=not consistent)
            body = {"results": outcome.rows, "status": "success"}
            status, mutations = 200, outcome.mutations
            if fault.get("lose"):
                raise BrokenConnectionError
        except BrokenConnectionError:
            self.close_connection = True
            return
        except QueryRefusedError as exc:
            body = {"errors": [{"code": exc.code, "msg": str(exc)}], "status": "fatal"}
            status, mutations = exc.status, 0
        metrics = {"elapsedTime": "1ms", "executionTime": "1ms", "resultSize": 0, "mutationCount": mutations}
        metrics["resultCount"] = len(body.get("results", []))
        told = {"requestID": "b1", "clientContextID": request.get("client_context_id"), "signature": None}
        self._send(status, {**told, **body, "metrics": metrics}, half="half" in fault)

    def _await(self, request: dict[str, Any]) -> None:
        """Wait until indexes know of what was written before the request."""
        cluster = self.server.cluster
        with cluster.lock:
            ready = max(collection.changed for collection in cluster.collections.values()) + cluster.lag
        patience = _seconds(request.get("timeout", "75s"))
        time.sleep(max(0.0, min(ready - time.monotonic(), patience)))
        if ready > time.monotonic():
            raise QueryRefusedError(1080, f"Timeout {patience}s exceeded")

    def _manage(self, bucket: str, scope: str | None, raw: bytes) -> None:
        cluster = self.server.cluster
        if bucket != cluster.bucket:
            self._send(404, "Requested resource not found.")
            return
        with cluster.lock:
            if self.command == "GET":
                listed = [
                    {"name": name, "uid": "8", "collections": [{"name": one, "uid": "8"} for one in sorted(inside)]}
                    for name, inside in cluster.scopes.items()
                ]
                self._send(200, {"uid": f"{cluster.manifest:x}", "scopes": listed})
                return
            name = parse_qs(raw.decode()).get("name", [""])[0]
            if not _NAME.fullmatch(name):
                self._send(400, {"errors": {"name": "First character must not be _ or %"}})
            elif scope is None:
                made = cluster.add_scope(name)
                self._made(made, f'Scope with name "{name}" already exists')
            elif scope not in cluster.scopes:
                self._send(404, {"errors": {"_": f'Scope with name "{scope}" is not found'}})
            else:
                made = cluster.add_collection(scope, name)
                self._made(made, f'Collection with name "{name}" in scope "{scope}" already exists')

    def _made(self, made: bool, otherwise: str) -> None:
        if made:
            self._send(200, {"uid": f"{self.server.cluster.manifest:x}"})
        else:
            self._send(400, {"errors": {"_": otherwise}})

    def _send(self, status: int, content: Any, *, half: bool = False) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if half else data)
        if half:
            self.wfile.flush()
            self.close_connection = True
            reset(self.connection)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Silent: a test reads what its client was told."""

    do_GET = do_POST = do_PUT = do_DELETE = _handle


class Services(ThreadingHTTPServer):
    """The services of the node that speak HTTP, on one port of loopback."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, cluster: Cluster, faults: Faults, account: Account) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.cluster, self.faults, self.account = cluster, faults, account


def _seconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(ns|us|ms|s|m)", text).groups()  # pyright: ignore[reportOptionalMemberAccess]
    return float(number) * {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}[unit]
