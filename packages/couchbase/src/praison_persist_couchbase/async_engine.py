"""The asynchronous clients of one cluster, one for each event loop that uses it. Knows no documents."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from typing import Any

from acouchbase.cluster import Cluster
from couchbase.exceptions import CouchbaseException

from praison_persist.perloop import PerLoop

from .engine import EXISTS, Changed, cluster_options, durable, query_options, sorted_out, there, writing
from .errors import asked_to_wait, translated, unreachable
from .location import Location, Remote

__all__ = ["AsyncEngine"]

_AT_ONCE = 100
"""Operations on keys that are sent before the first is answered."""


class _Client:
    """The client of one event loop."""

    def __init__(self, cluster: Any, bucket: Any, location: Location) -> None:
        self.cluster = cluster
        self.manager = bucket.collections()
        self.collection = bucket.scope(location.scope).collection(location.collection)


class AsyncEngine:
    """The way to one collection of Couchbase; arguments, methods and results as of `Engine`, awaited."""

    asked_to_wait = staticmethod(asked_to_wait)
    pause = staticmethod(asyncio.sleep)

    def __init__(self, location: Location, remote: Remote) -> None:
        self.location = location
        self.remote = remote
        self._clients = PerLoop(self._connect, _close)

    def guard(self, *, write: bool = False) -> AbstractContextManager[None]:
        """Around every use of the client: its errors become those of the contract."""
        return translated(self.location, write=write)

    # -- documents -----------------------------------------------------------------------------------------------

    async def insert(self, bodies: dict[str, bytes]) -> Changed:
        """Write documents, as JSON, that are not there yet."""
        collection, options = (await self._clients.get()).collection, writing(self.remote)
        answers = await _each(bodies, lambda key: collection.insert(key, bodies[key], **options))
        return sorted_out(answers, self.location)

    async def upsert(self, bodies: dict[str, bytes]) -> Changed:
        """Write documents, as JSON, over whatever has their keys."""
        collection, options = (await self._clients.get()).collection, writing(self.remote)
        answers = await _each(bodies, lambda key: collection.upsert(key, bodies[key], **options))
        return sorted_out(answers, self.location)

    async def get(self, keys: Iterable[str]) -> dict[str, tuple[Any, int]]:
        """Bodies and CAS of the documents that exist, by key."""
        return there(await _each(keys, (await self._clients.get()).collection.get))

    async def remove(self, cas_of: Mapping[str, int]) -> Changed:
        """Delete documents by key, each with its CAS (0 for any)."""
        collection, options = (await self._clients.get()).collection, durable(self.remote)

        def one(key: str) -> Awaitable[Any]:
            return collection.remove(key, **({"cas": cas_of[key]} if cas_of[key] else {}), **options)

        return sorted_out(await _each(cas_of, one), self.location)

    async def query(self, statement: str, parameters: Mapping[str, Any], *, write: bool = False) -> list[Any]:
        """The rows of a statement, which knows of all writes before it."""
        options = query_options(self.remote, parameters, write=write)
        cluster = (await self._clients.get()).cluster
        return [row async for row in cluster.query(statement, options)]

    # -- the collection itself -----------------------------------------------------------------------------------

    async def scopes(self) -> dict[str, set[str]]:
        """The names of the bucket's collections by scope."""
        found = await (await self._clients.get()).manager.get_all_scopes()
        return {scope.name: {one.name for one in scope.collections} for scope in found}

    async def create_scope(self) -> None:
        """Make the scope; nothing where it is there."""
        with suppress(*EXISTS):
            await (await self._clients.get()).manager.create_scope(self.location.scope)

    async def create_collection(self) -> None:
        """Make the collection; nothing where it is there."""
        manager = (await self._clients.get()).manager
        with suppress(*EXISTS):
            await manager.create_collection(self.location.scope, self.location.collection)

    async def close(self) -> None:
        """Close the clients of all loops."""
        await self._clients.close()

    # -- inside --------------------------------------------------------------------------------------------------

    async def _connect(self) -> _Client:
        cluster: Any = None
        try:
            options = cluster_options(self.location, self.remote)
            cluster = await Cluster.connect(self.location.connection_string, options)
            bucket = cluster.bucket(self.location.bucket)
            await bucket.on_connect()
        except CouchbaseException as exc:
            if cluster is not None:
                await cluster.close()
            raise unreachable(exc, self.location, self.remote.connect_timeout) from exc
        return _Client(cluster, bucket, self.location)


async def _each(keys: Iterable[str], call: Callable[[str], Awaitable[Any]]) -> dict[str, Any]:
    """What a call brings for each key: a result or an error of the client."""
    answers: dict[str, Any] = {}
    named = list(keys)
    for start in range(0, len(named), _AT_ONCE):
        some = named[start : start + _AT_ONCE]
        results = await asyncio.gather(*map(call, some), return_exceptions=True)
        for key, result in zip(some, results, strict=True):
            if isinstance(result, BaseException) and not isinstance(result, CouchbaseException):
                raise result
            # The frames of a traceback would keep the client, and its descriptors, until the next garbage collection.
            answers[key] = result.with_traceback(None) if isinstance(result, BaseException) else result
    return answers


async def _close(client: _Client) -> None:
    await client.cluster.close()
