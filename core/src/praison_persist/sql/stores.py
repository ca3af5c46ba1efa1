"""The store classes over the SQL operations: run, retry, and nothing else. No SQL here.

A backend's class builds a driver and names its dialect; see `praison_persist.sql`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from ..conversation import ConversationMessage, ConversationSession, ConversationStore
from ..health import StoreHealth, library_of
from ..operated import OperatedStateStore
from ..retry import RetryPolicy
from .attempts import Attempts
from .conversations import Conversations
from .driver import Driver
from .migrations import Migrator
from .operation import Operation
from .schema import conversation_migrator, state_migrator
from .states import States
from .tables import Tables

__all__ = ["Runner", "SQLConversationStore", "SQLStateStore"]

T = TypeVar("T")

PAGE = 500


class Runner(Attempts):
    """Sets the schema up before the first operation."""

    def __init__(
        self, backend: str, driver: Driver, migrator: Migrator, retry: RetryPolicy, *, auto_setup: bool
    ) -> None:
        super().__init__(backend, driver, retry)
        self.migrator = migrator
        self._auto_setup = auto_setup
        self._ready = False

    def __call__(self, work: Operation[T]) -> T:
        """The operation's value.

        Raises:
            PersistError: with ``backend`` and ``operation`` set.
        """
        if not self._ready:
            with self._guard:
                if not self._ready:
                    self._migrate(apply=self._auto_setup)
        return self.attempt(work)

    def setup(self) -> None:
        """Apply pending migrations."""
        with self._guard:
            self._migrate(apply=True)

    def health(self) -> StoreHealth:
        """Ask the server, without touching the schema."""
        server, schema = self.attempt(self.migrator.inspect())
        connection = self.driver.acquire()
        try:
            library, pooler = library_of(connection), self.driver.pooler(connection)
        finally:
            self.driver.release(connection, broken=False)
        about = self.driver.about()
        return StoreHealth(
            self.backend,
            server=server,
            driver=library,
            pool=about.get("pool"),
            pooler=pooler or about.get("pooler"),
            schema=schema,
        )

    def _migrate(self, *, apply: bool) -> None:
        if not apply:
            self.attempt(self.migrator.check())
        elif self.attempt(self.migrator.pending()):
            self.attempt(self.migrator.setup())
        self._ready = True


class SQLConversationStore(ConversationStore):
    """The conversation contract on a blocking driver."""

    SCHEMA_VERSION = "1.0.0"
    """PraisonAI's name for the layout of its tables, which this store keeps readable."""

    def __init__(
        self, driver: Driver, *, backend: str, tables: Tables, retry: RetryPolicy, auto_create_tables: bool = True
    ) -> None:
        self.backend = backend
        self.table_prefix = tables.prefix
        self._sql = Conversations(tables)
        self._run = Runner(backend, driver, conversation_migrator(tables), retry, auto_setup=auto_create_tables)

    def setup(self) -> None:
        self._run.setup()

    def health(self) -> StoreHealth:
        return self._run.health()

    def create_session(self, session: ConversationSession) -> ConversationSession:
        return self._run(self._sql.create_session(session))

    def get_session(self, session_id: str) -> ConversationSession | None:
        return self._run(self._sql.get_session(session_id))

    def update_session(self, session: ConversationSession) -> ConversationSession:
        return self._run(self._sql.update_session(session))

    def upsert_session(self, session: ConversationSession) -> ConversationSession:
        return self._run(self._sql.upsert_session(session))

    def change_session(self, session_id: str, change: Callable[[ConversationSession], object]) -> ConversationSession:
        return self._run(self._sql.change_session(session_id, change))

    def delete_session(self, session_id: str) -> bool:
        return self._run(self._sql.delete_session(session_id))

    def list_sessions(
        self,
        user_id: str | None = None,
        agent_id: str | None = None,
        limit: int | None = 100,
        offset: int = 0,
    ) -> list[ConversationSession]:
        return self._run(self._sql.list_sessions(user_id, agent_id, limit, offset))

    def add_message(self, session_id: str, message: ConversationMessage) -> ConversationMessage:
        return self._run(self._sql.add_message(session_id, message))

    def add_messages(self, session_id: str, messages: Sequence[ConversationMessage]) -> list[ConversationMessage]:
        return self._run(self._sql.add_messages(session_id, messages))

    def get_messages(
        self,
        session_id: str,
        limit: int | None = None,
        before: float | None = None,
        after: float | None = None,
    ) -> list[ConversationMessage]:
        return self._run(self._sql.get_messages(session_id, limit, before, after))

    def iter_messages(self, session_id: str, *, batch_size: int = PAGE) -> Iterator[ConversationMessage]:
        position = 0
        while True:
            page, position = self._run(self._sql.page_messages(session_id, position, batch_size))
            yield from page
            if len(page) < batch_size:
                return

    def delete_messages(self, session_id: str, message_ids: Sequence[str] | None = None) -> int:
        return self._run(self._sql.delete_messages(session_id, message_ids))

    def close(self) -> None:
        self._run.close()


class SQLStateStore(OperatedStateStore):
    """The state contract on a blocking driver."""

    def __init__(
        self, driver: Driver, *, backend: str, tables: Tables, retry: RetryPolicy, auto_create_tables: bool = True
    ) -> None:
        self.backend = backend
        self.table_prefix = tables.prefix
        self._states = States(tables)
        self._run = Runner(backend, driver, state_migrator(tables), retry, auto_setup=auto_create_tables)

    def health(self) -> StoreHealth:
        return self._run.health()

    def scan_prefix(self, prefix: str) -> Iterator[str]:
        more: str | None = ""
        while more is not None:
            page, more = self._run(self._states.page_keys(prefix, more, PAGE))
            yield from page

    def purge_expired(self) -> int:
        """Delete what has expired, in every namespace; how many keys. Reads never see expired keys anyway."""
        return self._run(self._states.purge_expired())
