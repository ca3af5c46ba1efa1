"""Commands over redis-py's blocking connections. What the commands mean is the concern of core's `CommandStates`."""

from __future__ import annotations

import threading
from abc import abstractmethod
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode
from redis.exceptions import ResponseError
from redis.retry import Retry
from redis.sentinel import Sentinel

from praison_persist.errors import PersistError
from praison_persist.state_engines import Engine, Pipeline, Scan, match_prefix

from .connecting import PAGE, cluster_options, connection_options, next_node, sentinel_options, server_options
from .errors import busy, from_error, reply_of, unreachable
from .settings import Settings

__all__ = ["blocking_engine"]


def blocking_engine(settings: Settings) -> Engine:
    """The engine for the settings' mode; opens nothing."""
    return ClusterEngine(settings) if settings.mode == "cluster" else ServerEngine(settings)


class RedisEngine(Engine):
    """What both engines do: at most ``pool_size`` calls at a time, one client per process, made by the first."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._free = threading.BoundedSemaphore(settings.pool_size)
        self._guard = threading.Lock()
        self._made: Any = None

    def perform(self, request: Any) -> Any:
        if not self._free.acquire(timeout=self.settings.timeout):
            raise busy(self.settings)
        try:
            return self._scan(request) if isinstance(request, Scan) else self._send(request)
        finally:
            self._free.release()

    def translate(self, error: Exception) -> PersistError | None:
        return from_error(error, self.settings)

    @property
    def _client(self) -> Any:
        if self._made is None:
            with self._guard:
                if self._made is None:
                    self._made = self._make()
        return self._made

    @abstractmethod
    def _make(self) -> Any:
        """The client or pool."""

    @abstractmethod
    def _send(self, pipeline: Pipeline) -> list[Any]:
        """The reply to each command."""

    @abstractmethod
    def _scan(self, scan: Scan) -> tuple[list[Any], Any]:
        """A page of names."""


class ServerEngine(RedisEngine):
    """One server, or the master that Sentinels name."""

    def close(self) -> None:
        if self._made is not None:
            self._made.disconnect()

    def _make(self) -> redis.ConnectionPool:
        settings = self.settings
        options = server_options(settings, Retry(NoBackoff(), 0))
        if settings.mode == "single":
            return redis.ConnectionPool(
                connection_class=_connection_class(settings), **connection_options(settings), **options
            )
        sentinel = Sentinel(settings.addresses, **sentinel_options(settings, options["retry"]))
        return sentinel.master_for(settings.master, **options).connection_pool

    def _send(self, pipeline: Pipeline) -> list[Any]:
        pool = self._client
        try:
            connection = pool.get_connection()
        except Exception as error:
            raise unreachable(error, self.settings) from error  # nothing was sent
        try:
            connection.send_packed_command(connection.pack_commands(pipeline.commands))
            return [self._reply(connection) for _ in pipeline.commands]
        except BaseException:
            connection.disconnect()  # what it has to say belongs to nobody
            raise
        finally:
            pool.release(connection)

    def _reply(self, connection: Any) -> Any:
        try:
            return connection.read_response()
        except ResponseError as error:
            return reply_of(error, self.settings)

    def _scan(self, scan: Scan) -> tuple[list[Any], Any]:
        command = ("SCAN", scan.after or 0, "MATCH", match_prefix(scan.prefix), "COUNT", PAGE)
        (reply,) = self._send(Pipeline((command,)))
        cursor, names = reply
        return names, int(cursor) or None


class ClusterEngine(RedisEngine):
    """A cluster: redis-py finds the node of each key."""

    def close(self) -> None:
        if self._made is not None:
            self._made.close()

    def _make(self) -> redis.RedisCluster:
        try:
            return redis.RedisCluster(**cluster_options(self.settings, ClusterNode))
        except Exception as error:
            raise unreachable(error, self.settings) from error

    def _send(self, pipeline: Pipeline) -> list[Any]:
        with self._client.pipeline(transaction=False) as batch:
            for command in pipeline.commands:
                batch.execute_command(*command)
            replies = batch.execute(raise_on_error=False)
        return [self._judge(reply) for reply in replies]

    def _judge(self, reply: Any) -> Any:
        if isinstance(reply, ResponseError):
            return reply_of(reply, self.settings)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def _scan(self, scan: Scan) -> tuple[list[Any], Any]:
        """One page of one master after the other; ``more`` is the node's name and its cursor."""
        nodes = {node.name: node for node in self._client.get_primaries()}
        name, cursor = scan.after or (min(nodes), 0)
        if name not in nodes:  # the cluster has changed: begin again with the nodes that there are now
            return [], (min(nodes), 0)
        node = self._client.get_redis_connection(nodes[name])
        cursor, names = node.execute_command("SCAN", cursor, "MATCH", match_prefix(scan.prefix), "COUNT", PAGE)
        return names, next_node(nodes, name, int(cursor))


def _connection_class(settings: Settings) -> Any:
    if settings.socket:
        return redis.UnixDomainSocketConnection
    return redis.Connection if settings.tls is None else redis.SSLConnection
