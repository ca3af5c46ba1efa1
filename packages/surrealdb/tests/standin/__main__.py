"""A stand-in for a SurrealDB server: its RPC protocol over a WebSocket, answered by the engine inside the SDK's wheel.

The queries are answered by SurrealDB itself (the version that the wheel embeds). What is not the real thing: this
transport, sessions, permissions and concurrency. The engine has one session, and its storage (in memory and SurrealKV)
loses updates when transactions overlap, so queries run one after the other here; every eighth is answered as one that
collided with another, as a server does. The engine asks nobody who they are, so a connection that has not signed in is
refused here. For tests only.
"""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from surrealdb._surrealdb_ext import AsyncEmbeddedDB
from surrealdb.data.cbor import decode, encode
from surrealdb.request_message.message import RequestMessage
from surrealdb.request_message.methods import RequestMethod
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

COLLISION = "Failed to commit transaction due to a read or write conflict. This transaction can be retried"


class Engine:
    """The engine's one session, shared by connections that may have chosen different databases."""

    def __init__(self, url: str, collide: int) -> None:
        self._engine = AsyncEmbeddedDB(url)
        self._turn = asyncio.Lock()
        self._chosen: tuple[str, ...] = ()
        self._collide = collide
        self._queries = 0

    async def connect(self, user: str, password: str) -> None:
        await self._engine.connect()
        text = f"DEFINE USER OVERWRITE {user} ON ROOT PASSWORD '{password}' ROLES OWNER"  # takes no variables
        await self._engine.execute(_message(RequestMethod.USE, namespace="main", database="main"))
        await self._engine.execute(_message(RequestMethod.QUERY, query=text, params={}))

    async def query(self, request: bytes, asked: dict[str, Any], chosen: tuple[str, ...]) -> bytes:
        """The answer to a query in a namespace and database; for some, that it collided with another one."""
        self._queries += 1
        if self._collide and self._queries % self._collide == 0:
            return encode({"id": asked["id"], "result": [{"status": "ERR", "result": COLLISION, "time": "1ms"}]})
        async with self._turn:
            if chosen and chosen != self._chosen:
                await self._engine.execute(_message(RequestMethod.USE, namespace=chosen[0], database=chosen[1]))
                self._chosen = chosen
            return await self._engine.execute(request)

    async def execute(self, request: bytes) -> bytes:
        """The answer to any other request."""
        async with self._turn:
            return await self._engine.execute(request)


async def talk(engine: Engine, connection: ServerConnection) -> None:
    """Serve one connection until it ends."""
    chosen: tuple[str, ...] = ()
    known = False
    try:
        async for request in connection:
            assert isinstance(request, bytes)
            asked: dict[str, Any] = decode(request)
            method = asked["method"]
            try:
                if method == "use":
                    chosen = tuple(asked["params"])
                    answer = encode({"id": asked["id"], "result": None})
                elif method in ("signin", "authenticate"):
                    answer = await engine.execute(request)
                    known = True
                elif not known:
                    raise RuntimeError("IAM error: Not enough permissions to perform this action")
                elif method == "query":
                    answer = await engine.query(request, asked, chosen)
                else:
                    answer = await engine.execute(request)
            except (RuntimeError, ValueError) as exc:
                answer = encode({"id": asked["id"], "error": {"code": -32000, "message": str(exc)}})
            await connection.send(answer)
    except ConnectionClosed:
        return


async def main() -> None:
    """Serve until the process ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--url", default="mem://", help="mem:// or surrealkv://directory")
    parser.add_argument("--user", default="root")
    parser.add_argument("--password", default="root")
    parser.add_argument("--collide", type=int, default=8, help="every n-th query collides; 0 for none")
    options = parser.parse_args()
    engine = Engine(options.url, options.collide)
    await engine.connect(options.user, options.password)

    async def serve_one(connection: ServerConnection) -> None:
        await talk(engine, connection)

    subprotocols: Any = ["cbor"]
    async with serve(serve_one, "127.0.0.1", options.port, subprotocols=subprotocols, max_size=None, compression=None):
        await asyncio.get_running_loop().create_future()


def _message(method: RequestMethod, **arguments: Any) -> bytes:
    return RequestMessage(method, **arguments).WS_CBOR_DESCRIPTOR


asyncio.run(main())
