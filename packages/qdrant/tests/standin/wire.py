"""The REST protocol: routes, request models, envelopes and status codes. Decides nothing about points."""

from __future__ import annotations

import json
import re
import signal
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from catalog import Catalog, RequestError
from pydantic import BaseModel, TypeAdapter, ValidationError
from qdrant_client import models

VERSION = "1.20.0"

_INSERT: TypeAdapter[Any] = TypeAdapter(models.PointInsertOperations)
_SELECTOR: TypeAdapter[Any] = TypeAdapter(models.PointsSelector)
_DONE = {"operation_id": 0, "status": "completed"}

Answer = Callable[[Catalog, str, bytes], Any]


def _upsert(catalog: Catalog, name: str, body: bytes) -> Any:
    request = _INSERT.validate_json(body)
    if isinstance(request, models.PointsBatch):
        raise RequestError(400, "the stand-in takes points, not a batch")
    catalog.get(name).upsert(request.points, request.update_filter, request.update_mode)
    return _DONE


def _delete(catalog: Catalog, name: str, body: bytes) -> Any:
    request = _SELECTOR.validate_json(body)
    shard = catalog.get(name)
    if isinstance(request, models.PointIdsList):
        shard.delete_ids(request.points)
    else:
        shard.delete_matching(request.filter)
    return _DONE


def _retrieve(catalog: Catalog, name: str, body: bytes) -> Any:
    request = models.PointRequest.model_validate_json(body)
    with_payload = True if request.with_payload is None else request.with_payload
    return catalog.get(name).retrieve(request.ids, with_payload, bool(request.with_vector))


def _count(catalog: Catalog, name: str, body: bytes) -> Any:
    request = models.CountRequest.model_validate_json(body)
    return {"count": catalog.get(name).count(request.filter)}


def _query(catalog: Catalog, name: str, body: bytes) -> Any:
    return {"points": catalog.get(name).query(models.QueryRequest.model_validate_json(body))}


def _scroll(catalog: Catalog, name: str, body: bytes) -> Any:
    points, offset = catalog.get(name).scroll(models.ScrollRequest.model_validate_json(body))
    return {"points": points, "next_page_offset": offset}


def _create(catalog: Catalog, name: str, body: bytes) -> Any:
    catalog.create(name, models.CreateCollection.model_validate_json(body))
    return True


_ROUTES: dict[tuple[str, str], Answer] = {
    ("PUT", ""): _create,
    ("GET", ""): lambda catalog, name, _: catalog.get(name).info(),
    ("DELETE", ""): lambda catalog, name, _: catalog.drop(name),
    ("GET", "/exists"): lambda catalog, name, _: {"exists": name in catalog.names()},
    ("PUT", "/points"): _upsert,
    ("POST", "/points"): _retrieve,
    ("POST", "/points/delete"): _delete,
    ("POST", "/points/count"): _count,
    ("POST", "/points/query"): _query,
    ("POST", "/points/scroll"): _scroll,
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one segment: two cost a delayed acknowledgement of 40 ms
    catalog: Catalog

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        if path == "/":
            self._send(200, {"title": "qdrant - vector search engine", "version": VERSION})
            return
        try:
            self._send(200, {"result": self._answer(path, body), "status": "ok", "time": 0.0})
        except RequestError as exc:
            self._refuse(exc.status, str(exc))
        except ValidationError as exc:
            self._refuse(400, f"Format error in JSON body: {exc.errors()[0]['msg']}")

    def _answer(self, path: str, body: bytes) -> Any:
        if path == "/collections" and self.command == "GET":
            return {"collections": [{"name": name} for name in self.catalog.names()]}
        found = re.fullmatch(r"/collections/([^/]+)(/.*)?", path)
        answer = _ROUTES.get((self.command, found[2] or "")) if found else None
        if found is None or answer is None:
            raise RequestError(404, "")
        return answer(self.catalog, unquote(found[1]), body)

    def _refuse(self, status: int, message: str) -> None:
        self._send(status, {"status": {"error": message}, "time": 0.0})

    def _send(self, status: int, content: Any) -> None:
        data = json.dumps(content, default=_plain).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Silent: a test reads what its client was told."""

    do_GET = do_PUT = do_POST = do_DELETE = _handle


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else str(value)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def serve(catalog: Catalog, port: int) -> None:
    """Answer on loopback until SIGTERM or SIGINT."""
    handler = type("Handler", (_Handler,), {"catalog": catalog})
    with _Server(("127.0.0.1", port), handler) as server:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
        server.serve_forever(poll_interval=0.1)
