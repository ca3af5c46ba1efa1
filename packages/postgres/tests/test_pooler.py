"""Behind a pooler in transaction mode, which gives every transaction another server connection, the contract holds."""

from __future__ import annotations

import asyncio
import threading
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from praison_persist.aio import sync_view
from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.errors import ConfigurationError
from praison_persist_postgres import AsyncPostgresConversationStore, PostgresConversationStore
from praison_persist_testkit import ConversationConformance, StateConformance, Target

OPTIONS: dict[str, Any] = {"pooler": "transaction", "pool_size": 8}


def _target(name: str, url: str, prefix: str) -> Target:
    return Target(name, url=url, options={"table_prefix": prefix, **OPTIONS}, secret=urlsplit(url).password)


class TestPostgresBehindAPooler(ConversationConformance):
    @pytest.fixture
    def target(self, pgbouncer_url: str, fresh_prefix: str) -> Target:
        return _target("postgres", pgbouncer_url, fresh_prefix)


class TestAsyncPostgresBehindAPooler(ConversationConformance):
    @pytest.fixture
    def target(self, pgbouncer_url: str, fresh_prefix: str) -> Target:
        return _target("async_postgres", pgbouncer_url, fresh_prefix)


class TestPostgresStateBehindAPooler(StateConformance):
    @pytest.fixture
    def target(self, pgbouncer_url: str, fresh_prefix: str) -> Target:
        return _target("postgres", pgbouncer_url, fresh_prefix)


def message(id_: str) -> ConversationMessage:
    return ConversationMessage(id=id_, role="user", content=id_)


def test_many_threads_share_few_server_connections(pgbouncer_url: str, fresh_prefix: str) -> None:
    with PostgresConversationStore(
        pgbouncer_url, table_prefix=fresh_prefix, pooler="transaction", pool_size=16, max_retries=0
    ) as store:
        store.create_session(ConversationSession("s"))
        errors: list[Exception] = []

        def write(number: int) -> None:
            try:
                for i in range(30):
                    store.add_message("s", message(f"{number}-{i}"))
                    store.add_messages("s", [message(f"{number}-{i}-a"), message(f"{number}-{i}-b")])
                    assert store.get_messages("s", limit=1)
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=write, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert len({found.id for found in store.get_messages("s")}) == 16 * 30 * 3


def test_many_tasks_share_few_server_connections(pgbouncer_url: str, fresh_prefix: str) -> None:
    async def main() -> None:
        async with AsyncPostgresConversationStore(
            pgbouncer_url, table_prefix=fresh_prefix, pooler="transaction", pool_size=16, max_retries=0
        ) as store:
            await store.create_session(ConversationSession("s"))

            async def write(number: int) -> None:
                for i in range(30):
                    await store.add_message("s", message(f"{number}-{i}"))
                    await store.add_messages("s", [message(f"{number}-{i}-a"), message(f"{number}-{i}-b")])
                    assert await store.get_messages("s", limit=1)

            await asyncio.gather(*(write(number) for number in range(16)))
            assert len({found.id for found in await store.get_messages("s")}) == 16 * 30 * 3

    asyncio.run(main())


def test_nothing_is_left_prepared_and_no_lock_is_left_held(pgbouncer_url: str, fresh_prefix: str) -> None:
    with PostgresConversationStore(pgbouncer_url, table_prefix=fresh_prefix, **OPTIONS) as store:
        store.create_session(ConversationSession("s"))
        for number in range(20):
            store.add_message("s", message(str(number)))
    with psycopg.connect(pgbouncer_url, autocommit=True, prepare_threshold=None) as admin:
        for _ in range(20):
            assert admin.execute("SELECT COUNT(*) FROM pg_prepared_statements").fetchone() == (0,)
        assert admin.execute("SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone() == (0,)


@pytest.mark.parametrize("cls", [PostgresConversationStore, AsyncPostgresConversationStore])
def test_a_pooler_that_was_not_declared_is_an_error_that_says_what_to_declare(
    pgbouncer_url: str, fresh_prefix: str, cls: Any
) -> None:
    made = cls(pgbouncer_url, table_prefix=fresh_prefix, pooler="session", pool_size=8, max_retries=0)
    store = sync_view(made) if cls is AsyncPostgresConversationStore else made
    failures: list[Exception] = []
    with store:

        def work() -> None:
            try:
                for _ in range(60):
                    store.get_session("s")
            except Exception as error:
                failures.append(error)

        work()
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures
    assert all(isinstance(failure, ConfigurationError) for failure in failures), failures
    assert 'pooler="transaction"' in str(failures[0])


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("option", ["session", "transaction"])
def test_health_finds_a_pooler_and_finds_none(
    pgbouncer_url: str, postgres_url: str, fresh_prefix: str, mode: str, option: Any
) -> None:
    kind: Any = PostgresConversationStore if mode == "sync" else AsyncPostgresConversationStore
    for url, expected in ((pgbouncer_url, "found; "), (postgres_url, "none found")):
        store = kind(url, table_prefix=fresh_prefix, pooler=option)
        with store if mode == "sync" else sync_view(store) as opened:
            pooler = opened.health().pooler
            assert pooler.startswith(expected)
            if url == pgbouncer_url:
                assert ("so nothing is prepared" in pooler) == (option == "transaction")
