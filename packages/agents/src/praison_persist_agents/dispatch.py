"""One text of every operation for sync and async callers, over sync and async stores. Knows no agent and no session.

An operation is a generator that yields `Call`s and receives their results; `Stores` drives it. Crossing between the two
worlds is left to `praison_persist.aio` and `praison_persist.background`.
"""

from __future__ import annotations

import inspect
from collections.abc import Generator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from praison_persist.conversation import AsyncConversationStore, ConversationStore
from praison_persist.errors import ConfigurationError, UnsupportedError
from praison_persist.knowledge import AsyncKnowledgeStore
from praison_persist.state import AsyncStateStore

from .locate import Kind

if TYPE_CHECKING:
    from praison_persist.background import Threads

__all__ = ["KINDS", "Call", "Operation", "Stores"]

KINDS: tuple[Kind, ...] = ("conversation", "knowledge", "state")
T = TypeVar("T")

_ASYNC = {"conversation": AsyncConversationStore, "knowledge": AsyncKnowledgeStore, "state": AsyncStateStore}


@dataclass(frozen=True, slots=True)
class Call:
    """``method`` of the store of this kind."""

    kind: Kind
    method: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)


Operation = Generator[Call, Any, T]


class Stores:
    """Up to one store of each kind.

    ``isinstance`` of the kind's asynchronous contract decides how a store is called; anything else counts as
    synchronous, also an object that merely has the methods.

    Args:
        max_workers: most calls of synchronous stores at a time that asynchronous callers wait for.

    Raises:
        ConfigurationError: a store has coroutines for methods, but does not inherit the asynchronous contract.
    """

    def __init__(self, conversation: Any, knowledge: Any, state: Any, *, max_workers: int = 8) -> None:
        self._stores: dict[Kind, Any] = {"conversation": conversation, "knowledge": knowledge, "state": state}
        for kind, store in self._stores.items():
            if not self._is_async(kind) and inspect.iscoroutinefunction(getattr(store, "close", None)):
                raise ConfigurationError(
                    f"{type(store).__name__} has asynchronous methods, but is no {_ASYNC[kind].__name__}",
                    hint=f"inherit from praison_persist.{_ASYNC[kind].__name__}",
                )
        self._max_workers = max_workers
        self._offload: Threads | None = None
        self._closed = False

    def __getitem__(self, kind: Kind) -> Any:
        """The store as it was given, or None."""
        return self._stores[kind]

    def run(self, operation: Operation[T]) -> T:
        """Drive an operation; an asynchronous store runs on the background loop meanwhile."""
        outcome: tuple[Any, Exception | None] = (None, None)
        while True:
            try:
                call = operation.send(outcome[0]) if outcome[1] is None else operation.throw(outcome[1])
            except StopIteration as stop:
                return stop.value
            try:
                outcome = (self._call(call), None)
            except Exception as error:  # the operation may know what to do
                outcome = (None, error)

    async def arun(self, operation: Operation[T]) -> T:
        """Drive an operation; a synchronous store runs in a thread meanwhile."""
        outcome: tuple[Any, Exception | None] = (None, None)
        while True:
            try:
                call = operation.send(outcome[0]) if outcome[1] is None else operation.throw(outcome[1])
            except StopIteration as stop:
                return stop.value
            try:
                outcome = (await self._acall(call), None)
            except Exception as error:
                outcome = (None, error)

    def close(self) -> None:
        """Close every store; calling it again does nothing.

        Raises:
            Exception: the first that a store raised, after all were tried.
        """
        self.run(self._close())

    async def aclose(self) -> None:
        """`close` for asynchronous callers."""
        await self.arun(self._close())

    def _close(self) -> Operation[None]:
        first: Exception | None = None
        closing, self._closed = not self._closed, True
        for kind, store in self._stores.items():
            if store is None or not closing:
                continue
            try:
                yield Call(kind, "close")
            except Exception as error:
                first = first or error
        if self._offload is not None:
            self._offload.close(lambda: None)
        if first is not None:
            raise first

    def _is_async(self, kind: Kind) -> bool:
        return isinstance(self._stores[kind], _ASYNC[kind])

    def _call(self, call: Call) -> Any:
        store = self._stores[call.kind]
        if self._is_async(call.kind):
            from praison_persist.aio import sync_view

            store = sync_view(store)
        return _method(store, call)(*call.args, **call.kwargs)

    async def _acall(self, call: Call) -> Any:
        import asyncio

        method = _method(self._stores[call.kind], call)
        if self._is_async(call.kind):
            return await method(*call.args, **call.kwargs)
        return await asyncio.wrap_future(self._threads().submit(method, *call.args, **call.kwargs))

    def _threads(self) -> Threads:
        if self._offload is None:
            from praison_persist.background import Threads

            self._offload = Threads(self._max_workers)
        return self._offload


def _method(store: Any, call: Call) -> Any:
    method = getattr(store, call.method, None)
    if method is None and call.method == "change_session":  # what the contract has where a store has no better
        return partial(ConversationStore.change_session, store)
    if method is None:  # a store of another project may have the methods of the contract that it needs, and no more
        raise UnsupportedError(f"{type(store).__name__} has no {call.method}", operation=call.method)
    return method
