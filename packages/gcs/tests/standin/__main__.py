"""A stand-in for Cloud Storage: its JSON API, as the vendor's client speaks it, over a SQLite file.

Knows buckets, uploads in one request, downloads, deletions and pages of names, with conditions on generations; refuses
the rest. To run the same tests against the service, set PRAISON_PERSIST_TEST_GCS_URL.
"""

from __future__ import annotations

import argparse
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from objects import Objects, RefusedError


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet for an answer; two would wait for each other
    objects: Objects

    def do_GET(self) -> None:
        """A download, or a page of names."""
        self._answer(self._read)

    def do_POST(self) -> None:
        """An upload, or a new bucket."""
        self._answer(self._write)

    def do_DELETE(self) -> None:
        """A deletion."""
        self._answer(self._delete)

    def _answer(self, act: Any) -> None:
        parts = urlsplit(self.path)
        path = [unquote(part) for part in parts.path.strip("/").split("/")]
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            act(path, query, body)
        except RefusedError as error:
            self._send(error.status, {"error": {"code": error.status, "message": str(error)}})

    def _read(self, path: list[str], query: dict[str, str], body: bytes) -> None:
        match path:
            case ["download", "storage", "v1", "b", bucket, "o", name]:
                generation, about, content = self.objects.get(bucket, name)
                self._send(200, content, {"X-Goog-Generation": str(generation), "X-Goog-Metageneration": "1"}, about)
            case ["storage", "v1", "b", bucket, "o"]:
                most = min(int(query.get("maxResults", 1000)), 1000)
                after = bytes.fromhex(query.get("pageToken", "")).decode()
                items, last = self.objects.page(bucket, query.get("prefix", ""), after, most)
                more = {"nextPageToken": last.encode().hex()} if last else {}
                self._send(200, {"kind": "storage#objects", "items": items, **more})
            case _:
                raise RefusedError(501, f"the stand-in does not know GET {self.path}")

    def _write(self, path: list[str], query: dict[str, str], body: bytes) -> None:
        match path:
            case ["upload", "storage", "v1", "b", bucket, "o"] if query.get("uploadType") == "multipart":
                said, data = _parts(body)
                self._send(200, self.objects.put(bucket, said.pop("name"), said, data, _expected(query)))
            case ["storage", "v1", "b"]:
                name = json.loads(body)["name"]
                self.objects.make_bucket(name)
                self._send(200, {"kind": "storage#bucket", "name": name})
            case _:
                raise RefusedError(501, f"the stand-in does not know POST {self.path}")

    def _delete(self, path: list[str], query: dict[str, str], body: bytes) -> None:
        match path:
            case ["storage", "v1", "b", bucket, "o", name]:
                self.objects.delete(bucket, name, _expected(query))
                self._send(204, b"")
            case _:
                raise RefusedError(501, f"the stand-in does not know DELETE {self.path}")

    def _send(self, status: int, content: Any, headers: dict[str, str] | None = None, about: Any = None) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", (about or {}).get("contentType", "application/json; charset=UTF-8"))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    def log_message(self, *args: Any) -> None:
        """Keep quiet."""


def _expected(query: dict[str, str]) -> int | None:
    return int(query["ifGenerationMatch"]) if "ifGenerationMatch" in query else None


def _parts(body: bytes) -> tuple[dict[str, Any], bytes]:
    """What is said about the object, and its content, of a multipart upload."""
    boundary = body.split(b"\r\n", 1)[0]
    about, content = (part.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n") for part in body.split(boundary)[1:3])
    return json.loads(about), content


class Server(ThreadingHTTPServer):
    """Many connections."""

    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database", required=True, metavar="FILE")
    given = parser.parse_args()
    Handler.objects = Objects(given.database)
    Server(("127.0.0.1", given.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
