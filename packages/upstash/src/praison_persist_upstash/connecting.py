"""The vendor's client as both engines need it: deadlines, statuses, batches and replies. No request is made here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from typing import Any

import httpx

from praison_persist.errors import InvalidInputError
from praison_persist.parts import in_parts
from praison_persist.state_engines import Command

from .settings import Settings

__all__ = ["PAGE", "batches", "client_options", "equip", "expects_body", "plain"]

PAGE = 500
"""How many names one ``SCAN`` looks at."""

_BATCH_SIZE = 1_000_000
"""About so many bytes go into one request, unless a single command is larger."""


def client_options(settings: Settings) -> dict[str, Any]:
    """Arguments for either client: it must not repeat anything, since `RetryPolicy` knows what may be repeated."""
    return {"url": settings.url, "token": settings.token, "rest_retries": 0, "allow_telemetry": False}


def equip(client: Any, settings: Settings, check: Callable[[httpx.Response], Any]) -> Any:
    """The client, with deadlines, and a check that sees each response before the client parses it.

    The vendor's client has no option for either: it waits for ever, and ignores statuses. So this reaches for the httpx
    client inside, here and nowhere else.
    """
    inner = client._http._client
    inner.timeout = httpx.Timeout(settings.timeout, connect=settings.connect_timeout)
    inner.event_hooks = {"response": [check]}
    # The first call adds a header to a dict that all threads read; done now, no thread sees it grow.
    client._maybe_set_sync_token_header(client._headers)
    return client


def expects_body(response: httpx.Response) -> bool:
    """Whether the client parses this response itself: results, or the server's error reply to a single command."""
    return response.status_code in (200, 400)


def batches(commands: Iterable[Command], settings: Settings) -> Iterator[list[list[str | int | bytes]]]:
    """The commands in as many requests as their size needs.

    Raises:
        InvalidInputError: one of them is larger than the database takes; raised before the first is given.
    """
    sized = [(_size(command), list(command)) for command in commands]
    for size, command in sized:
        if size > settings.max_request_size:
            raise InvalidInputError(
                f"{command[0]} of {command[1]!s:.80} has {size} bytes, more than the {settings.max_request_size} that "
                "the database takes at once",
                hint="store less under one key, or raise max_request_size= if your plan allows more",
            )
    for part in in_parts(sized, itemgetter(0), _BATCH_SIZE):
        yield [command for _, command in part]


def plain(command: list[str | int | bytes], reply: Any) -> Any:
    """The server's own reply: of a conditional ``SET`` the client makes a bool."""
    return (True if reply else None) if command[0] == "SET" and isinstance(reply, bool) else reply


def _size(command: Command) -> int:
    return sum(len(part.encode()) if isinstance(part, str) else 20 for part in command)
