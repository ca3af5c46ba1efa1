"""A libSQL server as a driver: Hrana connections on core's pool.

Not the `libsql` package: that holds Python's interpreter lock while it waits for the server, so that one slow answer
stops every thread and event loop of the process.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Sequence
from typing import Any

from praison_persist.errors import ConfigurationError, OperationTimeoutError, PersistError, UnavailableError
from praison_persist.sql import SQLITE, PooledDriver, Result, is_quiet
from praison_persist.urls import scrub

from .errors import AnswerError, from_answer
from .hrana import Connection
from .location import Endpoint, Location
from .patience import until_free

__all__ = ["RemoteDriver"]


class RemoteDriver(PooledDriver[Connection]):
    """Statements on a server."""

    dialect = SQLITE

    def __init__(self, location: Location, endpoint: Endpoint) -> None:
        super().__init__(size=location.pool_size, timeout=location.timeout, place=location.place)
        self.threads = location.pool_size
        self.location = location
        self.endpoint = endpoint

    def connect(self) -> Connection:
        return Connection(self.endpoint, self.location.timeout)

    def disconnect(self, connection: Connection) -> None:
        connection.close()

    def is_usable(self, connection: Connection) -> bool:
        return connection.fileno is None or is_quiet(connection.fileno)

    def release(self, connection: Connection, *, broken: bool) -> None:
        super().release(connection, broken=broken or connection.in_transaction)

    def execute(self, connection: Connection, sql: str, params: Sequence[Any]) -> Result:
        if connection.in_transaction:
            return connection.execute(sql, params)
        return until_free(lambda: connection.execute(sql, params), self.location.timeout)

    def translate(self, error: Exception) -> PersistError | None:
        if isinstance(error, AnswerError):
            return from_answer(error, self.location)
        if not isinstance(error, (OSError, http.client.HTTPException)):
            return None
        place, text = self.location.place, scrub(error, *self.location.secrets)
        if isinstance(error, ssl.SSLCertVerificationError):
            return ConfigurationError(f"{place}: {text}", hint="is the address right, and its certificate valid?")
        if isinstance(error, TimeoutError):
            return OperationTimeoutError(
                f"{place}: no answer within {self.location.timeout:g} s",
                hint="is the server overloaded or out of reach? otherwise raise timeout=",
            )
        return UnavailableError(
            f"{place}: {text or type(error).__name__}", hint="is the server up, and is the address right?"
        )
