"""One connection to SurrealDB: over a WebSocket with deadlines, or into the engine in this process. Knows no queries.

The SDK's own WebSocket connection waits for ever, logs what is sent, and never notices that it broke; its embedded
engine opens a directory that another process has open, and damages it. Both are mended here.
"""

from __future__ import annotations

import logging
import os
import socket
import struct
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import websockets.sync.client as websocket
from surrealdb import BlockingEmbeddedSurrealConnection, BlockingWsSurrealConnection
from surrealdb.data.cbor import decode
from surrealdb.request_message.message import RequestMessage
from websockets.protocol import State
from websockets.typing import Subprotocol

from praison_persist.errors import UnavailableError

from .location import Location

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

__all__ = ["Embedded", "Socket", "lend", "take_back"]

# What the library logs at DEBUG are the frames, with passwords and data in them.
_log = logging.getLogger("praison_persist_surrealdb.websocket")
_log.setLevel(logging.WARNING)


class Socket(BlockingWsSurrealConnection):
    """A connection to a server, signed in and with its database chosen; for one thread at a time.

    Raises:
        Exception: the SDK's and the transport's errors, see `errors.from_driver`.
    """

    def __init__(self, location: Location, *, timeout: float, connect_timeout: float) -> None:
        super().__init__(location.url)
        self._timeout = connect_timeout
        self.socket = websocket.connect(
            self.raw_url,
            open_timeout=connect_timeout,
            close_timeout=1.0,
            max_size=None,
            compression=None,
            subprotocols=[Subprotocol("cbor")],
            logger=_log,
        )
        try:
            _limit_sending(self.socket.socket, timeout)
            if location.token:
                self.authenticate(location.token)
            elif location.signin:
                self.signin(location.signin)
            self.use(location.namespace, location.database)
        except BaseException:
            self.close()
            raise
        self._timeout = timeout

    @property
    def alive(self) -> bool:
        """Whether the server has not closed it, as far as is known."""
        return self.socket is not None and self.socket.state is State.OPEN

    def close(self) -> None:
        if self.socket is not None:
            with suppress(Exception):  # whatever its state
                self.socket.close()

    def _send(self, message: RequestMessage, process: str, bypass: bool = False) -> dict[str, Any]:
        if self.socket is None:
            raise ConnectionError("the connection was closed")
        try:
            self.socket.send(message.WS_CBOR_DESCRIPTOR)
        except BlockingIOError as exc:
            raise TimeoutError("sending took too long") from exc
        data = self.socket.recv(self._timeout)
        response: dict[str, Any] = decode(data if isinstance(data, bytes) else data.encode())
        if response.get("id") not in (None, message.id):
            raise ConnectionError("the answer to another request arrived")
        if not bypass:
            self.check_response_for_error(response, process)
        return response


def _limit_sending(sock: socket.socket, seconds: float) -> None:
    """A frozen server stops reading, and the library waits for ever to get rid of a large message."""
    if os.name == "posix":
        limit = struct.pack("@ll", int(seconds), int(seconds % 1 * 1e6))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


class Embedded:
    """The engine in this process, for any number of threads, one at a time; stores of one directory share it.

    Raises:
        UnavailableError: another process has the directory.
    """

    def __init__(self, location: Location) -> None:
        self.lock = threading.RLock()
        self.users = 0
        self.process = os.getpid()
        self._location = location
        self._guard = _lock_directory(location)
        self._used = ("", "")
        self._engine = BlockingEmbeddedSurrealConnection(location.url)
        self._engine.connect()

    def query_raw(self, text: str, variables: dict[str, Any], location: Location) -> dict[str, Any]:
        """Run a query in the location's database; stores that share the engine may have chosen others."""
        if self.process != os.getpid():
            raise _held(location, "the process that this one was forked from")
        with self.lock:
            if self._used != (location.namespace, location.database):
                self._engine.use(location.namespace, location.database)
                self._used = (location.namespace, location.database)
            return self._engine.query_raw(text, variables)

    def close(self) -> None:
        with self.lock:
            self._engine.close()
            if self._guard is not None:
                self._guard.close()


_shared: dict[str, Embedded] = {}
_sharing = threading.Lock()


def lend(location: Location) -> Embedded:
    """The engine of a location, the same one for everybody in this process; a new one for memory."""
    if location.path is None:
        return Embedded(location)
    with _sharing:
        key = os.path.realpath(location.path)
        found = _shared.get(key)
        if found is None or found.process != os.getpid():
            found = _shared[key] = Embedded(location)
        found.users += 1
        return found


def take_back(engine: Embedded) -> None:
    """Close the engine when its last user is gone."""
    with _sharing:
        engine.users -= 1
        if engine.users > 0 or engine.process != os.getpid():
            return
        for key in [key for key, other in _shared.items() if other is engine]:
            del _shared[key]
        engine.close()


def _lock_directory(location: Location) -> IO[str] | None:
    if location.path is None or fcntl is None:
        return None
    path = Path(location.path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        guard = path.with_name(f"{path.name}.lock").open("a", encoding="utf-8")
    except OSError as exc:
        raise UnavailableError(f"cannot open {location}: {exc}", retryable=False) from exc
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        guard.close()
        raise _held(location, "another process") from exc
    return guard


def _held(location: Location, owner: str) -> UnavailableError:
    return UnavailableError(
        f"the SurrealDB engine in {location} is in use by {owner}",
        retryable=False,
        hint="a directory has one process; run a server and give url=ws://localhost:8000/rpc to share data",
    )
