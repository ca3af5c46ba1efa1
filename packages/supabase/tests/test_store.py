"""What is Supabase's own: options, the schema that the owner creates, and who may use it."""

from __future__ import annotations

import asyncio
import multiprocessing
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from praison_persist import CONVERSATION_STORES
from praison_persist.aio import async_view
from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.errors import ConfigurationError, InvalidInputError, MigrationError
from praison_persist_supabase import SupabaseConversationStore

PUBLIC_ROLES = ["anon", "authenticated"]


def message(id_: str, **fields: Any) -> ConversationMessage:
    return ConversationMessage(id=id_, role="user", content=id_, **fields)


# -- options -----------------------------------------------------------------------------------------------------


def test_url_and_key_come_from_the_environment_where_they_are_not_given(
    project: Any, fresh_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.run_sql(SupabaseConversationStore.schema_sql(table_prefix=fresh_prefix))
    monkeypatch.setenv("SUPABASE_URL", project.url)
    monkeypatch.setenv("SUPABASE_KEY", project.key("service_role"))
    with CONVERSATION_STORES.create("supabase", table_prefix=fresh_prefix) as store:
        store.create_session(ConversationSession("s"))
        assert store.get_session("s") is not None


@pytest.mark.parametrize(
    ("url", "key", "named"),
    [
        (None, "k", "SUPABASE_URL"),
        ("https://x.supabase.co", None, "SUPABASE_KEY"),
        ("https://x.supabase.co", "two\nlines", "SUPABASE_KEY"),
        ("https://x.supabase.co", 5, "SUPABASE_KEY"),
        ("postgresql://x.supabase.co/d", "k", "https://<project>.supabase.co"),
        ("https://user:s3cret@x.supabase.co", "k", "https://<project>.supabase.co"),
        ("x.supabase.co", "k", "https://<project>.supabase.co"),
        ("https://x.supabase.co:port", "k", "https://<project>.supabase.co"),
        (5, "k", "https://<project>.supabase.co"),
    ],
    ids=str,
)
def test_a_wrong_address_or_key_is_refused_by_the_constructor(
    url: Any, key: Any, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SUPABASE_URL", "SUPABASE_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigurationError) as failure:
        SupabaseConversationStore(url, key)
    assert named in str(failure.value)
    assert "s3cret" not in str(failure.value)


@pytest.mark.parametrize(
    "options",
    [{"timeout": 0}, {"connect_timeout": -1}, {"max_retries": -1}, {"schema": "a b"}, {"table_prefix": "a-b"}],
    ids=str,
)
def test_an_option_out_of_range_is_refused_by_the_constructor(options: dict[str, Any]) -> None:
    with pytest.raises((ConfigurationError, InvalidInputError), match=next(iter(options))):
        SupabaseConversationStore("https://x.supabase.co", "k", **options)


def test_tables_that_the_api_cannot_create_are_not_promised() -> None:
    with pytest.raises(ConfigurationError, match="Data API changes no schema") as failure:
        SupabaseConversationStore("https://x.supabase.co", "k", auto_create_tables=True)
    assert "schema_sql(" in str(failure.value)


# -- the schema --------------------------------------------------------------------------------------------------


def test_a_project_without_the_schema_is_told_what_to_run_and_that_works(project: Any, fresh_prefix: str) -> None:
    with SupabaseConversationStore(project.url, project.key("service_role"), table_prefix=fresh_prefix) as store:
        with pytest.raises(MigrationError) as failure:
            store.setup()
        assert failure.value.operation == "setup"
        command = next(line for line in str(failure.value).splitlines() if "python -c" in line)
        code = command.split('"')[1]
        script = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        project.run_sql(script)
        store.setup()
        store.create_session(ConversationSession("s"))


def test_the_script_may_run_again(project: Any, fresh_prefix: str) -> None:
    with project.store(fresh_prefix) as store:
        store.create_session(ConversationSession("s"))
        store.add_message("s", message("a"))
        project.run_sql(SupabaseConversationStore.schema_sql(table_prefix=fresh_prefix))
        store.add_message("s", message("b"))
        assert [found.id for found in store.get_messages("s")] == ["a", "b"]


def test_it_tells_the_api_to_look_at_its_schema_again() -> None:
    assert SupabaseConversationStore.schema_sql().rstrip().endswith("NOTIFY pgrst, 'reload schema';")


@pytest.mark.parametrize("options", [{"table_prefix": 'x"; --'}, {"schema": "a b"}, {"role": "x; DROP"}], ids=str)
def test_a_name_that_is_no_identifier_is_no_part_of_the_script(options: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError):
        SupabaseConversationStore.schema_sql(**options)


def test_tables_of_praisonai_are_migrated_with_their_messages(project: Any, fresh_prefix: str) -> None:
    sessions, messages = f"{fresh_prefix}sessions", f"{fresh_prefix}messages"
    project.run_sql(f"""
        CREATE TABLE {sessions} (session_id TEXT PRIMARY KEY, user_id TEXT, agent_id TEXT, name TEXT, state JSONB,
            metadata JSONB, created_at DOUBLE PRECISION, updated_at DOUBLE PRECISION);
        CREATE TABLE {messages} (id TEXT PRIMARY KEY, session_id TEXT NOT NULL, role TEXT,
            content TEXT, tool_calls JSONB, tool_call_id TEXT, metadata JSONB,
            created_at DOUBLE PRECISION);
        INSERT INTO {sessions} VALUES ('s', 'ada', NULL, 'Old', '{{"a": 1}}', '{{}}', 1, 2);
        INSERT INTO {messages} VALUES ('second', 's', 'user', 'two', NULL, NULL, '{{}}', 20),
            ('first', 's', 'user', 'one', '[{{"id": "c"}}]', 'c', NULL, 10),
            ('orphan', 'lost', 'user', 'no session', NULL, NULL, NULL, 30);
    """)
    with project.store(fresh_prefix) as store:
        found = store.get_session("s")
        assert (found.user_id, found.name, found.state, found.metadata) == ("ada", "Old", {"a": 1}, {})
        store.add_message("s", message("third", created_at=5.0))
        old = store.get_messages("s")
        assert [one.id for one in old] == ["first", "second", "third"]
        assert store.get_messages("lost")[0].content == "no session", "messages of no session get one"
        assert (old[0].tool_calls, old[0].tool_call_id, old[1].metadata) == ([{"id": "c"}], "c", {})
        assert store.delete_session("s")
        assert store.get_messages("s") == []


def test_the_postgres_store_opens_the_same_tables_and_nothing_is_left_to_migrate(
    project: Any, fresh_prefix: str
) -> None:
    rich = message("a", metadata={"nul": "\0", "big": 10**30, "f": 1e22}, tool_calls=[{"x": None}])
    with (
        project.store(fresh_prefix) as store,
        CONVERSATION_STORES.create(
            "postgres", url=project.database, table_prefix=fresh_prefix, auto_create_tables=False
        ) as direct,
    ):
        store.create_session(ConversationSession("s", state={"k": [1.5, "é"]}))
        store.add_message("s", rich)
        direct.add_message("s", message("b"))
        assert direct.get_messages("s") == store.get_messages("s")
        assert direct.get_session("s") == store.get_session("s")
        assert [found.id for found in store.iter_messages("s", batch_size=1)] == ["a", "b"]


def test_functions_of_another_version_are_not_called(project: Any, fresh_prefix: str) -> None:
    script = SupabaseConversationStore.schema_sql(table_prefix=fresh_prefix)
    project.run_sql(script.replace(f"{fresh_prefix}v1_", f"{fresh_prefix}v0_"))
    with (
        SupabaseConversationStore(project.url, project.key("service_role"), table_prefix=fresh_prefix) as store,
        pytest.raises(MigrationError, match="schema_sql"),
    ):
        store.get_session("s")


# -- rights ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", PUBLIC_ROLES)
def test_public_keys_may_call_nothing(project: Any, fresh_prefix: str, role: str) -> None:
    with project.store(fresh_prefix) as owner, project.store(fresh_prefix, key=project.key(role)) as store:
        owner.create_session(ConversationSession("s"))
        calls: list[Callable[[], Any]] = [
            store.setup, lambda: store.get_session("s"), lambda: store.list_sessions(), lambda: store.get_messages("s"),
            lambda: list(store.iter_messages("s")), lambda: store.create_session(ConversationSession("t")),
            lambda: store.update_session(ConversationSession("s")),
            lambda: store.upsert_session(ConversationSession("s")),
            lambda: store.add_message("s", message("a")), lambda: store.delete_messages("s"),
            lambda: store.delete_session("s"),
        ]  # fmt: skip
        for call in calls:
            with pytest.raises(ConfigurationError, match=r"permission denied.*\n.*service_role"):
                call()
        assert owner.get_session("s") is not None


@pytest.mark.parametrize("role", PUBLIC_ROLES)
def test_public_roles_may_not_even_look_at_a_table(project: Any, fresh_prefix: str, role: str) -> None:
    project.store(fresh_prefix).close()
    with psycopg.connect(project.database, autocommit=True) as connection:
        connection.execute(f"SET ROLE {role}")  # type: ignore[arg-type]
        for table in ("sessions", "messages", "schema_migrations"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT 1 FROM {fresh_prefix}{table}")  # type: ignore[arg-type]
        count = "SELECT COUNT(*) FROM pg_class WHERE relname LIKE %s AND relkind = 'r' AND relrowsecurity"
        assert connection.execute(count, (f"{fresh_prefix}%",)).fetchone() == (3,)


def test_a_role_of_ones_own_needs_no_more_than_the_script_grants(project: Any, fresh_prefix: str) -> None:
    role = f"{fresh_prefix}agent"
    project.run_sql(f"CREATE ROLE {role} NOLOGIN NOINHERIT")
    project.run_sql(SupabaseConversationStore.schema_sql(table_prefix=fresh_prefix, role=role))
    try:
        with SupabaseConversationStore(project.url, project.key(role), table_prefix=fresh_prefix) as store:
            store.create_session(ConversationSession("s"))
            store.add_messages("s", [message("a"), message("b")])
            store.upsert_session(ConversationSession("s", name="x"))
            assert len(store.get_messages("s")) == 2
            assert store.delete_messages("s", ["a"]) == 1
            assert store.delete_session("s")
    finally:
        project.run_sql(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_key_that_is_refused_is_named_and_not_shown(project: Any, fresh_prefix: str) -> None:
    keys = [project.key("service_role", exp=int(time.time()) - 60), project.key("service_role")[:-4] + "AAAA"]
    for key in keys:
        with project.store(fresh_prefix, key=key) as store, pytest.raises(ConfigurationError) as failure:
            store.get_session("s")
        assert "SUPABASE_KEY" in str(failure.value)
        assert key not in f"{failure.value!r} {failure.value} {failure.value.__cause__!r} {store!r}"


def test_a_schema_that_the_api_does_not_show_is_an_error_that_says_so(project: Any) -> None:
    with (
        SupabaseConversationStore(project.url, project.key("service_role"), schema="hidden") as store,
        pytest.raises(ConfigurationError, match="expose the schema"),
    ):
        store.get_session("s")


# -- running -----------------------------------------------------------------------------------------------------


def test_asyncio_goes_on_while_the_api_is_asked(project: Any, fresh_prefix: str) -> None:
    async def main() -> None:
        async with async_view(project.store(fresh_prefix)) as store:
            await store.create_session(ConversationSession("s"))
            beats = 0

            async def heart() -> None:
                nonlocal beats
                while True:
                    beats += 1
                    await asyncio.sleep(0)

            beating = asyncio.create_task(heart())
            await asyncio.gather(*(store.add_message("s", message(str(number))) for number in range(50)))
            beating.cancel()
            assert beats > 50
            assert len(await store.get_messages("s")) == 50

    asyncio.run(main())


def _write(store: SupabaseConversationStore) -> None:
    store.add_message("s", message("child"))


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_opens_connections_of_its_own(project: Any, fresh_prefix: str) -> None:
    with project.store(fresh_prefix) as store:
        store.create_session(ConversationSession("s"))
        store.add_message("s", message("parent"))
        child = multiprocessing.get_context("fork").Process(target=_write, args=(store,))
        child.start()
        child.join(60)
        assert child.exitcode == 0
        store.add_message("s", message("parent again"))
        assert [found.id for found in store.get_messages("s")] == ["parent", "child", "parent again"]
