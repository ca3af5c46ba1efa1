"""LanceDB's asynchronous connection, which works on any event loop, and its deadlines. Knows no documents."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

import lancedb

from praison_persist.background import background_loop
from praison_persist.errors import UnavailableError
from praison_persist.lifecycle import store_closed

from .errors import translated

__all__ = ["AsyncEngine", "Engine", "Settings"]

T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """Where the tables are, and how to get there.

    Attributes:
        uri: without credentials.
        timeout: seconds for one call of LanceDB.
        options: further arguments of LanceDB's ``connect_async``.
    """

    uri: str
    timeout: float
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)


class AsyncEngine:
    """The way to one LanceDB, for callers that await."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._tables: dict[str, Any] = {}
        self._opened: dict[str, Any] = {}
        self._process = os.getpid()
        self._closed = False

    def run(self, work: Coroutine[Any, Any, T], *, write: bool = False) -> Any:
        """The answer, or what to await for it: errors of LanceDB become those of the contract."""
        return self._guarded(work, write)

    async def connection(self) -> Any:
        """The open connection."""
        if self._closed:
            raise store_closed()
        if self._process != os.getpid():
            raise UnavailableError(
                "LanceDB was opened by the process that this one was forked from",
                hint="open the store after the fork, or start processes with 'spawn'",
                retryable=False,
            )
        if not self._opened:
            # Every read sees what others have written.
            connection = await lancedb.connect_async(
                self.settings.uri, read_consistency_interval=timedelta(0), **self.settings.options
            )
            self._opened.setdefault("connection", connection)
        return self._opened["connection"]

    async def table(self, name: str) -> Any:
        """The table; one handle for all calls."""
        found = self._tables.get(name)
        if found is None:
            found = self._tables[name] = await (await self.connection()).open_table(name)
        return found

    def forget(self, name: str) -> None:
        """Open the table anew when it is asked for again: a handle still answers after its table is gone."""
        self._tables.pop(name, None)

    async def disconnect(self) -> None:
        """Close the connection."""
        self._closed = True
        self._tables.clear()
        if connection := self._opened.pop("connection", None):
            connection.close()

    async def _guarded(self, work: Coroutine[Any, Any, T], write: bool) -> T:
        with translated(self.settings.uri, write=write):
            try:
                return await asyncio.wait_for(work, self.settings.timeout)
            except asyncio.TimeoutError as exc:  # another class before Python 3.11
                raise TimeoutError from exc


class Engine(AsyncEngine):
    """The same for callers that wait: LanceDB's own blocking form is such a loop as well."""

    def run(self, work: Coroutine[Any, Any, T], *, write: bool = False) -> Any:
        return background_loop().start(self._guarded(work, write)).result()
