"""Stores of this project as PraisonAI takes them: its data classes in and out, its abstract classes as bases.

PraisonAI is imported only when a store is adapted. Changes no behaviour of a store and nothing of PraisonAI.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import fields
from functools import cache, wraps
from importlib import import_module
from typing import Any

from praison_persist.conversation import (
    AsyncConversationStore,
    ConversationMessage,
    ConversationSession,
    ConversationStore,
)
from praison_persist.knowledge import AsyncKnowledgeStore, KnowledgeDocument, KnowledgeStore
from praison_persist.state import AsyncStateStore, StateStore

from ..locate import Kind

__all__ = ["adapt"]

_CONTRACTS: dict[Kind, tuple[type[Any], type[Any]]] = {
    "conversation": (ConversationStore, AsyncConversationStore),
    "knowledge": (KnowledgeStore, AsyncKnowledgeStore),
    "state": (StateStore, AsyncStateStore),
}
_DATA: dict[Kind, tuple[type[Any], ...]] = {
    "conversation": (ConversationSession, ConversationMessage),
    "knowledge": (KnowledgeDocument,),
    "state": (),
}


def adapt(kind: Kind, store: Any) -> Any:
    """The store for PraisonAI, with the methods of the contract, and the store itself as ``wrapped``.

    What it returns is of PraisonAI's classes (a document found keeps its ``score``); where the contract has an
    iterator, a list, as PraisonAI's stores return. Errors are those of the store.
    """
    for contract in _CONTRACTS[kind]:
        if isinstance(store, contract):
            return _adapter(kind, contract)(store)
    return store  # of another project: made for PraisonAI


@cache
def _adapter(kind: Kind, contract: type[Any]) -> type[Any]:
    base = import_module(f"praisonai.persistence.{kind}.base")
    theirs = {ours: getattr(base, ours.__name__) for ours in _DATA[kind]}
    parent = getattr(base, contract.__name__, object)  # PraisonAI 4.7.0 has no asynchronous knowledge and state stores
    methods = {
        name: _method(function, theirs)
        for name, function in inspect.getmembers(contract, inspect.isfunction)
        if not name.startswith("_")
    }
    special = {"__init__": _init, "__getattr__": _other, "__repr__": _describe, "__module__": __name__}
    return type(f"{contract.__name__}ForPraisonAI", (parent,), {**methods, **special})


def _init(self: Any, wrapped: Any) -> None:
    self.wrapped = wrapped
    self.backend = wrapped.backend


def _other(self: Any, name: str) -> Any:
    """What a backend has beyond the contract."""
    if name.startswith("__") or name == "wrapped":  # not there yet: while copied or unpickled
        raise AttributeError(name)
    return getattr(self.wrapped, name)


def _describe(self: Any) -> str:
    return f"<{self.wrapped!r} for PraisonAI>"


def _method(function: Callable[..., Any], theirs: Mapping[type[Any], type[Any]]) -> Callable[..., Any]:
    name = function.__name__

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        exchange = _Exchange(type(self), theirs)
        return exchange.give(getattr(self.wrapped, name)(*exchange.take(args), **exchange.take_named(kwargs)))

    async def acall(self: Any, *args: Any, **kwargs: Any) -> Any:
        exchange = _Exchange(type(self), theirs)
        return exchange.give(await getattr(self.wrapped, name)(*exchange.take(args), **exchange.take_named(kwargs)))

    method = wraps(function)(acall if inspect.iscoroutinefunction(function) else call)
    vars(method).pop("__isabstractmethod__", None)
    return method


class _Exchange:
    """The values of one call, on their way in and out."""

    def __init__(self, adapter: type[Any], theirs: Mapping[type[Any], type[Any]]) -> None:
        self._adapter = adapter
        self._theirs = theirs
        self._taken: list[tuple[Any, Any]] = []

    def take(self, value: Any) -> Any:
        """PraisonAI's objects as ours, also in lists."""
        if isinstance(value, (list, tuple)):
            return type(value)(map(self.take, value))
        for ours, theirs in self._theirs.items():
            if isinstance(value, theirs) and not isinstance(value, ours):
                mine = ours(
                    **{each.name: getattr(value, each.name) for each in fields(theirs) if _has(ours, each.name)}
                )
                self._taken.append((value, mine))
                return mine
        return value

    def take_named(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """`take` for arguments by name."""
        return {name: self.take(value) for name, value in arguments.items()}

    def give(self, value: Any) -> Any:
        """Ours as PraisonAI's; an object that was taken is given back itself, with what the store set in it."""
        for original, mine in self._taken:
            for each in fields(original):
                if _has(type(mine), each.name):
                    setattr(original, each.name, getattr(mine, each.name))
        return self._give(value)

    def _give(self, value: Any) -> Any:
        for original, mine in self._taken:
            if value is mine:
                return original
        if isinstance(value, (StateStore, AsyncStateStore)):  # a namespace
            return self._adapter(value)
        if isinstance(value, (list, Iterator)):
            return [self._give(item) for item in value]
        if isinstance(value, AsyncIterator):
            return self._give_each(value)
        for ours, theirs in self._theirs.items():
            if isinstance(value, ours):
                given = theirs(**{each.name: getattr(value, each.name) for each in fields(theirs)})
                if getattr(value, "score", None) is not None:
                    given.score = value.score  # PraisonAI's document has no such field
                return given
        return value

    async def _give_each(self, values: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for value in values:
            yield self._give(value)


def _has(data: type[Any], name: str) -> bool:
    return any(each.name == name for each in fields(data))
