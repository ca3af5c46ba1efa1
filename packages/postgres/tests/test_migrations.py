"""Tables written by PraisonAI open, migrate and read back completely.

The fixtures are made by ``packages/sqlite/tests/praisonai/make.py``. Every test has a schema of its own, so that it
can use the default prefix.
"""

from __future__ import annotations

import json
import logging
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.errors import ConfigurationError, MigrationError, PersistError
from praison_persist_postgres import PostgresConversationStore, PostgresStateStore

FIXTURES = Path(__file__).parent / "praisonai"
LAYOUTS = sorted(path.stem for path in FIXTURES.glob("*.sql"))
OLD_LAYOUT = "4.5.126-async_postgres"

Query = Callable[..., list[Any]]
Open = Callable[..., PostgresConversationStore]


@pytest.fixture
def schema() -> str:
    return f"s_{secrets.token_hex(6)}"


@pytest.fixture
def query(database_url: str, schema: str) -> Iterator[Query]:
    """Statements on a connection whose search path is the test's schema."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}; SET search_path TO {schema}")  # type: ignore[arg-type]

        def run(sql: str, *params: Any) -> list[Any]:
            cursor = connection.execute(sql, params or None)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

        try:
            yield run
        finally:
            run(f"DROP SCHEMA {schema} CASCADE")


@pytest.fixture
def create(query: Query, schema: str) -> Callable[[str], None]:
    """Create a layout's tables as PraisonAI left them."""
    return lambda layout: query((FIXTURES / f"{layout}.sql").read_text().replace("public.", f"{schema}.")) and None


@pytest.fixture
def store(database_url: str, schema: str) -> Iterator[Open]:
    """Open a store in the schema; closed when the test ends."""
    opened: list[PostgresConversationStore] = []

    def open_(**options: Any) -> PostgresConversationStore:
        opened.append(PostgresConversationStore(options.pop("url", database_url), schema=schema, **options))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


def dump(query: Query, schema: str) -> dict[str, Any]:
    """The meaning of the schema: columns in no order, constraints, indexes, sequences."""
    columns = query(
        "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default, is_identity,"
        " identity_generation FROM information_schema.columns WHERE table_schema = %s ORDER BY 1, 2",
        schema,
    )
    constraints = query(
        "SELECT conrelid::regclass::text, contype, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = %s::regnamespace AND contype <> 'n' ORDER BY 1, 2, 3",
        schema,
    )
    indexes = query(
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = %s AND indexname NOT LIKE '%%pkey' ORDER BY 1",
        schema,
    )
    sequences = query("SELECT sequencename FROM pg_sequences WHERE schemaname = %s ORDER BY 1", schema)
    return json.loads(
        json.dumps({"columns": columns, "constraints": constraints, "indexes": indexes, "sequences": sequences})
        .replace(f"{schema}.", "")
        .replace(schema, "")
    )


def rows(query: Query, schema: str) -> dict[str, Any]:
    tables = query("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", schema)
    return {name: query(f"SELECT t.*, t.ctid::text FROM {name} t ORDER BY t.ctid") for (name,) in tables}


def assert_complete(store: PostgresConversationStore, layout: str) -> None:
    """The store gives back what PraisonAI gave back."""
    known = json.loads((FIXTURES / f"{layout}.json").read_text())
    for session in known["sessions"]:
        assert store.get_session(session["session_id"]) == ConversationSession(**session)
    for session_id, messages in known["messages"].items():
        assert store.get_messages(session_id) == [ConversationMessage(**message) for message in messages]
    assert {session.session_id for session in store.list_sessions(limit=None)} == {
        session["session_id"] for session in known["sessions"]
    }


@pytest.mark.parametrize("layout", LAYOUTS)
def test_tables_of_praisonai_read_back_completely_and_take_more(
    create: Callable[[str], None], store: Open, layout: str
) -> None:
    create(layout)
    opened = store()
    assert_complete(opened, layout)
    opened.add_message("chat-1", ConversationMessage(id="new", role="tool", content="x\0", tool_calls=[{}]))
    opened.add_message("Chat-1 ", ConversationMessage(id="z", role="user", content="same id, other session"))
    opened.update_session(ConversationSession("chat-1", state={"step": 4}))
    assert [message.id for message in opened.get_messages("chat-1")] == ["early", "z", "a", "m", "b", "late", "new"]
    assert [message.id for message in opened.get_messages("chat-1", limit=3)] == ["b", "late", "new"]
    again = store()
    assert again.get_messages("chat-1")[-1].content == "x\0"
    assert again.get_session("chat-1").state == {"step": 4}  # type: ignore[union-attr]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_setup_again_changes_nothing(
    create: Callable[[str], None], store: Open, query: Query, schema: str, layout: str
) -> None:
    create(layout)
    store().setup()
    before = dump(query, schema), rows(query, schema)
    store().setup()
    assert (dump(query, schema), rows(query, schema)) == before


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_migrated_schema_is_the_fresh_schema(
    create: Callable[[str], None], store: Open, query: Query, schema: str, layout: str
) -> None:
    store().setup()
    fresh = dump(query, schema)
    query(f"DROP SCHEMA {schema} CASCADE; CREATE SCHEMA {schema}")
    create(layout)
    store().setup()
    assert dump(query, schema) == fresh


def test_tables_of_an_old_prefix_open_under_their_own_prefix_too(
    create: Callable[[str], None], store: Open, query: Query
) -> None:
    create(OLD_LAYOUT)
    assert_complete(store(table_prefix="praisonai_"), OLD_LAYOUT)
    assert query("SELECT to_regclass('praison_sessions')") == [(None,)]


def test_messages_without_a_session_are_kept(create: Callable[[str], None], store: Open, query: Query) -> None:
    create(OLD_LAYOUT)
    query("ALTER TABLE praisonai_messages DROP CONSTRAINT praisonai_messages_session_id_fkey")
    query(
        "INSERT INTO praisonai_messages (id, session_id, role, content, created_at)"
        " VALUES ('lost', NULL, 'user', 'hi', 1), ('2', 'gone', 'user', 'second', 2), ('1', 'gone', 'user', 'first', 1)"
    )
    opened = store()
    assert [message.content for message in opened.get_messages("lost")] == ["hi"]
    assert [message.content for message in opened.get_messages("gone")] == ["first", "second"]
    assert opened.get_session("gone").created_at == 1  # type: ignore[union-attr]


@pytest.mark.parametrize("count", [2, 20])
def test_processes_that_migrate_at_once_agree(
    create: Callable[[str], None], store: Open, query: Query, database_url: str, schema: str, count: int
) -> None:
    create(OLD_LAYOUT)
    code = (
        "import sys; from praison_persist_postgres import PostgresConversationStore as S;"
        "s = S(sys.argv[1], schema=sys.argv[2], pool_size=1);"
        "print('ready', flush=True); sys.stdin.readline(); s.setup(); print(len(s.get_messages('chat-1'))); s.close()"
    )
    command = [sys.executable, "-c", code, database_url, schema]
    racers = [subprocess.Popen(command, stdin=-1, stdout=-1, text=True) for _ in range(count)]
    assert {racer.stdout.readline() for racer in racers} == {"ready\n"}  # type: ignore[union-attr]
    for racer in racers:
        racer.stdin.write("go\n")  # type: ignore[union-attr]
        racer.stdin.flush()  # type: ignore[union-attr]
    assert [racer.communicate(timeout=50)[0] for racer in racers] == ["6\n"] * count
    assert_complete(store(), OLD_LAYOUT)
    assert query("SELECT version FROM praison_schema_migrations ORDER BY version") == [(1,), (2,)]


def test_both_prefixes_are_a_warning_and_neither_is_touched(
    create: Callable[[str], None], store: Open, query: Query, caplog: pytest.LogCaptureFixture
) -> None:
    create(OLD_LAYOUT)
    create("4.7.19-postgres")
    indexes = query("SELECT indexname FROM pg_indexes WHERE tablename = 'praisonai_messages' ORDER BY 1")
    with caplog.at_level(logging.WARNING):
        opened = store()
        assert_complete(opened, "4.7.19-postgres")
        opened.setup()
    (warning,) = [record.getMessage() for record in caplog.records if record.name == "praison_persist.sql"]
    assert "praisonai_sessions" in warning
    assert query("SELECT indexname FROM pg_indexes WHERE tablename = 'praisonai_messages' ORDER BY 1") == indexes
    assert_complete(store(table_prefix="praisonai_"), OLD_LAYOUT)


def test_a_migration_that_fails_leaves_the_old_layout(
    create: Callable[[str], None], store: Open, query: Query, schema: str
) -> None:
    create("4.7.19-postgres")
    query("CREATE TABLE ratings (message VARCHAR(255) REFERENCES praison_messages (id))")  # holds the old key
    before = dump(query, schema), rows(query, schema)
    with pytest.raises(PersistError, match="ratings") as failure:
        store().setup()
    assert (failure.value.backend, failure.value.operation) == ("postgres", "setup")
    assert (dump(query, schema), rows(query, schema)) == before
    query("DROP TABLE ratings")
    assert_complete(store(), "4.7.19-postgres")


def test_a_newer_schema_is_refused(store: Open, query: Query) -> None:
    store().setup()
    query("INSERT INTO praison_schema_migrations VALUES ('conversation', 99, 'later', 'x', 0)")
    with pytest.raises(MigrationError, match=r"version 99.*knows 2") as failure:
        store().list_sessions()
    assert "upgrade praison-persist" in str(failure.value)


def test_an_edited_migration_is_refused(store: Open, query: Query) -> None:
    store().setup()
    query("UPDATE praison_schema_migrations SET checksum = 'other' WHERE version = 2")
    with pytest.raises(MigrationError, match="other steps"):
        store().setup()


@pytest.mark.parametrize("layout", [None, "4.7.19-postgres", OLD_LAYOUT])
def test_without_auto_create_tables_only_setup_changes_the_schema(
    create: Callable[[str], None], store: Open, query: Query, schema: str, layout: str | None
) -> None:
    if layout:
        create(layout)
    before = dump(query, schema), rows(query, schema)
    opened = store(auto_create_tables=False)
    with pytest.raises(MigrationError, match=r"setup\(\)"):
        opened.add_message("chat-1", ConversationMessage(role="user", content="hi"))
    with pytest.raises(MigrationError, match=r"setup\(\)"):
        opened.get_messages("chat-1")
    assert (dump(query, schema), rows(query, schema)) == before
    opened.setup()
    assert len(opened.get_messages("chat-1")) == (6 if layout else 0)


def test_tables_dropped_under_an_open_store_are_a_migration_error(store: Open, query: Query) -> None:
    opened = store()
    opened.setup()
    query("DROP TABLE praison_messages")
    with pytest.raises(MigrationError, match=r"setup\(\)"):
        opened.get_messages("chat-1")


def test_a_missing_schema_is_created(database_url: str, schema: str) -> None:
    with PostgresConversationStore(database_url, schema=schema) as opened:
        assert opened.list_sessions() == []
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA {schema} CASCADE")  # type: ignore[arg-type]


@pytest.fixture
def role(query: Query, database_url: str) -> Iterator[tuple[str, str]]:
    """A role without any right but to connect, and a URL to connect as it."""
    name, password = f"r_{secrets.token_hex(6)}", secrets.token_hex(8)
    query(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
    place = database_url.partition("@")[2]
    try:
        yield name, f"postgresql://{name}:{password}@{place}"
    finally:
        query(f"DROP OWNED BY {name}; DROP ROLE {name}")


def test_a_role_without_create_right_on_the_database_sets_up_its_schema(
    store: Open, query: Query, schema: str, role: tuple[str, str]
) -> None:
    name, url = role
    query(f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {name}")
    opened = store(url=url)
    opened.create_session(ConversationSession("s"))
    opened.add_message("s", ConversationMessage(role="user", content="hi"))
    with PostgresStateStore(url, schema=schema) as state:
        assert state.incr("n") == 1


def test_a_role_that_may_only_read_and_write_rows_uses_tables_set_up_by_another(
    store: Open, query: Query, schema: str, role: tuple[str, str]
) -> None:
    name, url = role
    store().setup()
    query(
        f"GRANT USAGE ON SCHEMA {schema} TO {name};"
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {name}"
    )
    opened = store(url=url)
    opened.create_session(ConversationSession("s"))
    opened.add_message("s", ConversationMessage(role="user", content="hi"))
    assert len(opened.get_messages("s")) == 1
    assert opened.delete_session("s")


def test_a_role_without_rights_is_told_to_get_them(
    store: Open, query: Query, schema: str, role: tuple[str, str]
) -> None:
    name, url = role
    with pytest.raises(ConfigurationError, match="permission denied") as refused:
        store(url=url).list_sessions()
    assert "grant" in str(refused.value)
    store().setup()
    query(f"GRANT USAGE ON SCHEMA {schema} TO {name}")
    with pytest.raises(ConfigurationError, match="permission denied for table praison_schema_migrations"):
        store(url=url).list_sessions()


def test_a_database_that_defaults_to_repeatable_read_sets_up_in_a_race(
    database_url: str, schema: str, query: Query
) -> None:
    url = f"{database_url}?options=-c%20default_transaction_isolation%3Drepeatable%5C%20read"
    code = (
        "import sys; from praison_persist_postgres import PostgresConversationStore as S, PostgresStateStore as T;"
        "s = S(sys.argv[1], schema=sys.argv[2], pool_size=1); t = T(sys.argv[1], schema=sys.argv[2], pool_size=1);"
        "print('ready', flush=True); sys.stdin.readline(); s.setup(); print(sum(t.incr('n') > 0 for _ in range(50)))"
    )
    command = [sys.executable, "-c", code, url, schema]
    racers = [subprocess.Popen(command, stdin=-1, stdout=-1, text=True) for _ in range(4)]
    assert {racer.stdout.readline() for racer in racers} == {"ready\n"}  # type: ignore[union-attr]
    for racer in racers:
        racer.stdin.write("go\n")  # type: ignore[union-attr]
        racer.stdin.flush()  # type: ignore[union-attr]
    assert [racer.communicate(timeout=50)[0] for racer in racers] == ["50\n"] * 4
    assert query("SELECT value FROM praison_state WHERE state_key = 'n'") == [("200",)]
