"""Commands over redis-py's asyncio connections. What the commands mean is the concern of core's `CommandStates`."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from typing import Any

import redis.asyncio as redis
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError

from praison_persist.errors import PersistError
from praison_persist.perloop import PerLoop
from praison_persist.state_engines import AsyncEngine, Pipeline, Scan, match_prefix

from .connecting import PAGE, cluster_options, connection_options, next_node, sentinel_options, server_options
from .errors import busy, from_error, reply_of, unreachable
from .settings import Settings

__all__ = ["async_engine"]


def async_engine(settings: Settings) -> AsyncEngine:
    """The engine for the settings' mode; opens nothing."""
    return AsyncClusterEngine(settings) if settings.mode == "cluster" else AsyncServerEngine(settings)


class AsyncRedisEngine(AsyncEngine):
    """What both engines do: one client for each event loop, and at most ``pool_size`` calls at a time on it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._clients = PerLoop(self._open, self._close)

    async def perform(self, request: Any) -> Any:
        client, free = await self._clients.get()
        if free.locked():
            try:
                await asyncio.wait_for(free.acquire(), self.settings.timeout)
            except asyncio.TimeoutError:  # not the built-in TimeoutError before Python 3.11
                raise busy(self.settings) from None
        else:
            await free.acquire()  # at once; a timer would cost more than the command
        try:
            return await (self._scan(client, request) if isinstance(request, Scan) else self._send(client, request))
        finally:
            free.release()

    def translate(self, error: Exception) -> PersistError | None:
        return from_error(error, self.settings)

    async def close(self) -> None:
        await self._clients.close()

    async def _open(self) -> tuple[Any, asyncio.Semaphore]:
        return await self._make(), asyncio.Semaphore(self.settings.pool_size)

    async def _close(self, client: tuple[Any, asyncio.Semaphore]) -> None:
        await self._release(client[0])

    @abstractmethod
    async def _make(self) -> Any:
        """The client or pool."""

    @abstractmethod
    async def _release(self, client: Any) -> None:
        """Close it."""

    @abstractmethod
    async def _send(self, client: Any, pipeline: Pipeline) -> list[Any]:
        """The reply to each command."""

    @abstractmethod
    async def _scan(self, client: Any, scan: Scan) -> tuple[list[Any], Any]:
        """A page of names."""


class AsyncServerEngine(AsyncRedisEngine):
    """One server, or the master that Sentinels name."""

    async def _make(self) -> redis.ConnectionPool:
        settings = self.settings
        options = server_options(settings, Retry(NoBackoff(), 0))
        if settings.mode == "single":
            return redis.ConnectionPool(
                connection_class=_connection_class(settings), **connection_options(settings), **options
            )
        sentinel = Sentinel(settings.addresses, **sentinel_options(settings, options["retry"]))
        return sentinel.master_for(settings.master, **options).connection_pool

    async def _release(self, client: Any) -> None:
        await client.disconnect()

    async def _send(self, client: Any, pipeline: Pipeline) -> list[Any]:
        try:
            connection = await client.get_connection()
        except Exception as error:
            raise unreachable(error, self.settings) from error  # nothing was sent
        try:
            await connection.send_packed_command(connection.pack_commands(pipeline.commands))
            return [await self._reply(connection) for _ in pipeline.commands]
        except BaseException:
            await connection.disconnect(nowait=True)  # what it has to say belongs to nobody
            raise
        finally:
            await client.release(connection)

    async def _reply(self, connection: Any) -> Any:
        try:
            return await connection.read_response()
        except ResponseError as error:
            return reply_of(error, self.settings)

    async def _scan(self, client: Any, scan: Scan) -> tuple[list[Any], Any]:
        command = ("SCAN", scan.after or 0, "MATCH", match_prefix(scan.prefix), "COUNT", PAGE)
        (reply,) = await self._send(client, Pipeline((command,)))
        cursor, names = reply
        return names, int(cursor) or None


class AsyncClusterEngine(AsyncRedisEngine):
    """A cluster: redis-py finds the node of each key."""

    async def _make(self) -> redis.RedisCluster:
        client = redis.RedisCluster(**cluster_options(self.settings, ClusterNode))
        try:
            return await client.initialize()
        except Exception as error:
            raise unreachable(error, self.settings) from error

    async def _release(self, client: Any) -> None:
        await client.aclose()

    async def _send(self, client: Any, pipeline: Pipeline) -> list[Any]:
        batch = client.pipeline(transaction=False)
        for command in pipeline.commands:
            batch.execute_command(*command)
        replies = await batch.execute(raise_on_error=False)
        return [self._judge(reply) for reply in replies]

    def _judge(self, reply: Any) -> Any:
        if isinstance(reply, ResponseError):
            return reply_of(reply, self.settings)
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def _scan(self, client: Any, scan: Scan) -> tuple[list[Any], Any]:
        nodes = {node.name: node for node in client.get_primaries()}
        name, cursor = scan.after or (min(nodes), 0)
        if name not in nodes:  # the cluster has changed: begin again with the nodes that there are now
            return [], (min(nodes), 0)
        node = nodes[name]
        cursor, names = await node.execute_command("SCAN", cursor, "MATCH", match_prefix(scan.prefix), "COUNT", PAGE)
        return names, next_node(nodes, name, int(cursor))


def _connection_class(settings: Settings) -> Any:
    if settings.socket:
        return redis.UnixDomainSocketConnection
    return redis.Connection if settings.tls is None else redis.SSLConnection
