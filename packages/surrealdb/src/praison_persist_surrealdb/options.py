"""The options that the stores of this package share: what they mean, and how they become an engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from praison_persist.errors import InvalidInputError
from praison_persist.retry import RetryPolicy
from praison_persist.validation import check_limit, check_positive

from .engine import Engine
from .location import AuthLevel, Location

__all__ = ["open_engine"]


def open_engine(
    url: str | None,
    prepare: Callable[[Callable[..., Any]], None],
    *,
    namespace: str,
    database: str,
    username: str | None,
    password: str | None,
    token: str | None,
    auth_level: AuthLevel,
    pool_size: int,
    timeout: float,
    connect_timeout: float,
    max_retries: int,
    retry_delay: float,
) -> Engine:
    """The engine that a store's options name; opens nothing.

    Raises:
        ConfigurationError, InvalidInputError: wrong URL or options.
    """
    location = Location.of(
        url,
        namespace=namespace,
        database=database,
        username=username,
        password=password,
        token=token,
        auth_level=auth_level,
    )
    if not check_limit(pool_size, "pool_size"):
        raise InvalidInputError(f"pool_size must be at least 1, got {pool_size!r}")
    return Engine(
        location,
        prepare,
        retry=RetryPolicy(max_retries=max_retries, retry_delay=retry_delay),
        pool_size=pool_size,
        timeout=check_positive(timeout, "timeout"),
        connect_timeout=check_positive(connect_timeout, "connect_timeout"),
    )
