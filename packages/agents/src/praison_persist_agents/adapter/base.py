"""What every part of the adapter stands on: its stores, its queue, its end. Has no hook."""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from praison_persist.conversation import AsyncConversationStore, ConversationMessage, ConversationSession
from praison_persist.state import AsyncStateStore

from ..outbox import OutboxStatus, Posted
from .capture import watch_tools
from .runs import RunLog, SessionRuns, StateRuns, TraceLog
from .session_writes import SessionWrites
from .settings import AdapterSettings
from .turns import TurnKeeper

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["NO_SESSION", "AdapterBase"]

logger = logging.getLogger(__name__)

NO_SESSION = "\x00traces"
"""The lane of what belongs to no session: no session id holds a NUL."""


class AdapterBase:
    """See `PersistDb`."""

    def __init__(
        self,
        conversation: Any,
        *,
        state: Any = None,
        knowledge: Callable[[], Any] | None = None,
        database_url: str | None = None,
        owned: tuple[str, ...] = (),
        settings: AdapterSettings | None = None,
    ) -> None:
        self.settings = settings or AdapterSettings()
        self.hook_timeout = self.settings.hook_timeout
        self.database_url = database_url
        self._conversation = conversation
        self._state = state
        self._open_knowledge = knowledge
        self._knowledge: Any = None
        self._knowledge_lock = threading.Lock()
        self._owned = owned
        self._writes = SessionWrites(_blocking(conversation))
        self._runs: RunLog = (
            SessionRuns(self._writes) if state is None else StateRuns(_blocking(state), self.settings.run_ttl)
        )
        self._traces = TraceLog(None if state is None else _blocking(state), self.settings.run_ttl)
        self._turns = TurnKeeper()
        self._seeds: dict[str, ConversationSession] = {}
        self.outbox = self.settings.outbox()
        _adapters.add(self)
        watch_tools()

    def __repr__(self) -> str:
        where = self.database_url or type(self._conversation).__name__
        return f"{type(self).__name__}({where!r}, {self.status().state})"

    @property
    def conversation_store(self) -> Any:
        """The conversation store as it was given or opened."""
        return self._conversation

    @property
    def state_store(self) -> Any:
        """The state store, or None."""
        return self._state

    @property
    def knowledge_store(self) -> Any:
        """The knowledge store, opened by the first look at it; None without one."""
        if self._knowledge is None and self._open_knowledge is not None:
            with self._knowledge_lock:
                if self._knowledge is None:
                    self._knowledge = self._open_knowledge()
        return self._knowledge

    def status(self) -> OutboxStatus:
        """How the adapter stands with its database; asks only itself."""
        return self.outbox.status()

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until nothing waits in the queue; whether that was reached in time (``hook_timeout`` by default)."""
        return self.outbox.flush(self.hook_timeout if timeout is None else timeout)

    async def aflush(self, timeout: float | None = None) -> bool:
        """See `flush`."""
        return await self._in_thread(self.flush, timeout)

    def close(self) -> None:
        """Write what waits, for at most ``close_timeout`` seconds, and close the stores that the adapter opened.

        Writes that could not be stored by then are given up; the log and ``status().dropped`` tell how many.
        """
        self.outbox.close(self.settings.close_timeout, self._close_stores)

    async def aclose(self) -> None:
        """See `close`."""
        await self._in_thread(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    # -- for the hooks -------------------------------------------------------------------------------------------------

    def _store(self, session_id: str, messages: list[ConversationMessage]) -> Posted:
        if not messages:
            return Posted()
        seed = self._seed(session_id, messages[0])
        value = (seed, messages)
        future = self.outbox.post(
            session_id, lambda: self._writes.add(seed, messages), value=value, together=self._store_together
        )
        return Posted((future,))

    def _store_together(self, waiting: list[tuple[ConversationSession, list[ConversationMessage]]]) -> None:
        """What several hooks of one session left."""
        self._writes.add_all(waiting[0][0], [messages for _, messages in waiting])

    def _seed(self, session_id: str, message: ConversationMessage | None = None) -> ConversationSession:
        """What the session is created from, if nobody did; the first agent that is known counts."""
        found = self._seeds.get(session_id)
        if found is not None:
            return found
        name = ((message.metadata if message else None) or {}).get("agent_name")
        return ConversationSession(session_id=session_id, agent_id=name, name=f"Session {session_id}"[:255])

    def _read(self, lane: str, function: Callable[[], Any]) -> Posted:
        """Something that has no sense later: behind what its lane holds, and an error while the database is away."""
        return Posted((self.outbox.post(lane, function, stays=False),), is_read=True, result=lambda value: value)

    def _set_up(self) -> bool:
        for store in (self._writes.store, None if self._state is None else _blocking(self._state)):
            setup = getattr(store, "setup", None)
            if callable(setup):
                setup()
        return True

    def _close_stores(self) -> None:
        stores = {"conversation": self._conversation, "state": self._state, "knowledge": self._knowledge}
        for kind in self._owned:
            store = stores[kind]
            if store is not None:
                try:
                    _blocking(store).close()
                except Exception as error:
                    logger.warning("the %s store did not close: %s", kind, error)

    def _after_fork(self) -> None:
        """Locks may have been held by threads that the child does not have."""
        self._knowledge_lock = threading.Lock()
        self._turns.reset()
        self._writes.after_fork()

    async def _in_thread(self, function: Callable[..., Any], *args: Any) -> Any:
        """`close` and `flush` wait: they do so in a thread of their own, since they also end the outbox's."""
        import asyncio

        return await asyncio.to_thread(function, *args)


def _blocking(store: Any) -> Any:
    """The store for the outbox's threads: an async one always runs on the background loop, whoever calls."""
    from praison_persist.knowledge import AsyncKnowledgeStore

    if isinstance(store, (AsyncConversationStore, AsyncStateStore, AsyncKnowledgeStore)):
        from praison_persist.aio import sync_view

        return sync_view(store)
    return store


_adapters: weakref.WeakSet[AdapterBase] = weakref.WeakSet()


def _after_fork() -> None:
    for adapter in list(_adapters):
        adapter._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
