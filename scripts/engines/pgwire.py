"""One question to a PostgreSQL server in its own protocol, so that no driver must be installed to start one.

Speaks version 3 as far as ``SELECT version()`` needs: trust or clear-text password, no TLS.
"""

from __future__ import annotations

import socket
import struct
from urllib.parse import unquote, urlsplit


class RefusedError(Exception):
    """The server answered with an error, or asked for a way to log in that is not spoken here."""


def server_version(url: str, *, timeout: float = 2.0) -> str:
    """The answer to ``SELECT version()``.

    Raises:
        OSError: nobody listens, or the connection broke.
        RefusedError: with the server's message.
    """
    parts = urlsplit(url)
    user, password = unquote(parts.username or "postgres"), unquote(parts.password or "")
    database = unquote(parts.path.lstrip("/")) or user
    with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 5432), timeout) as connection:
        names = f"user\0{user}\0database\0{database}\0\0".encode()
        connection.sendall(struct.pack("!ii", 8 + len(names), 3 << 16) + names)
        answer = ""
        while True:
            kind, body = _receive(connection)
            if kind == b"R":
                _log_in(connection, struct.unpack("!i", body[:4])[0], password)
            elif kind == b"E":
                raise RefusedError(body.replace(b"\0", b" ").decode(errors="replace"))
            elif kind == b"D":
                answer = body[6:].decode(errors="replace")
            elif kind == b"Z" and answer:
                connection.sendall(b"X" + struct.pack("!i", 4))
                return answer
            elif kind == b"Z":
                _send(connection, b"Q", b"SELECT version()\0")


def _log_in(connection: socket.socket, method: int, password: str) -> None:
    if method == 3:
        _send(connection, b"p", password.encode() + b"\0")
    elif method != 0:
        raise RefusedError(f"authentication method {method} is not spoken here")


def _send(connection: socket.socket, kind: bytes, body: bytes) -> None:
    connection.sendall(kind + struct.pack("!i", 4 + len(body)) + body)


def _receive(connection: socket.socket) -> tuple[bytes, bytes]:
    kind, length = struct.unpack("!ci", _exactly(connection, 5))
    return kind, _exactly(connection, length - 4)


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise ConnectionError("the server closed the connection")
        data += chunk
    return data
