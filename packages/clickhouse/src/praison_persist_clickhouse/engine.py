"""The blocking client of ClickHouse, opened when first used: over HTTP, or of the engine in this process (chDB).

A process has one chDB, in one directory or in memory: stores share it, and it closes with the last of them. Knows no
documents.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from praison_persist.errors import BackendNotInstalledError, UnavailableError
from praison_persist.lifecycle import store_closed

from .errors import translated
from .location import Location, Remote

__all__ = ["Engine"]

_embedded = threading.RLock()


class Engine:
    """The way to one ClickHouse.

    Args:
        location: where it is.
        remote: how it is talked to.
    """

    def __init__(self, location: Location, remote: Remote) -> None:
        self.location = location
        self.embedded = location.embedded
        self.patience = remote.timeout
        self._remote = remote
        self._opening = threading.Lock()
        self._client: Any = None
        self._process = 0
        self._closed = False

    @contextmanager
    def guard(self, *, write: bool = False, alone: bool = False) -> Generator[None]:
        """Around every use of `client`: its errors become those of the contract.

        Args:
            write: an answer that does not arrive leaves the outcome unknown.
            alone: nobody else in this process uses the embedded engine so; nothing for a server.
        """
        with translated(str(self.location), write=write):
            if alone and self.embedded:
                with _embedded:
                    yield
            else:
                yield

    def client(self) -> Any:
        """The open client.

        Raises:
            UnavailableError: the server cannot be reached, or the directory belongs to another process.
        """
        with self._opening:
            if self._closed:
                raise store_closed()
            if self._client is None:
                self._client = self._open_embedded() if self.embedded else self._open_http()
                self._process = os.getpid()
            elif self.embedded and self._process != os.getpid():
                raise UnavailableError(
                    "the embedded ClickHouse does not survive a fork", retryable=False, hint="open a store in the child"
                )
            return self._client

    def pause(self, seconds: float) -> None:
        """Let other writers go on."""
        time.sleep(seconds)

    def close(self) -> None:
        """Close the client."""
        with self._opening:
            self._closed = True
            client, self._client = self._client, None
        if client is not None and self._process == os.getpid():
            client.close()

    def _open_http(self) -> Any:
        import clickhouse_connect

        return clickhouse_connect.get_client(dedicated_pool=True, **self._remote.client_options(self.location))

    def _open_embedded(self) -> Any:
        import clickhouse_connect
        from clickhouse_connect.driver.exceptions import ProgrammingError

        settings = self._remote.statement_settings()
        try:
            return clickhouse_connect.get_client(interface="chdb", path=str(self.location.path), settings=settings)
        except ImportError as exc:
            raise BackendNotInstalledError(
                "ClickHouse in this process needs chDB", hint='pip install "praison-persist-clickhouse[chdb]"'
            ) from exc
        except ProgrammingError as exc:
            raise UnavailableError(
                f"cannot open the embedded ClickHouse in {self.location}: {str(exc).partition(chr(10))[0]}",
                retryable=False,
                hint="a process has one path, and a path one process; close the other stores, or use a server",
            ) from exc
