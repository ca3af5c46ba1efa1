"""The asynchronous conversation store: the blocking one in threads.

Not the SDK's asynchronous connection: where the server goes away it cancels the task that waits for the answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from praison_persist.aio import async_view
from praison_persist.conversation import AsyncConversationStore, ConversationMessage, ConversationSession

from .location import AuthLevel
from .store import SurrealDBConversationStore

__all__ = ["AsyncSurrealDBConversationStore"]


class _Blocking(SurrealDBConversationStore):
    backend = "async_surrealdb"


class AsyncSurrealDBConversationStore(AsyncConversationStore):
    """Conversations in SurrealDB, for asyncio; ``pool_size`` also bounds the threads.

    Options: `SurrealDBConversationStore`.
    """

    backend = "async_surrealdb"
    SCHEMA_VERSION = SurrealDBConversationStore.SCHEMA_VERSION

    def __init__(
        self,
        url: str | None = None,
        *,
        namespace: str = "praisonai",
        database: str = "conversations",
        username: str | None = None,
        password: str | None = None,
        token: str | None = None,
        auth_level: AuthLevel = "root",
        table_prefix: str = "praison_",
        auto_create_tables: bool = True,
        pool_size: int = 8,
        timeout: float = 30.0,
        connect_timeout: float = 10.0,
        max_retries: int = 3,
        retry_delay: float = 0.5,
    ) -> None:
        self._blocking = _Blocking(
            url,
            namespace=namespace,
            database=database,
            username=username,
            password=password,
            token=token,
            auth_level=auth_level,
            table_prefix=table_prefix,
            auto_create_tables=auto_create_tables,
            pool_size=pool_size,
            timeout=timeout,
            connect_timeout=connect_timeout,
            max_retries=max_retries,
            retry_delay=retry_delay,
        )
        self.table_prefix = table_prefix
        self._view = async_view(self._blocking, max_workers=pool_size)

    def __repr__(self) -> str:
        return repr(self._blocking).replace(type(self._blocking).__name__, type(self).__name__, 1)

    async def setup(self) -> None:
        await self._view.setup()

    async def init(self) -> None:
        """PraisonAI's name for `setup`."""
        await self.setup()

    async def create_session(self, session: ConversationSession) -> ConversationSession:
        return await self._view.create_session(session)

    async def get_session(self, session_id: str) -> ConversationSession | None:
        return await self._view.get_session(session_id)

    async def update_session(self, session: ConversationSession) -> ConversationSession:
        return await self._view.update_session(session)

    async def upsert_session(self, session: ConversationSession) -> ConversationSession:
        return await self._view.upsert_session(session)

    async def delete_session(self, session_id: str) -> bool:
        return await self._view.delete_session(session_id)

    async def list_sessions(
        self,
        user_id: str | None = None,
        agent_id: str | None = None,
        limit: int | None = 100,
        offset: int = 0,
    ) -> list[ConversationSession]:
        return await self._view.list_sessions(user_id, agent_id, limit, offset)

    async def add_message(self, session_id: str, message: ConversationMessage) -> ConversationMessage:
        return await self._view.add_message(session_id, message)

    async def add_messages(self, session_id: str, messages: Sequence[ConversationMessage]) -> list[ConversationMessage]:
        return await self._view.add_messages(session_id, messages)

    async def get_messages(
        self,
        session_id: str,
        limit: int | None = None,
        before: float | None = None,
        after: float | None = None,
    ) -> list[ConversationMessage]:
        return await self._view.get_messages(session_id, limit, before, after)

    async def iter_messages(self, session_id: str, *, batch_size: int = 500) -> AsyncIterator[ConversationMessage]:
        async for message in self._view.iter_messages(session_id, batch_size=batch_size):
            yield message

    async def delete_messages(self, session_id: str, message_ids: Sequence[str] | None = None) -> int:
        return await self._view.delete_messages(session_id, message_ids)

    async def close(self) -> None:
        await self._view.close()
