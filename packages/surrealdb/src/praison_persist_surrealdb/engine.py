"""Running queries: a connection for each, what must exist first, repeats after collisions, errors of the contract.

Knows no tables. A query is one transaction: one statement, one block in braces, or BEGIN to COMMIT.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from surrealdb.errors import parse_rpc_error

from praison_persist.errors import ConfigurationError, ConflictError
from praison_persist.lifecycle import store_closed
from praison_persist.retry import RetryPolicy
from praison_persist.sql import Pool

from .connections import Embedded, Socket, lend, take_back
from .errors import checked, from_driver
from .location import Location

__all__ = ["Engine", "define_database"]

_LONGEST_PAUSE = 0.1


class Engine:
    """The database of one store; opened by the first query.

    Args:
        location: where it is.
        prepare: makes what the store needs, with the function that it is given; before the first query.
        retry: what to do when the server is away.
        pool_size, timeout, connect_timeout: as the stores' options.
    """

    def __init__(
        self,
        location: Location,
        prepare: Callable[[Callable[..., Any]], None],
        *,
        retry: RetryPolicy,
        pool_size: int,
        timeout: float,
        connect_timeout: float,
    ) -> None:
        self.location = location
        self._prepare = prepare
        self._retry = retry
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._guard = threading.Lock()
        self._opening = threading.Lock()
        self._ready = False
        self._closed = False
        self._embedded: Embedded | None = None
        self._pool = Pool(
            self._connect, Socket.close, lambda one: one.alive, size=pool_size, timeout=timeout, place=str(location)
        )

    def query(self, text: str, variables: Mapping[str, Any], *, write: bool = False, idempotent: bool = True) -> Any:
        """The result of the last statement.

        Args:
            text: SurrealQL; values are variables, never part of it.
            variables: by name, without the ``$``.
            write: without an answer, the outcome is unknown.
            idempotent: it may run again although it may have taken effect.

        Raises:
            AlreadyExistsError: a record or an entry of an index is taken.
            ThrownError: the query threw.
            PersistError: what went wrong otherwise.
        """
        if not self._ready:
            self.setup()
        return self._run(text, variables, write=write, idempotent=idempotent)

    def setup(self, *, again: bool = False) -> None:
        """Make what the store needs, once."""
        with self._guard:
            if again or not self._ready:
                self._prepare(self._run)
                self._ready = True

    def close(self) -> None:
        """Release the connections; called once."""
        self._pool.close()
        with self._opening:
            self._closed = True
            embedded, self._embedded = self._embedded, None
        if embedded is not None:
            take_back(embedded)

    def _run(self, text: str, variables: Mapping[str, Any], *, write: bool = False, idempotent: bool = True) -> Any:
        return self._retry.call(lambda: self._attempt(text, dict(variables), write), idempotent=idempotent)

    def _attempt(self, text: str, variables: dict[str, Any], write: bool) -> Any:
        """One attempt, and more as long as others change the same records: then nothing has happened."""
        deadline = time.monotonic() + self._timeout
        pause = 0.001
        while True:
            try:
                return checked(self._answer(text, variables, write), self.location)
            except ConflictError:
                if time.monotonic() + pause > deadline:
                    raise
            time.sleep(random.uniform(0.0, pause))  # noqa: S311 - jitter
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _answer(self, text: str, variables: dict[str, Any], write: bool) -> Any:
        if self._closed:
            raise store_closed()
        connection: Socket | None = None
        healthy = False
        try:
            if self.location.embedded:
                response = self._local().query_raw(text, variables, self.location)
            else:
                connection = self._pool.acquire()
                response = connection.query_raw(text, variables)
            healthy = True
            if response.get("error") is not None:
                raise parse_rpc_error(response["error"])
            return response["result"]
        except Exception as exc:
            error = from_driver(exc, self.location, sent=write and connection is not None)
            if error is None or error is exc:
                raise
            raise error from exc
        finally:
            if connection is not None:
                self._pool.release(connection, broken=not healthy)

    def _connect(self) -> Socket:
        return Socket(self.location, timeout=self._timeout, connect_timeout=self._connect_timeout)

    def _local(self) -> Embedded:
        if self._embedded is None:
            with self._opening:  # not the guard, which `setup` holds
                if self._closed:
                    raise store_closed()
                if self._embedded is None:
                    self._embedded = lend(self.location)
        return self._embedded


def define_database(run: Callable[..., Any], location: Location) -> None:
    """Make namespace and database, which SurrealDB 3 does not do by itself; a user who may not is not stopped here."""
    for statement in (
        f"DEFINE NAMESPACE IF NOT EXISTS `{location.namespace}`",
        f"DEFINE DATABASE IF NOT EXISTS `{location.database}`",
    ):
        try:
            run(statement, {}, write=True)
        except ConfigurationError:
            continue
