"""A place for data behind a fixed URL: made private by a prefix where the backend takes one, and emptied by its API.

Deletes only what is in that place, and refuses to start where something is in it already.
"""

from __future__ import annotations

import asyncio
import inspect
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from praison_persist.errors import ConfigurationError

from .running import Handle
from .target import Target, registry

__all__ = ["PLACE", "Place"]

_PREFIX_OPTIONS = ("table_prefix", "collection_prefix", "key_prefix", "prefix", "namespace")


class Place:
    """Where ``run`` lets the suites write.

    Args:
        target: with its kind; an option that keeps data apart is added unless one was given.
    """

    def __init__(self, target: Target) -> None:
        self.private = _private_option(target)
        self.target = target if self.private is None else replace(target, options={**target.options, **self.private})

    def check(self) -> None:
        """Connect.

        Raises:
            ConfigurationError: something is stored there, which the suites would delete.
            PersistError: the store cannot be opened.
        """
        if asyncio.run(self._any()):
            raise ConfigurationError(
                "the place is not empty, and the suite deletes what it finds",
                backend=self.target.name,
                hint="name an empty database, or an option that keeps data apart (such as --option table_prefix=t_)",
            )

    def clear(self) -> None:
        """Delete everything in the place."""
        asyncio.run(self._clear())

    async def _any(self) -> bool:
        async with Handle(self.target.open()) as store:
            await store.setup()
            return bool(await _contents(store, self.target.kind))

    async def _clear(self) -> None:
        async with Handle(self.target.open()) as store:
            for name in await _contents(store, self.target.kind):
                method = {"conversation": "delete_session", "knowledge": "delete_collection"}
                await getattr(store, method.get(self.target.kind or "", "delete"))(name)


async def _contents(store: Handle, kind: str | None) -> list[str]:
    if kind == "conversation":
        return [session.session_id for session in await store.list_sessions(limit=None)]
    return await (store.list_collections() if kind == "knowledge" else store.keys())


def _private_option(target: Target) -> dict[str, str] | None:
    accepted = _parameters(registry(str(target.kind)).resolve(target.name))
    if any(name in target.options for name in _PREFIX_OPTIONS):
        return None
    name = next((name for name in _PREFIX_OPTIONS if name in accepted), None)
    return None if name is None else {name: f"conformance_{secrets.token_hex(4)}_"}


def _parameters(factory: Any) -> Mapping[str, inspect.Parameter]:
    options = getattr(factory, "options", None)  # of a `store_factory`; any other callable tells by its signature
    if isinstance(options, Mapping):
        return cast("Mapping[str, inspect.Parameter]", options)
    try:
        return inspect.signature(factory).parameters
    except (TypeError, ValueError):  # a callable that tells nothing about itself
        return {}


PLACE = pytest.StashKey[Place]()
"""Where the command leaves the place for the suites in `cases`."""
