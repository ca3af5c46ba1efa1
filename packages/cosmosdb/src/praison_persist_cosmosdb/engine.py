"""The blocking client of one account, opened when first used, and requests to it. Knows no documents."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from azure.cosmos import CosmosClient
from azure.cosmos.documents import ConnectionPolicy

from praison_persist.lifecycle import store_closed

from .errors import asked_to_wait, translated
from .location import Location
from .options import Remote

__all__ = ["Engine", "opened"]

_LAST_LOOK = 1.0
"""Seconds that closing waits for a look at a region that is going on."""


class Engine:
    """The way to one database.

    Args:
        location: where it is.
        remote: how it is talked to.
    """

    asked_to_wait = staticmethod(asked_to_wait)
    pause = staticmethod(time.sleep)

    def __init__(self, location: Location, remote: Remote) -> None:
        self.location = location
        self.remote = remote
        self._opening = threading.Lock()
        self._closed = False
        self._owner = os.getpid()
        self._client: Any = None

    def guard(self, *, write: bool = False) -> AbstractContextManager[None]:
        """Around every use of a client: its errors become those of the contract."""
        return translated(self.location, write=write)

    def client(self) -> Any:
        """The client of the account; connects where it is not open yet."""
        with self._opening:
            if self._closed:
                raise store_closed()
            if self._owner != os.getpid():  # a child must not touch its parent's connections, nor even close them
                self._inherited, self._client, self._owner = self._client, None, os.getpid()
            if self._client is None:
                self._client = opened(CosmosClient, self.location, self.remote)
            return self._client

    def database(self, act: Callable[[Any], Any]) -> Any:
        """What an action gives on the client of the database."""
        return act(self.client().get_database_client(self.location.database))

    def listed(self, act: Callable[[Any], Iterable[Any]]) -> list[Any]:
        """All that an action's pages hold."""
        return list(self.database(act))

    def rows(
        self, container: str, sql: str, parameters: Sequence[Mapping[str, Any]], partition: str, **options: Any
    ) -> list[Any]:
        """All results of a query in one partition of a container."""
        return self.listed(
            lambda database: database.get_container_client(container).query_items(
                sql, parameters=list(parameters), partition_key=partition, timeout=self.remote.timeout, **options
            )
        )

    def close(self) -> None:
        """Close the client."""
        with self._opening:
            self._closed = True
            client, self._client = self._client, None
        if client is not None and self._owner == os.getpid():
            client.close()
            # What looks after the account's regions, which the client leaves running.
            manager = client.client_connection._global_endpoint_manager
            if manager._refresh_thread is not None:
                manager._refresh_thread.join(_LAST_LOOK)
            manager.executor.shutdown(wait=False, cancel_futures=True)
            for thread in list(manager.executor._threads):
                thread.join(_LAST_LOOK)


def opened(client: Callable[..., Any], location: Location, remote: Remote, **options: Any) -> Any:
    """A client, either class, with further options; the blocking one asks for the account at once.

    Its own repetitions know no deadline and sleep as long as the service says: ours are in `praison_persist.asking`.
    """
    policy = ConnectionPolicy()
    policy.DBAReadTimeout = policy.ReadTimeout = remote.timeout  # pyright: ignore[reportAttributeAccessIssue]
    policy.DBAConnectionTimeout = policy.RequestTimeout = min(remote.connect_timeout, remote.timeout)  # pyright: ignore[reportAttributeAccessIssue]
    policy.RetryOptions._max_retry_attempt_count = 0  # its keywords take 0 for "not given"
    return client(
        location.endpoint,
        location.credential or location.key,
        connection_policy=policy,
        retry_total=0,
        retry_connect=0,
        retry_read=0,
        retry_status=0,
        # An emulator tells addresses of its own, which may lead nowhere from here.
        enable_endpoint_discovery=not location.local,
        enable_compact_utf8_item_writes=True,
        user_agent_suffix="praison-persist",
        timeout=remote.timeout,
        **options,
    )
