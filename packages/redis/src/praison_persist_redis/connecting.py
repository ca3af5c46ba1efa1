"""The settings as redis-py wants them, for its blocking and its asynchronous classes alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .settings import Settings

__all__ = ["PAGE", "cluster_options", "connection_options", "next_node", "sentinel_options", "server_options"]

PAGE = 500
"""How many names one ``SCAN`` looks at."""


def connection_options(settings: Settings) -> dict[str, Any]:
    """Where one server is."""
    if settings.socket:
        return {"path": settings.socket}
    host, port = settings.addresses[0]
    return {"host": host, "port": port}


def server_options(settings: Settings, retry: Any) -> dict[str, Any]:
    """How to talk to one server.

    Args:
        settings: of the store.
        retry: redis-py's "no retry", blocking or asynchronous: `RetryPolicy` knows what may be repeated.
    """
    options: dict[str, Any] = {
        "db": settings.db,
        "username": settings.username,
        "password": settings.password,
        "protocol": settings.protocol,
        "socket_timeout": settings.timeout,
        "socket_connect_timeout": settings.connect_timeout,
        "retry": retry,
        "max_connections": settings.pool_size,
    }
    if settings.socket:
        del options["socket_connect_timeout"]
    return {**options, **(settings.tls or {})}


def sentinel_options(settings: Settings, retry: Any) -> dict[str, Any]:
    """How to talk to the Sentinels; ``retry`` as in `server_options`."""
    kwargs: dict[str, Any] = {
        "socket_timeout": settings.connect_timeout,
        "socket_connect_timeout": settings.connect_timeout,
        "password": settings.sentinel_password,
        "retry": retry,
    }
    if settings.tls is not None:
        kwargs |= {"ssl": True, **settings.tls}
    return {"sentinel_kwargs": kwargs}


def cluster_options(settings: Settings, node: Callable[[str, int], Any]) -> dict[str, Any]:
    """How to find a cluster and talk to its nodes."""
    options = server_options(settings, None)
    del options["db"], options["max_connections"], options["retry"]
    if settings.tls is not None:
        options["ssl"] = True
    return {**options, "startup_nodes": [node(host, port) for host, port in settings.addresses]}


def next_node(names: Iterable[str], name: str, cursor: int) -> tuple[str, int] | None:
    """Where a scan of all nodes goes on after one page of one of them; None at the end."""
    if cursor:
        return name, cursor
    following = [other for other in sorted(names) if other > name]
    return (following[0], 0) if following else None
