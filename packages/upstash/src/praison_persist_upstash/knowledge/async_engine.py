"""The asynchronous client of one index, one for each event loop that uses it. Knows no documents."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from typing import Any

import httpx
from upstash_vector import AsyncIndex

from praison_persist.perloop import PerLoop

from ..settings import Settings
from .engine import equip, http_options
from .errors import asked_to_wait, failure_of, translated
from .remote import Remote

__all__ = ["AsyncVectorEngine"]


class AsyncVectorEngine:
    """The way to one index; as `VectorEngine`."""

    asked_to_wait = staticmethod(asked_to_wait)
    pause = staticmethod(asyncio.sleep)

    def __init__(self, remote: Remote) -> None:
        self.remote = remote
        self._clients: PerLoop[Any] = PerLoop(self._open, _close)

    def guard(self, *, write: bool = False) -> AbstractContextManager[None]:
        """Around every use of the client: its errors become those of the contract."""
        return translated(self.remote.settings, write=write)

    async def client(self) -> Any:
        """The client, for the running loop."""
        return await self._clients.get()

    async def close(self) -> None:
        """Close the clients of all loops."""
        await self._clients.close()

    async def _open(self) -> _Index:
        return _Index(self.remote.settings)


class _Index(AsyncIndex):
    """The vendor's client, equipped, with a deadline for each request as a whole: httpx counts from byte to byte."""

    def __init__(self, settings: Settings) -> None:
        equip(self, settings, httpx.AsyncClient(**http_options(settings, _check)))
        self._seconds = settings.connect_timeout + settings.timeout

    async def _execute_request_async(self, payload: Any = "", path: str = "") -> Any:
        return await asyncio.wait_for(super()._execute_request_async(payload, path), self._seconds)


async def _close(client: _Index) -> None:
    await client._client.aclose()  # the client has no method for this


async def _check(response: httpx.Response) -> None:
    if response.status_code != 200:
        await response.aread()
        raise failure_of(response)
