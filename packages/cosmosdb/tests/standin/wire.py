"""HTTP: routes, signatures, headers, pages, throttling. Decides nothing about containers and items."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import signal
import threading
import time
import uuid
from collections import OrderedDict
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from account import LARGEST, Account, Container
from refusal import RequestError, bad

__all__ = ["Throttle", "serve"]

Row = dict[str, Any]

_PAGE, _PAGE_BYTES = 1000, 4_000_000
_SKEW = 900
_TYPES = ("dbs", "colls", "docs", "pkranges")


class Throttle:
    """Lets in some requests a second, as an account does with its request units.

    Args:
        rate: requests a second, and how many of a burst; 0 for any.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._left = rate
        self._at = time.monotonic()

    def pass_one(self) -> None:
        """Refuse a request that is too much."""
        if not self._rate:
            return
        now = time.monotonic()
        self._left = min(self._rate, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            wait = int((1 - self._left) / self._rate * 1000) + 1
            raise RequestError(429, "TooManyRequests", "Request rate is large.", retry_after_ms=wait, substatus=3200)
        self._left -= 1


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one segment: two cost a delayed acknowledgement of 40 ms
    account: Account
    key: bytes
    throttle: Throttle
    pages: OrderedDict[str, list[Any]]

    def _handle(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = [unquote(part) for part in urlsplit(self.path).path.split("/") if part]
        try:
            self._check_signature(parts)
            with self.account.lock:
                self._route(parts, raw)
        except RequestError as exc:
            self._send(exc.status, {"code": exc.code, "message": str(exc)}, exc.headers)

    def _check_signature(self, parts: list[str]) -> None:
        """The authorization that the REST API asks for: a signature over verb, kind, link and date."""
        kind = "" if not parts else parts[-1] if len(parts) % 2 else parts[-2]
        link = "/".join(parts[:-1] if len(parts) % 2 else parts)
        date = self.headers.get("x-ms-date") or ""
        signed = unquote(self.headers.get("authorization") or "")
        given = dict(part.partition("=")[::2] for part in signed.split("&"))
        text = f"{self.command.lower()}\n{kind}\n{link}\n{date.lower()}\n\n"
        wanted = base64.b64encode(hmac.new(self.key, text.encode(), hashlib.sha256).digest()).decode()
        if (given.get("type"), given.get("ver")) != ("master", "1.0") or not hmac.compare_digest(
            given.get("sig", "").encode(), wanted.encode()
        ):
            raise RequestError(
                401,
                "Unauthorized",
                "The authorization token can't serve the request. The wrong key is being used",
            )
        try:
            age = abs(time.time() - parsedate_to_datetime(date).timestamp())
        except (TypeError, ValueError):
            age = _SKEW + 1
        if age > _SKEW:
            raise RequestError(403, "Forbidden", "The authorization token is not valid at the current time.")
        if not self.headers.get("x-ms-version"):
            raise bad("The request names no version of the API.")

    def _route(self, parts: list[str], raw: bytes) -> None:
        names, kinds = parts[1::2], tuple(parts[0::2])
        if kinds != _TYPES[: len(kinds)] and kinds != ("dbs", "colls", "pkranges"):
            raise RequestError(404, "NotFound", self.path)
        if not parts:
            self._send(200, self._described())
        elif len(parts) == 1:
            self._databases(raw)
        elif len(parts) == 2:
            self._database(names[0])
        elif len(parts) == 3:
            self._containers(names[0], raw)
        elif len(parts) == 4:
            self._container(names[0], names[1])
        else:
            self._items(kinds[2], names, raw)

    # -- the account, databases, containers ----------------------------------------------------------------------

    def _described(self) -> Row:
        here = f"http://{self.headers.get('Host')}/"
        place = [{"name": "Here", "databaseAccountEndpoint": here}]
        level = "Eventual" if self.account.lag else "Session"
        return {
            "_self": "",
            "id": "standin",
            "_rid": "standin",
            "_dbs": "//dbs/",
            "writableLocations": place,
            "readableLocations": place,
            "enableMultipleWriteLocations": False,
            "userConsistencyPolicy": {"defaultConsistencyLevel": level},
        }

    def _databases(self, raw: bytes) -> None:
        if self.command == "GET":
            found = [{"id": name} for name in self.account.databases()]
            self._send(200, {"Databases": found, "_count": len(found)})
            return
        body = self._body(raw)
        self.account.create_database(body.get("id", ""))
        self._send(201, {"id": body["id"]})

    def _database(self, name: str) -> None:
        if self.command == "DELETE":
            self.account.drop_database(name)
            self._send(204, None)
            return
        self.account.containers(name)
        self._send(200, {"id": name})

    def _containers(self, database: str, raw: bytes) -> None:
        if self.command == "GET":
            found = [one.properties for one in self.account.containers(database).values()]
            self._send(200, {"DocumentCollections": found, "_count": len(found)})
            return
        body = self._body(raw)
        self.account.create_container(database, body)
        self._send(201, self.account.container(database, body["id"]).properties)

    def _container(self, database: str, name: str) -> None:
        if self.command == "DELETE":
            self.account.drop_container(database, name)
            self._send(204, None)
            return
        self._send(200, self.account.container(database, name).properties)

    # -- items ---------------------------------------------------------------------------------------------------

    def _items(self, kind: str, names: list[str], raw: bytes) -> None:
        container = self.account.container(names[0], names[1])
        if kind == "pkranges":
            self._ranges(container)
            return
        self.throttle.pass_one()
        rid = self.headers.get("x-ms-cosmos-intended-collection-rid")
        if rid not in (None, container.properties["_rid"]):
            raise RequestError(400, "BadRequest", "The container was made anew.", substatus=1024)
        if len(raw) > LARGEST:
            raise RequestError(413, "RequestEntityTooLarge", "Request size is too large")
        key = self.headers.get("x-ms-documentdb-partitionkey")
        if key is None:
            raise bad("Cross partition query or item without a partition key is refused by this stand-in.")
        if len(names) == 3:
            self._item(container, names, key)
        elif self.headers.get("x-ms-documentdb-isquery"):
            self._query(container, key, raw)
        else:
            self._write(container, names, key, raw)

    def _item(self, container: Container, names: list[str], key: str) -> None:
        if self.command == "GET":
            self._send(200, container.item(key, names[2]), self._session(container.partition(key)[1]))
            return
        self._one(names, key, {"operationType": "Delete", "id": names[2]})

    def _write(self, container: Container, names: list[str], key: str, raw: bytes) -> None:
        body = self._body(raw)
        if self.headers.get("x-ms-cosmos-is-batch-request") == "True":
            if self.headers.get("x-ms-cosmos-batch-atomic") != "True" or not isinstance(body, list):
                raise bad("A batch is atomic, and a list of operations.")
            answers = self.account.execute(names[0], names[1], key, body)
            failed = any(answer["statusCode"] >= 400 for answer in answers)
            self._send(207 if failed else 200, answers, self._session(container.lsn))
            return
        upsert = self.headers.get("x-ms-documentdb-is-upsert") == "True"
        self._one(names, key, {"operationType": "Upsert" if upsert else "Create", "resourceBody": body})

    def _one(self, names: list[str], key: str, operation: Row) -> None:
        """An operation that is a request of its own."""
        answer = self.account.execute(names[0], names[1], key, [operation])[0]
        if answer["statusCode"] >= 400:
            raise RequestError(answer["statusCode"], "Refused", "The operation is refused.")
        lsn = self.account.container(names[0], names[1]).lsn
        self._send(answer["statusCode"], answer.get("resourceBody"), self._session(lsn))

    def _query(self, container: Container, key: str, raw: bytes) -> None:
        token = self.headers.get("x-ms-continuation")
        if token is None:
            rest, lsn = container.query(key, self._body(raw))
        elif token in self.pages:
            rest, lsn = self.pages[token], container.lsn
        else:
            raise bad("Invalid Continuation Token")
        most = min(int(self.headers.get("x-ms-max-item-count") or _PAGE), _PAGE)
        size, count = 0, 0
        for row in rest[:most]:
            size += len(json.dumps(row))
            if count and size > _PAGE_BYTES:
                break
            count += 1
        headers = self._session(lsn)
        if rest[count:]:
            token = uuid.uuid4().hex
            self.pages[token] = rest[count:]
            if len(self.pages) > 100:
                self.pages.popitem(last=False)
            headers["x-ms-continuation"] = token
        rid = container.properties["_rid"]
        self._send(200, {"_rid": rid, "Documents": rest[:count], "_count": count}, headers)

    def _ranges(self, container: Container) -> None:
        if self.headers.get("If-None-Match") == '"1"':
            self._send(304, None, {"etag": '"1"'})
            return
        whole = {"id": "0", "minInclusive": "", "maxExclusive": "FF", "parents": [], "status": "online"}
        rid = container.properties["_rid"]
        self._send(200, {"_rid": rid, "PartitionKeyRanges": [whole], "_count": 1}, {"etag": '"1"'})

    def _session(self, lsn: int) -> Row:
        return {"x-ms-session-token": f"0:-1#{lsn}", "lsn": str(lsn)}

    def _body(self, raw: bytes) -> Any:
        try:
            return json.loads(raw)
        except ValueError:
            raise bad("The request body is not valid JSON.") from None

    def _send(self, status: int, content: Any, headers: Row | None = None) -> None:
        data = b"" if content is None else json.dumps(content, ensure_ascii=False).encode()
        self.send_response(status)
        for name, value in {
            "x-ms-activity-id": str(uuid.uuid4()),
            "x-ms-request-charge": "1",
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Silent: a test reads what its client was told."""

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = _handle


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def serve(account: Account, port: int, key: str, throttle: Throttle) -> None:
    """Answer on loopback until SIGTERM or SIGINT."""
    known = {"account": account, "key": base64.b64decode(key), "throttle": throttle, "pages": OrderedDict()}
    with _Server(("127.0.0.1", port), type("Handler", (_Handler,), known)) as server:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
        server.serve_forever(poll_interval=0.1)
