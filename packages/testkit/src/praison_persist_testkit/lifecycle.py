"""What is the same for every kind of store: setup, close, context managers, errors that name their place, secrets.

Clauses only. A suite says how its methods are called with ``calls``, and what provokes errors with ``mistakes``.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, ClassVar

from praison_persist.errors import ClosedError, PersistError

from .running import Handle, Harness, only, refuses
from .suite import Suite, clause

__all__ = ["Call", "Lifecycle"]

Call = tuple[str, tuple[Any, ...], dict[str, Any]]


class Lifecycle(Suite):
    """Clauses of the whole contract.

    Attributes:
        base_classes: the sync and the async base class.
        calls: every method of the contract with arguments that an open store accepts or refuses by a typed error.
        mistakes: calls on an empty store that raise a `PersistError`.
    """

    base_classes: ClassVar[tuple[type, ...]]
    calls: ClassVar[tuple[Call, ...]]
    mistakes: ClassVar[tuple[Call, ...]]

    @clause
    async def test_a_store_inherits_its_contract_and_names_its_backend(self, store: Handle) -> None:
        """Callers dispatch on isinstance; ``backend`` is the canonical name, for errors and reports."""
        assert isinstance(store.raw, self.base_classes)
        assert isinstance(store.raw.backend, str)
        assert store.raw.backend

    @clause
    def test_constructors_do_no_io(self, harness: Harness) -> None:
        """Constructors do no I/O; the first call, or `setup`, connects."""
        with _io_seen() as seen:
            harness.open()
        assert seen == [], f"the constructor did I/O: {', '.join(seen)}"

    @clause
    async def test_setup_is_idempotent(self, store: Handle) -> None:
        """`setup` is idempotent and keeps what is stored."""
        await store.setup()
        before = await self._probe(store)
        await store.setup()
        assert await self._probe(store) == before

    @clause
    async def test_setup_is_safe_when_many_race(self, harness: Harness) -> None:
        """`setup` is safe when many race to be first."""
        only(await harness.together(8, lambda _: harness.opened[0].setup()))
        await self._probe(harness.opened[0])

    @clause(shared=True)
    async def test_setup_is_safe_when_many_stores_race(self, harness: Harness) -> None:
        """`setup` is safe when many stores on one database race."""
        stores = [harness.open() for _ in range(8)]
        only(await harness.together(8, lambda i: stores[i].setup()))
        for store in stores:
            await self._probe(store)

    @clause
    async def test_close_twice_is_fine(self, store: Handle) -> None:
        """Close releases connections; calling it again does nothing."""
        await self._probe(store)
        assert await store.close() is None
        assert await store.close() is None

    @clause
    async def test_a_store_that_was_never_used_closes(self, store: Handle) -> None:
        """Close is fine on a store that never connected."""
        await store.close()
        await store.close()

    @clause
    async def test_any_call_after_close_is_a_closed_error(self, store: Handle) -> None:
        """After `close`, any other call is a `ClosedError`."""
        await self._probe(store)
        await store.close()
        for name, args, kwargs in self.calls:
            with refuses(ClosedError, why=f"{name} after close"):
                await getattr(store, name)(*args, **kwargs)

    @clause
    async def test_setup_after_close_is_a_closed_error(self, store: Handle) -> None:
        """After `close`, `setup` is a `ClosedError`, not a way to open the store again."""
        await store.setup()
        await store.close()
        with refuses(ClosedError, why="setup after close"):
            await store.setup()

    @clause
    async def test_a_store_is_a_context_manager(self, harness: Harness) -> None:
        """The context manager gives the store, and closes it at the end."""
        store = harness.open()
        async with store as entered:
            assert entered is store
            await self._probe(store)
        name, args, kwargs = self.calls[0]
        with refuses(ClosedError, why="the context closes the store"):
            await getattr(store, name)(*args, **kwargs)

    @clause
    async def test_the_context_manager_closes_after_an_exception(self, harness: Harness) -> None:
        """The context manager closes the store, and lets the exception of its block pass."""
        store = harness.open()
        with refuses(ZeroDivisionError, why="the block's exception must pass"):
            async with store:
                raise ZeroDivisionError
        name, args, kwargs = self.calls[0]
        with refuses(ClosedError, why="the context closes the store"):
            await getattr(store, name)(*args, **kwargs)

    @clause
    async def test_errors_name_their_backend_and_operation(self, store: Handle) -> None:
        """An error says on which backend and operation it happened."""
        for name, args, kwargs in self.mistakes:
            with refuses(PersistError, why=f"{name}{args}") as refusal:
                await getattr(store, name)(*args, **kwargs)
            where = (refusal.error.backend, refusal.error.operation)
            assert where == (store.raw.backend, name), f"{refusal.error!r} says it came from {where}"
            assert str(refusal.error).strip()

    @clause(secret=True)
    async def test_secrets_never_show(self, harness: Harness) -> None:
        """Secrets are never in repr, logs or exceptions."""
        secret = harness.target.secret
        assert secret
        store = harness.opened[0]
        shown: list[str] = []
        with _log_lines() as lines:
            shown += [repr(store.raw), str(store.raw), f"{store.raw}"]
            await store.setup()
            await self._probe(store)
            for name, args, kwargs in self.mistakes:
                with refuses(PersistError, why=f"{name}{args}") as refusal:
                    await getattr(store, name)(*args, **kwargs)
                shown += _chain(refusal.error)
            await store.close()
            name, args, kwargs = self.calls[0]
            with refuses(ClosedError) as refusal:
                await getattr(store, name)(*args, **kwargs)
            shown += [*_chain(refusal.error), repr(store.raw)]
        assert not [text for text in shown + lines if secret in text]

    async def _probe(self, store: Handle) -> Any:
        name, args, kwargs = self.calls[0]
        return await getattr(store, name)(*args, **kwargs)


def _chain(error: BaseException | None) -> list[str]:
    texts: list[str] = []
    while error is not None:
        texts += [repr(error), str(error), repr(getattr(error, "hint", None))]
        error = error.__cause__ or error.__context__
    return texts


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def _log_lines() -> Generator[list[str]]:
    handler, root = _Lines(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield handler.lines
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


_IO_EVENTS = ("open", "os.mkdir", "os.remove", "os.rename", "sqlite3.connect", "socket.", "subprocess.", "os.listdir")
_watching: list[list[str]] = []
_hooked: list[bool] = []


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if _watching and event.startswith(_IO_EVENTS):
        _watching[-1].append(f"{event}{args[:1]}")


@contextmanager
def _io_seen() -> Generator[list[str]]:
    """The I/O of a block, as far as Python's audit events tell; an audit hook stays for ever, so it is added once."""
    if not _hooked:
        _hooked.append(True)
        sys.addaudithook(_audit)
    seen: list[str] = []
    _watching.append(seen)
    try:
        yield seen
    finally:
        _watching.remove(seen)
