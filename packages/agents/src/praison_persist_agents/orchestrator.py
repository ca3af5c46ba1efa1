"""`PersistenceOrchestrator`: the stores of one application behind the life of an agent, for sync and async programs.

The hooks of an agent's life; reading and writing besides is in `store_access`, what both do in `operations`. Knows no
agent framework.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.validation import check_id, check_limit

from . import operations
from .config import PersistenceConfig
from .dispatch import KINDS, Call, Operation, Stores
from .locate import Kind
from .session_cache import SessionCache, size_from_env
from .store_access import StoreAccess

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["PersistenceOrchestrator"]

logger = logging.getLogger(__name__)


class PersistenceOrchestrator(StoreAccess):
    """Loads and stores conversations, knowledge and state around an agent's runs.

    Every method has a coroutine with the prefix ``a``. Those await an asynchronous store, and run a synchronous one in
    a thread; the others run an asynchronous one on a background loop, also inside a running loop. Without a
    conversation store the hooks do nothing. Safe to share between threads, tasks and agents.

    Args:
        conversation_store, knowledge_store, state_store: stores to use as they are; `close` closes them.
        config: stores that are not given are opened from it.
        cache_size: sessions that `cached_session` remembers; by default ``PRAISONAI_SESSION_CACHE_MAX``, else 1024.

    Raises:
        ConfigurationError: the configuration names a store that cannot be had.
    """

    def __init__(
        self,
        conversation_store: Any = None,
        knowledge_store: Any = None,
        state_store: Any = None,
        config: PersistenceConfig | None = None,
        *,
        cache_size: int | None = None,
    ) -> None:
        stores: dict[Kind, Any] = {
            "conversation": conversation_store,
            "knowledge": knowledge_store,
            "state": state_store,
        }
        self.config = config or PersistenceConfig()
        for kind in KINDS:
            if stores[kind] is None:
                stores[kind] = self.config.open(kind)
        super().__init__(
            Stores(stores["conversation"], stores["knowledge"], stores["state"]),
            SessionCache(size_from_env() if cache_size is None else cache_size),
        )
        self._current: str | None = None
        if not self.config.lazy_init:
            self._stores.run(_set_up(self._stores))

    @classmethod
    def from_config(cls, config: PersistenceConfig) -> Self:
        """With the stores of a configuration."""
        return cls(config=config)

    @classmethod
    def from_env(cls) -> Self:
        """With the stores that the environment names: see `PersistenceConfig.from_env`."""
        return cls(config=PersistenceConfig.from_env())

    @property
    def current_session_id(self) -> str | None:
        """The session of the latest `on_agent_start`, whoever called it."""
        return self._current

    def __repr__(self) -> str:
        named = ", ".join(f"{kind}={self._stores[kind]!r}" for kind in KINDS if self._stores[kind] is not None)
        return f"{type(self).__name__}({named})"

    # -- the life of an agent ------------------------------------------------------------------------------------------

    def on_agent_start(
        self,
        agent: Any,
        session_id: str | None = None,
        user_id: str | None = None,
        resume: bool = True,
        *,
        history_limit: int | None = None,
    ) -> list[ConversationMessage]:
        """Load the session, or create it; its messages, [] for a new one.

        Args:
            agent: its ``name`` (or ``agent_id``) is noted in a new session.
            session_id: None: that of the configuration, else a new one, which is then `current_session_id`.
            user_id: noted in a new session; None: that of the configuration.
            resume: False returns [] also for a session that exists, which keeps its messages.
            history_limit: at most so many of the newest messages; None for all.
        """
        return self._stores.run(self._start(agent, session_id, user_id, resume, history_limit))

    async def aon_agent_start(
        self,
        agent: Any,
        session_id: str | None = None,
        user_id: str | None = None,
        resume: bool = True,
        *,
        history_limit: int | None = None,
    ) -> list[ConversationMessage]:
        """See `on_agent_start`."""
        return await self._stores.arun(self._start(agent, session_id, user_id, resume, history_limit))

    def on_message(
        self,
        session_id: str,
        role: str,
        content: Any,
        tool_calls: list[dict[str, Any]] | None = None,
        tool_call_id: str | None = None,
        metadata: dict[str, Any] | None = None,
        *,
        message_id: str | None = None,
    ) -> ConversationMessage | None:
        """Append a message, durably, and return it; None without a conversation store.

        A session that does not exist is created.

        Args:
            session_id: the session.
            role, content, tool_calls, tool_call_id, metadata: see `praison_persist.ConversationMessage`.
            message_id: unique in its session: repeating a call with the same id and body stores one message.
        """
        message = _message(role, content, tool_calls, tool_call_id, metadata, message_id)
        return next(iter(self.on_messages(session_id, [message])), None)

    async def aon_message(
        self,
        session_id: str,
        role: str,
        content: Any,
        tool_calls: list[dict[str, Any]] | None = None,
        tool_call_id: str | None = None,
        metadata: dict[str, Any] | None = None,
        *,
        message_id: str | None = None,
    ) -> ConversationMessage | None:
        """See `on_message`."""
        message = _message(role, content, tool_calls, tool_call_id, metadata, message_id)
        return next(iter(await self.aon_messages(session_id, [message])), None)

    def on_messages(self, session_id: str, messages: Sequence[ConversationMessage]) -> list[ConversationMessage]:
        """Append messages, all or none where the store can; [] without a conversation store."""
        return self._stores.run(self._add(session_id, messages))

    async def aon_messages(self, session_id: str, messages: Sequence[ConversationMessage]) -> list[ConversationMessage]:
        """See `on_messages`."""
        return await self._stores.arun(self._add(session_id, messages))

    def on_agent_end(self, agent: Any, session_id: str, metadata: Mapping[str, Any] | None = None) -> None:
        """Set keys of the stored session's metadata, keeping what others set; see `operations.merge_metadata`.

        Raises:
            ConflictError: other processes overwrote the change again and again.
        """
        self._stores.run(self._end(session_id, metadata))

    async def aon_agent_end(self, agent: Any, session_id: str, metadata: Mapping[str, Any] | None = None) -> None:
        """See `on_agent_end`."""
        await self._stores.arun(self._end(session_id, metadata))

    # -- the end -------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close every store, those that were passed in as well; calling it again does nothing."""
        self._cache.clear()
        self._stores.close()

    async def aclose(self) -> None:
        """See `close`."""
        self._cache.clear()
        await self._stores.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.aclose()

    # -- operations ----------------------------------------------------------------------------------------------------

    def _start(
        self, agent: Any, session_id: str | None, user_id: str | None, resume: bool, limit: int | None
    ) -> Operation[list[ConversationMessage]]:
        check_limit(limit, "history_limit")
        wanted = check_id(session_id or self.config.session_id or str(uuid4()), "session_id")
        self._current = wanted
        if self.conversation is None:
            return []
        session, existed = yield from operations.start_session(self._new_session(wanted, user_id, agent))
        self._cache.put(session)
        logger.debug("%s session %s", "resumed" if existed else "created", wanted)
        if not (existed and resume):
            return []
        return (yield Call("conversation", "get_messages", (wanted, limit)))

    def _add(self, session_id: str, messages: Sequence[ConversationMessage]) -> Operation[list[ConversationMessage]]:
        if self.conversation is None:
            return []
        return (yield from operations.add_messages(self._new_session(session_id), messages))

    def _end(self, session_id: str, metadata: Mapping[str, Any] | None) -> Operation[None]:
        if self.conversation is None:
            return
        session = yield from operations.merge_metadata(session_id, metadata or {})
        if session is not None:
            self._cache.put(session)

    def _new_session(self, session_id: str, user_id: str | None = None, agent: Any = None) -> ConversationSession:
        agent_id = getattr(agent, "name", None) or getattr(agent, "agent_id", None)
        return ConversationSession(
            session_id=session_id,
            user_id=user_id or self.config.user_id,
            agent_id=agent_id if isinstance(agent_id, str) else None,
            name=f"Session {session_id[:8]}",
            metadata={} if agent is None else {"agent_type": type(agent).__name__},
        )


def _message(
    role: str,
    content: Any,
    tool_calls: list[dict[str, Any]] | None,
    tool_call_id: str | None,
    metadata: dict[str, Any] | None,
    message_id: str | None,
) -> ConversationMessage:
    return ConversationMessage(
        id=message_id or str(uuid4()),
        role=role,
        content=content,
        tool_calls=tool_calls,
        tool_call_id=tool_call_id,
        metadata=metadata,
    )


def _set_up(stores: Stores) -> Operation[None]:
    for kind in KINDS:
        if hasattr(stores[kind], "setup"):
            yield Call(kind, "setup")
