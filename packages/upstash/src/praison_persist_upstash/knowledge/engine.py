"""The blocking client of one index, opened when first used. Knows no documents."""

from __future__ import annotations

import os
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import httpx
from upstash_vector import Index
from upstash_vector.http import generate_headers

from praison_persist.lifecycle import store_closed

from ..settings import Settings
from .errors import asked_to_wait, failure_of, translated
from .remote import Remote

__all__ = ["VectorEngine", "equip", "http_options"]


class VectorEngine:
    """The way to one index: one client in each process, which all threads share."""

    asked_to_wait = staticmethod(asked_to_wait)
    pause = staticmethod(time.sleep)

    def __init__(self, remote: Remote) -> None:
        self.remote = remote
        self._opening = threading.Lock()
        self._closed = False
        self._clients: dict[int, Any] = {}  # by process id: a child must not even close its parent's connections

    def guard(self, *, write: bool = False) -> AbstractContextManager[None]:
        """Around every use of the client: its errors become those of the contract."""
        return translated(self.remote.settings, write=write)

    def client(self) -> Any:
        """The client."""
        with self._opening:
            if self._closed:
                raise store_closed()
            process = os.getpid()
            if process not in self._clients:
                self._clients[process] = _Index(self.remote.settings)
            return self._clients[process]

    def close(self) -> None:
        """Close the client."""
        with self._opening:
            self._closed = True
            client = self._clients.pop(os.getpid(), None)
        if client is not None:
            client._client.close()  # the client has no method for this


class _Index(Index):
    """The vendor's client, equipped."""

    def __init__(self, settings: Settings) -> None:
        equip(self, settings, httpx.Client(**http_options(settings, _check)))


def equip(client: Any, settings: Settings, http: Any) -> None:
    """What the constructor of either client would set, with an HTTP client of ours; here and nowhere else.

    The constructor has no option for deadlines and waits for ten minutes; it ignores statuses, repeats what may not be
    repeated, and loads the certificates anew, in some 70 ms.
    """
    client._url, client._client = settings.url, http
    client._headers = generate_headers(settings.token, False)
    client._retries, client._retry_interval = 0, 0.0


def http_options(settings: Settings, check: Callable[[httpx.Response], Any]) -> dict[str, Any]:
    """Arguments of either HTTP client.

    Args:
        check: sees each response before the vendor's client parses it.
    """
    return {
        "timeout": httpx.Timeout(settings.timeout, connect=min(settings.connect_timeout, settings.timeout)),
        "event_hooks": {"response": [check]},
        "verify": _certificates(),
    }


@cache
def _certificates() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def _check(response: httpx.Response) -> None:
    if response.status_code != 200:
        response.read()
        raise failure_of(response)
