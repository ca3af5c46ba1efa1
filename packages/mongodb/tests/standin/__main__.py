"""A stand-in for mongod: its wire protocol (OP_MSG, and the OP_QUERY that a client greets with) over mongomock.

One process, one lock, no users, no TLS. Commands that write are in a journal before they are answered, and are repeated
from it at the start. Run as ``python standin --port N --journal FILE``; ``--lag`` and ``--building`` are seconds after
which searches see what was written, and after which a new search index is ready; ``--no-search`` is a server
without, ``--cosmos`` Azure Cosmos DB for MongoDB (vCore).
"""

from __future__ import annotations

import argparse
import socketserver
import struct
import threading
from pathlib import Path
from typing import Any

import bson
from bson.codec_options import CodecOptions
from commands import WRITES, Commands, failed
from cosmos import Cosmos
from search import Search

OPTIONS: Any = CodecOptions(tz_aware=True)
OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013
CHECKSUM, MORE_TO_COME = 1, 2


class Server(socketserver.ThreadingTCPServer):
    """Answers commands of all connections, one at a time."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, port: int, journal: Path, search: Search | None, cosmos: Cosmos | None) -> None:
        self._commands = Commands(search, cosmos)
        self._lock = threading.Lock()
        if journal.exists():
            for command in _whole(journal.read_bytes()):
                self._commands.run(command)
        self._journal = journal.open("ab", buffering=0)
        super().__init__(("127.0.0.1", port), Connection)

    def answer(self, command: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            try:
                reply = self._commands.run(command)
            except NotImplementedError as error:
                return failed(238, "NotImplemented", str(error))
            if next(iter(command)) in WRITES:
                self._journal.write(bson.encode(command))
            return reply


class Connection(socketserver.BaseRequestHandler):
    """One client."""

    server: Server

    def handle(self) -> None:
        try:
            while True:
                size, number, _, operation = struct.unpack("<iiii", self._read(16))
                body = self._read(size - 16)
                if operation == OP_QUERY:
                    start = body.index(0, 4) + 9
                    reply = bson.encode(self.server.answer(bson.decode(body[start:], OPTIONS)))
                    self._write(number, OP_REPLY, struct.pack("<iqii", 8, 0, 0, 1) + reply)
                elif operation == OP_MSG:
                    (flags,) = struct.unpack("<I", body[:4])
                    reply = self.server.answer(_message(body[4 : -4 if flags & CHECKSUM else None]))
                    if not flags & MORE_TO_COME:
                        self._write(number, OP_MSG, struct.pack("<Ib", 0, 0) + bson.encode(reply))
                else:
                    return
        except (EOFError, ConnectionError):
            return

    def _read(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            part = self.request.recv(min(size - len(parts), 1 << 20))
            if not part:
                raise EOFError
            parts += part
        return bytes(parts)

    def _write(self, number: int, operation: int, body: bytes) -> None:
        self.request.sendall(struct.pack("<iiii", 16 + len(body), 0, number, operation) + body)


def _message(body: bytes) -> dict[str, Any]:
    """The command in the sections of an OP_MSG: its document, and lists of documents that go with it."""
    command: dict[str, Any] = {}
    lists: dict[str, Any] = {}
    at = 0
    while at < len(body):
        kind = body[at]
        (size,) = struct.unpack("<i", body[at + 1 : at + 5])
        section = body[at + 1 : at + 1 + size]
        if kind == 0:
            command = bson.decode(section, OPTIONS)
        else:
            end = section.index(0, 4)
            lists[section[4:end].decode()] = bson.decode_all(section[end + 1 :], OPTIONS)
        at += 1 + size
    return {**command, **lists}


def _whole(journal: bytes) -> Any:
    """The commands of a journal, without one that was cut off at its end."""
    at = 0
    while at + 4 <= len(journal):
        (size,) = struct.unpack("<i", journal[at : at + 4])
        if at + size > len(journal):
            return
        yield bson.decode(journal[at : at + size], OPTIONS)
        at += size


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--lag", type=float, default=0.0)
    parser.add_argument("--building", type=float, default=0.0)
    parser.add_argument("--no-search", action="store_true")
    parser.add_argument("--cosmos", action="store_true")
    arguments = parser.parse_args()
    cosmos = Cosmos() if arguments.cosmos else None
    search = None if arguments.no_search or cosmos else Search(arguments.lag, arguments.building)
    with Server(arguments.port, arguments.journal, search, cosmos) as server:
        server.serve_forever()
