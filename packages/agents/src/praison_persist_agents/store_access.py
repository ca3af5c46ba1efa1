"""Sessions, knowledge, state and context of an orchestrator, each for sync and async callers. Knows no agent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.errors import ConfigurationError
from praison_persist.knowledge import KnowledgeDocument
from praison_persist.validation import check_limit

from . import operations
from .dispatch import Call, Operation, Stores
from .locate import Kind
from .session_cache import SessionCache

__all__ = ["StoreAccess"]

T = TypeVar("T")


class StoreAccess:
    """The part of `PersistenceOrchestrator` that is not about agents; a store that is not there reads as empty."""

    def __init__(self, stores: Stores, cache: SessionCache) -> None:
        self._stores = stores
        self._cache = cache

    @property
    def conversation(self) -> Any:
        """The conversation store, or None."""
        return self._stores["conversation"]

    @property
    def knowledge(self) -> Any:
        """The knowledge store, or None."""
        return self._stores["knowledge"]

    @property
    def state(self) -> Any:
        """The state store, or None."""
        return self._stores["state"]

    def cached_session(self, session_id: str) -> ConversationSession | None:
        """A copy of the session as this orchestrator saw it last, or None; asks no store."""
        return self._cache.get(session_id)

    # -- sessions ------------------------------------------------------------------------------------------------------

    def get_session(self, session_id: str) -> ConversationSession | None:
        """The stored session, or None."""
        return self._stores.run(self._get_session(session_id))

    async def aget_session(self, session_id: str) -> ConversationSession | None:
        """See `get_session`."""
        return await self._stores.arun(self._get_session(session_id))

    def list_sessions(
        self, user_id: str | None = None, limit: int | None = 100, *, agent_id: str | None = None, offset: int = 0
    ) -> list[ConversationSession]:
        """Sessions, most recently updated first; [] without a conversation store."""
        return self._stores.run(self._ask("conversation", "list_sessions", [], user_id, agent_id, limit, offset))

    async def alist_sessions(
        self, user_id: str | None = None, limit: int | None = 100, *, agent_id: str | None = None, offset: int = 0
    ) -> list[ConversationSession]:
        """See `list_sessions`."""
        return await self._stores.arun(self._ask("conversation", "list_sessions", [], user_id, agent_id, limit, offset))

    def delete_session(self, session_id: str) -> bool:
        """Delete the session and its messages; whether it existed."""
        self._cache.forget(session_id)
        return self._stores.run(self._ask("conversation", "delete_session", False, session_id))

    async def adelete_session(self, session_id: str) -> bool:
        """See `delete_session`."""
        self._cache.forget(session_id)
        return await self._stores.arun(self._ask("conversation", "delete_session", False, session_id))

    def get_messages(self, session_id: str, limit: int | None = None) -> list[ConversationMessage]:
        """The newest ``limit`` messages (None for all), oldest first."""
        return self._stores.run(self._ask("conversation", "get_messages", [], session_id, limit))

    async def aget_messages(self, session_id: str, limit: int | None = None) -> list[ConversationMessage]:
        """See `get_messages`."""
        return await self._stores.arun(self._ask("conversation", "get_messages", [], session_id, limit))

    # -- knowledge -----------------------------------------------------------------------------------------------------

    def retrieve_knowledge(
        self,
        query_embedding: Sequence[float],
        collection: str = "default",
        limit: int = 5,
        filters: Mapping[str, Any] | None = None,
    ) -> list[KnowledgeDocument]:
        """The nearest documents, best first; [] without a knowledge store.

        Raises:
            NotFoundError: no such collection.
        """
        return self._stores.run(self._find(query_embedding, collection, limit, filters))

    async def aretrieve_knowledge(
        self,
        query_embedding: Sequence[float],
        collection: str = "default",
        limit: int = 5,
        filters: Mapping[str, Any] | None = None,
    ) -> list[KnowledgeDocument]:
        """See `retrieve_knowledge`."""
        return await self._stores.arun(self._find(query_embedding, collection, limit, filters))

    def add_knowledge(self, documents: Sequence[KnowledgeDocument], collection: str = "default") -> list[str]:
        """Upsert documents with embeddings; their ids. The collection is created if need be (cosine).

        Raises:
            ConfigurationError: no knowledge store.
        """
        self._require("knowledge")
        return self._stores.run(operations.add_knowledge(collection, documents))

    async def aadd_knowledge(self, documents: Sequence[KnowledgeDocument], collection: str = "default") -> list[str]:
        """See `add_knowledge`."""
        self._require("knowledge")
        return await self._stores.arun(operations.add_knowledge(collection, documents))

    # -- state ---------------------------------------------------------------------------------------------------------

    def get_state(self, key: str) -> Any:
        """The value, or None; None as well without a state store."""
        return self._stores.run(self._ask("state", "get", None, key))

    async def aget_state(self, key: str) -> Any:
        """See `get_state`."""
        return await self._stores.arun(self._ask("state", "get", None, key))

    def set_state(self, key: str, value: Any, ttl: float | None = None) -> None:
        """Store a JSON value, for ``ttl`` seconds or for ever.

        Raises:
            ConfigurationError: no state store.
        """
        self._require("state")
        self._stores.run(self._ask("state", "set", None, key, value, ttl))

    async def aset_state(self, key: str, value: Any, ttl: float | None = None) -> None:
        """See `set_state`."""
        self._require("state")
        await self._stores.arun(self._ask("state", "set", None, key, value, ttl))

    def delete_state(self, key: str) -> bool:
        """Delete a value; whether it existed."""
        return self._stores.run(self._ask("state", "delete", False, key))

    async def adelete_state(self, key: str) -> bool:
        """See `delete_state`."""
        return await self._stores.arun(self._ask("state", "delete", False, key))

    # -- context -------------------------------------------------------------------------------------------------------

    def build_context(
        self,
        session_id: str,
        query_embedding: Sequence[float] | None = None,
        history_limit: int | None = 20,
        knowledge_limit: int = 5,
        knowledge_collection: str = "default",
    ) -> dict[str, Any]:
        """What to show a model: ``{"history": [chat messages], "knowledge": [{id, content, metadata, score}]}``.

        Args:
            session_id: the session.
            query_embedding: None leaves ``knowledge`` empty.
            history_limit: the newest messages, at most so many and those that complete the tool turn which they begin
                with; None for all. Tool calls whose result was lost have a result that says so.
            knowledge_limit, knowledge_collection: as `retrieve_knowledge`.
        """
        return self._stores.run(
            self._context(session_id, query_embedding, history_limit, knowledge_limit, knowledge_collection)
        )

    async def abuild_context(
        self,
        session_id: str,
        query_embedding: Sequence[float] | None = None,
        history_limit: int | None = 20,
        knowledge_limit: int = 5,
        knowledge_collection: str = "default",
    ) -> dict[str, Any]:
        """See `build_context`."""
        return await self._stores.arun(
            self._context(session_id, query_embedding, history_limit, knowledge_limit, knowledge_collection)
        )

    # -- operations ----------------------------------------------------------------------------------------------------

    def _get_session(self, session_id: str) -> Operation[ConversationSession | None]:
        session = yield from self._ask("conversation", "get_session", None, session_id)
        if session is None:
            self._cache.forget(session_id)
        else:
            self._cache.put(session)
        return session

    def _find(
        self, embedding: Sequence[float], collection: str, limit: int, filters: Mapping[str, Any] | None
    ) -> Operation[list[KnowledgeDocument]]:
        if self.knowledge is None:
            return []
        return (yield from operations.find_knowledge(embedding, collection, limit, filters))

    def _context(
        self,
        session_id: str,
        embedding: Sequence[float] | None,
        history_limit: int | None,
        knowledge_limit: int,
        collection: str,
    ) -> Operation[dict[str, Any]]:
        check_limit(history_limit, "history_limit")
        history: list[dict[str, Any]] = []
        if self.conversation is not None:
            history = yield from operations.build_history(session_id, history_limit)
        found: list[KnowledgeDocument] = []
        if embedding is not None:
            found = yield from self._find(embedding, collection, knowledge_limit, None)
        knowledge = [
            {"id": document.id, "content": document.content, "metadata": document.metadata, "score": document.score}
            for document in found
        ]
        return {"history": history, "knowledge": knowledge}

    def _ask(self, kind: Kind, method: str, without: T, *args: Any) -> Operation[T]:
        """One call, or ``without`` where there is no store of this kind."""
        if self._stores[kind] is None:
            return without
        return (yield Call(kind, method, args))

    def _require(self, kind: Kind) -> None:
        if self._stores[kind] is None:
            raise ConfigurationError(
                f"no {kind} store is configured", hint=f"pass {kind}_store=, or set {kind}_url in the configuration"
            )
