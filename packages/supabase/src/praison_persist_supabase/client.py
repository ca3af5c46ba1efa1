"""Calls of database functions through the vendor's client: one HTTP client per process, deadlines, retries.

Knows no conversation. Every call is a POST, which the vendor's client never repeats by itself.
"""

from __future__ import annotations

import os
import threading
from typing import Any

import httpx

from praison_persist.errors import PersistError, UnavailableError
from praison_persist.lifecycle import store_closed
from praison_persist.retry import RetryPolicy

from .errors import Refusal, Translator

__all__ = ["Caller"]

_CONNECTIONS = 20


class Caller:
    """Calls functions of one project.

    Args:
        url, key: of the project.
        schema: of the functions.
        timeout: seconds for each phase of a request: sending, waiting for the answer, a free connection.
        connect_timeout: seconds for a new connection.
        retry: what is repeated.
        translate: makes errors.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        schema: str,
        timeout: float,
        connect_timeout: float,
        retry: RetryPolicy,
        translate: Translator,
    ) -> None:
        self._url = url
        self._key = key
        self._schema = schema
        self._timeout = httpx.Timeout(timeout, connect=connect_timeout)
        self._retry = retry
        self._translate = translate
        self._guard = threading.Lock()
        self._owner = 0
        self._http: httpx.Client | None = None
        self._client: Any = None
        self._closed = False

    def __call__(self, function: str, arguments: dict[str, Any], *, idempotent: bool = True) -> Any:
        """What the function returned.

        Args:
            function: its name.
            arguments: by name; JSON values.
            idempotent: whether it may be called again although an earlier call may have taken effect.

        Raises:
            PersistError: see `praison_persist_supabase.errors`.
        """
        return self._retry.call(lambda: self._once(function, arguments), idempotent=idempotent)

    def close(self) -> None:
        with self._guard:
            self._closed = True
            if self._http is not None and self._owner == os.getpid():
                self._http.close()
            self._http = self._client = None

    def _once(self, function: str, arguments: dict[str, Any]) -> Any:
        try:
            return self._connected().rpc(function, arguments).execute().data
        except PersistError:
            raise
        except Exception as error:
            if self._closed:  # while the request was under way
                raise store_closed() from error
            translated = self._translate(error)
            if translated is None:
                raise
            raise translated from error

    def _connected(self) -> Any:
        if self._client is not None and self._owner == os.getpid():
            return self._client
        if self._owner not in (0, os.getpid()):
            self._after_fork()
        with self._guard:
            if self._closed:
                raise store_closed()
            if self._client is None:
                self._client = self._connect()
                self._owner = os.getpid()
            return self._client

    def _connect(self) -> Any:
        """The vendor's client; opens no connection yet."""
        from supabase import create_client  # half a second
        from supabase.lib.client_options import SyncClientOptions

        self._http = httpx.Client(
            timeout=self._timeout,
            limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS),
            event_hooks={"response": [_check]},
        )
        options = SyncClientOptions(
            schema=self._schema, httpx_client=self._http, auto_refresh_token=False, persist_session=False
        )
        client = create_client(self._url, self._key, options)
        client.postgrest  # noqa: B018 - made on first use, which is not safe among threads
        return client

    def _after_fork(self) -> None:
        """A child must not touch its parent's connections, nor even close them."""
        self._inherited = self._http, self._client
        self._http = self._client = None
        self._guard, self._owner = threading.Lock(), 0


def _check(response: httpx.Response) -> None:
    """Stop at what is not the function's answer: the vendor's client would drop the status, or take HTML for data."""
    if not response.is_success:
        response.read()
        raise Refusal.of(response)
    if "json" not in response.headers.get("content-type", ""):
        raise UnavailableError(
            f"{response.url.host} answered with {response.headers.get('content-type', 'no type')}, not JSON",
            hint="is the address right, and no proxy's login page in between?",
        )
