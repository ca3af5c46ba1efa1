"""`ConversationSessionStore`: the session store over any conversation store, for processes that share a database."""

from __future__ import annotations

import logging
from typing import Any

from praison_persist.aio import sync_view
from praison_persist.conversation import AsyncConversationStore, ConversationStore
from praison_persist.errors import ConfigurationError, UnavailableError
from praison_persist.validation import check_optional_id

from ..outbox import OutboxStatus, QueueSettings
from .conversation_backing import ConversationBacking
from .details import DetailMethods
from .hierarchy import HierarchyMethods
from .mirror import Mirror
from .protocols import SessionMirrorProtocol
from .queued_backing import QueuedBacking
from .recall import RecallMethods
from .records import SessionData
from .retention import DEFAULT_MAX_MESSAGES, Retention, without_tools, working_history

__all__ = ["ConversationSessionStore"]

logger = logging.getLogger(__name__)


class ConversationSessionStore(RecallMethods, HierarchyMethods, DetailMethods):
    """Sessions of agents and bots in a conversation store: everything that `HierarchicalSessionStore` does.

    Any number of processes may write to a session at once. Appended messages are all kept, in the order of the
    database; changes of different fields do not undo each other; `set_chat_history` replaces the active messages in
    one step. Adding a message is one insert, however long the session is.

    While the database is away, messages and what agents say about a session (`set_agent_info`, metadata, runtime
    state, `set_chat_history`) wait in this process and are stored in order when it is back, as with ``db()``. Reads and
    every other change raise an `UnavailableError` meanwhile: nobody here knows what other processes have stored. Only
    `get_working_history`, with which an agent begins, answers with the messages that wait, and a warning.

    Args:
        store: of any backend, sync or async. It is used as it is and not closed.
        prefix: of the session ids in the database, which keeps these sessions apart from those that ``db()`` and the
            orchestrator write there. ``""`` opens their sessions; do not let both write to one.
        max_messages: the active window; what leaves it is archived, unless ``retention`` says otherwise. In the
            database a few more may stay active, what is read never exceeds it.
        retention: ``"compact"`` (default), ``"truncate"`` (deletes), ``"keep_all"``.
        active_window: the same as ``max_messages``, and goes before it.
        mirror: is sent every message that was added, in the background.
        queue: options of `QueueSettings`: ``hook_timeout``, ``queue_limit``, ``fallback``, ``retry_delay``,
            ``max_retry_delay``, ``close_timeout``, ``workers``.

    Raises:
        ConfigurationError, InvalidInputError: an option out of range, or no conversation store.
    """

    def __init__(
        self,
        store: ConversationStore | AsyncConversationStore,
        *,
        prefix: str = "session:",
        max_messages: int = DEFAULT_MAX_MESSAGES,
        retention: str | None = None,
        active_window: int | None = None,
        mirror: SessionMirrorProtocol | None = None,
        **queue: Any,
    ) -> None:
        if not isinstance(store, (ConversationStore, AsyncConversationStore)):
            raise ConfigurationError(
                f"expected a conversation store, not {type(store).__name__}",
                hint='create one with CONVERSATION_STORES.create("postgres", url=…)',
            )
        check_optional_id(prefix, "prefix", longest=64)
        kept = Retention(max_messages if active_window is None else active_window, retention or "compact")
        view = sync_view(store) if isinstance(store, AsyncConversationStore) else store
        self._queued = QueuedBacking(ConversationBacking(view, kept, prefix=prefix), QueueSettings(**queue))
        super().__init__(self._queued, mirror=None if mirror is None else Mirror(mirror))

    def get_working_history(self, session_id: str, max_messages: int | None = None) -> list[dict[str, Any]]:
        """See `SessionStore.get_working_history`; during an outage what waits in this process, with a warning."""
        try:
            return super().get_working_history(session_id, max_messages)
        except UnavailableError as error:
            if not self._queued.outbox.is_away:
                raise
            logger.warning("session %r begins without its stored messages: %s", session_id, error)
            waiting = SessionData(session_id, messages=self._queued.waiting(session_id))
            return without_tools(working_history(waiting, max_messages))

    def status(self) -> OutboxStatus:
        """How the store stands with its database; asks only this process."""
        return self._queued.status()

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until nothing waits in the queue; whether that was reached in time (``hook_timeout`` by default)."""
        return self._queued.flush(timeout)

    def close(self) -> None:
        """Write what waits, for at most ``close_timeout`` seconds; the conversation store stays open.

        Messages that could not be stored by then are given up; the log and ``status().dropped`` tell how many.
        """
        self._queued.close()
