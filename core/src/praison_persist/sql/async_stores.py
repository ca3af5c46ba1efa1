"""The asynchronous store class over the SQL operations: the twin of `stores`, and nothing more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TypeVar

from ..background import Threads
from ..conversation import AsyncConversationStore, ConversationMessage, ConversationSession
from ..errors import ClosedError, PersistError, UnavailableError
from ..health import StoreHealth, library_of
from ..lifecycle import store_closed
from ..retry import RetryPolicy
from .async_driver import AsyncDriver, adrive
from .conversations import Conversations
from .driver import Driver
from .migrations import Migrator
from .operation import Operation
from .schema import conversation_migrator
from .stores import PAGE, Runner
from .tables import Tables

__all__ = ["AsyncRunner", "AsyncSQLConversationStore", "ThreadedRunner"]

T = TypeVar("T")


class AsyncRunner:
    """`praison_persist.sql.stores.Runner` for an asynchronous driver."""

    def __init__(
        self, backend: str, driver: AsyncDriver, migrator: Migrator, retry: RetryPolicy, *, auto_setup: bool
    ) -> None:
        self.backend = backend
        self.driver = driver
        self.migrator = migrator
        self.retry = retry
        self._auto_setup = auto_setup
        self._ready = False
        self._closed = False

    async def __call__(self, work: Operation[T]) -> T:
        """The operation's value; errors as in the blocking runner."""
        if not self._ready:
            await self._migrate(apply=self._auto_setup)
        return await self._attempts(work)

    async def setup(self) -> None:
        """Apply pending migrations."""
        await self._migrate(apply=True)

    async def health(self) -> StoreHealth:
        """Ask the server, without touching the schema."""
        server, schema = await self._attempts(self.migrator.inspect())
        connection = await self.driver.acquire()
        try:
            library, pooler = library_of(connection), await self.driver.pooler(connection)
        finally:
            await self.driver.release(connection, broken=False)
        about = self.driver.about()
        return StoreHealth(
            self.backend,
            server=server,
            driver=library,
            pool=about.get("pool"),
            pooler=pooler or about.get("pooler"),
            schema=schema,
        )

    async def _migrate(self, *, apply: bool) -> None:
        """Tasks that race may all try, which the engine's lock makes harmless."""
        if not apply:
            await self._attempts(self.migrator.check())
        elif await self._attempts(self.migrator.pending()):
            await self._attempts(self.migrator.setup())
        self._ready = True

    async def close(self) -> None:
        closing, self._closed = not self._closed, True
        if closing:
            await self.driver.close()

    async def _attempts(self, work: Operation[T]) -> T:
        lost = False

        async def attempt() -> T:
            nonlocal lost
            if self._closed:
                raise store_closed()
            try:
                return await adrive(self.driver, work, recover=lost)
            except UnavailableError:
                lost = True
                raise

        try:
            return await self.retry.acall(attempt, idempotent=work.idempotent)
        except PersistError as error:
            error.backend = error.backend or self.backend
            error.operation = error.operation or work.name
            raise


class ThreadedRunner:
    """Runs a whole operation in a thread, for a library that blocks: one hop, whatever the number of statements."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._threads = Threads(runner.driver.threads)

    async def __call__(self, work: Operation[T]) -> T:
        """The operation's value; a cancelled one runs to its end all the same."""
        try:
            return await asyncio.wrap_future(self._threads.submit(self._runner, work))
        except ClosedError as error:
            error.backend, error.operation = self._runner.backend, work.name
            raise

    async def setup(self) -> None:
        await asyncio.wrap_future(self._threads.submit(self._runner.setup))

    async def health(self) -> StoreHealth:
        return await asyncio.wrap_future(self._threads.submit(self._runner.health))

    async def close(self) -> None:
        await asyncio.shield(asyncio.wrap_future(self._threads.close(self._runner.close)))


def async_runner(
    backend: str, driver: AsyncDriver | Driver, migrator: Migrator, retry: RetryPolicy, *, auto_setup: bool
) -> AsyncRunner | ThreadedRunner:
    """What runs the operations of an asynchronous store on this driver: a blocking one in threads."""
    if isinstance(driver, AsyncDriver):
        return AsyncRunner(backend, driver, migrator, retry, auto_setup=auto_setup)
    return ThreadedRunner(Runner(backend, driver, migrator, retry, auto_setup=auto_setup))


class AsyncSQLConversationStore(AsyncConversationStore):
    """The conversation contract on an asynchronous driver, or in threads on a blocking one."""

    SCHEMA_VERSION = "1.0.0"
    """PraisonAI's name for the layout of its tables, which this store keeps readable."""

    def __init__(
        self,
        driver: AsyncDriver | Driver,
        *,
        backend: str,
        tables: Tables,
        retry: RetryPolicy,
        auto_create_tables: bool = True,
    ) -> None:
        self.backend = backend
        self.table_prefix = tables.prefix
        self._sql = Conversations(tables)
        self._run = async_runner(backend, driver, conversation_migrator(tables), retry, auto_setup=auto_create_tables)

    async def setup(self) -> None:
        await self._run.setup()

    async def health(self) -> StoreHealth:
        return await self._run.health()

    async def init(self) -> None:
        """PraisonAI's name for `setup`."""
        await self.setup()

    async def create_session(self, session: ConversationSession) -> ConversationSession:
        return await self._run(self._sql.create_session(session))

    async def get_session(self, session_id: str) -> ConversationSession | None:
        return await self._run(self._sql.get_session(session_id))

    async def update_session(self, session: ConversationSession) -> ConversationSession:
        return await self._run(self._sql.update_session(session))

    async def upsert_session(self, session: ConversationSession) -> ConversationSession:
        return await self._run(self._sql.upsert_session(session))

    async def change_session(
        self, session_id: str, change: Callable[[ConversationSession], object]
    ) -> ConversationSession:
        return await self._run(self._sql.change_session(session_id, change))

    async def delete_session(self, session_id: str) -> bool:
        return await self._run(self._sql.delete_session(session_id))

    async def list_sessions(
        self,
        user_id: str | None = None,
        agent_id: str | None = None,
        limit: int | None = 100,
        offset: int = 0,
    ) -> list[ConversationSession]:
        return await self._run(self._sql.list_sessions(user_id, agent_id, limit, offset))

    async def add_message(self, session_id: str, message: ConversationMessage) -> ConversationMessage:
        return await self._run(self._sql.add_message(session_id, message))

    async def add_messages(self, session_id: str, messages: Sequence[ConversationMessage]) -> list[ConversationMessage]:
        return await self._run(self._sql.add_messages(session_id, messages))

    async def get_messages(
        self,
        session_id: str,
        limit: int | None = None,
        before: float | None = None,
        after: float | None = None,
    ) -> list[ConversationMessage]:
        return await self._run(self._sql.get_messages(session_id, limit, before, after))

    async def iter_messages(self, session_id: str, *, batch_size: int = PAGE) -> AsyncIterator[ConversationMessage]:
        position = 0
        while True:
            page, position = await self._run(self._sql.page_messages(session_id, position, batch_size))
            for message in page:
                yield message
            if len(page) < batch_size:
                return

    async def delete_messages(self, session_id: str, message_ids: Sequence[str] | None = None) -> int:
        return await self._run(self._sql.delete_messages(session_id, message_ids))

    async def close(self) -> None:
        await self._run.close()
