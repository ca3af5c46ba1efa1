"""`ConversationSessionStore`: the session store over any conversation store, for processes that share a database."""

from __future__ import annotations

from praison_persist.aio import sync_view
from praison_persist.conversation import AsyncConversationStore, ConversationStore
from praison_persist.errors import ConfigurationError
from praison_persist.validation import check_optional_id

from .conversation_backing import ConversationBacking
from .details import DetailMethods
from .hierarchy import HierarchyMethods
from .mirror import Mirror
from .protocols import SessionMirrorProtocol
from .recall import RecallMethods
from .retention import DEFAULT_MAX_MESSAGES, Retention

__all__ = ["ConversationSessionStore"]


class ConversationSessionStore(RecallMethods, HierarchyMethods, DetailMethods):
    """Sessions of agents and bots in a conversation store: everything that `HierarchicalSessionStore` does.

    Any number of processes may write to a session at once. Appended messages are all kept, in the order of the
    database; changes of different fields do not undo each other; `set_chat_history` replaces the active messages in
    one step. Adding a message is one insert, however long the session is.

    Args:
        store: of any backend, sync or async. It is used as it is and not closed.
        prefix: of the session ids in the database, which keeps these sessions apart from those that ``db()`` and the
            orchestrator write there. ``""`` opens their sessions; do not let both write to one.
        max_messages: the active window; what leaves it is archived, unless ``retention`` says otherwise. In the
            database a few more may stay active, what is read never exceeds it.
        retention: ``"compact"`` (default), ``"truncate"`` (deletes), ``"keep_all"``.
        active_window: the same as ``max_messages``, and goes before it.
        mirror: is sent every message that was added, in the background.

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
    ) -> None:
        if not isinstance(store, (ConversationStore, AsyncConversationStore)):
            raise ConfigurationError(
                f"expected a conversation store, not {type(store).__name__}",
                hint='create one with CONVERSATION_STORES.create("postgres", url=…)',
            )
        check_optional_id(prefix, "prefix", longest=64)
        kept = Retention(max_messages if active_window is None else active_window, retention or "compact")
        view = sync_view(store) if isinstance(store, AsyncConversationStore) else store
        backing = ConversationBacking(view, kept, prefix=prefix)
        super().__init__(backing, mirror=None if mirror is None else Mirror(mirror))
