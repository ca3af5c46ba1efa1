"""Tables as PraisonAI leaves them open, migrate and read back completely, on MariaDB and on MySQL."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.errors import ConfigurationError, MigrationError, PersistError
from praison_persist_mysql import MySQLConversationStore

FIXTURES = Path(__file__).parent / "praisonai"
LAYOUTS = sorted(path.stem for path in FIXTURES.glob("*.sql"))
OLD_LAYOUT = "4.5.126-async_mysql"

Query = Callable[..., list[Any]]
Open = Callable[..., MySQLConversationStore]


@pytest.fixture
def create(query: Query) -> Callable[[str], None]:
    """Create a layout's tables as PraisonAI left them."""
    return lambda layout: query((FIXTURES / f"{layout}.sql").read_text()) and None


@pytest.fixture
def store(database_url: str) -> Iterator[Open]:
    """Open a store in the database; closed when the test ends."""
    opened: list[MySQLConversationStore] = []

    def open_(**options: Any) -> MySQLConversationStore:
        opened.append(MySQLConversationStore(options.pop("url", database_url), **options))
        return opened[-1]

    yield open_
    for one in opened:
        one.close()


def dump(query: Query) -> dict[str, str]:
    """Every table's definition."""
    tables = [name for (name,) in query("SHOW TABLES")]
    return {
        name: re.sub(r" AUTO_INCREMENT=\d+", "", query(f"SHOW CREATE TABLE `{name}`")[0][1]) for name in sorted(tables)
    }


def rows(query: Query) -> dict[str, Any]:
    return {name: sorted(query(f"SELECT * FROM `{name}`"), key=repr) for name in dump(query)}


def assert_complete(store: MySQLConversationStore, layout: str) -> None:
    """The store gives back what was written."""
    session = store.get_session("chat-1")
    assert session is not None
    assert (session.user_id, session.agent_id, session.name) == ("ann", "helper", "Über Uhren")
    assert session.metadata == {"tags": ["a", {"b": 1}]}
    assert (session.created_at, session.updated_at) == (1700000000.25, 1700000100.5)
    messages = store.get_messages("chat-1")
    assert [message.id for message in messages] == ["early", "z", "a", "m", "late"]
    assert messages[4].metadata == {"n": 0.5}
    assert {message.session_id for message in messages} == {"chat-1"}, "also of what was written to CHAT-1"
    assert [message.content for message in store.get_messages("other chat")] == ["hi"]
    if layout != OLD_LAYOUT:
        assert session.state == {"step": 3, "done": False, "ratio": 0.5, "none": None}
        assert messages[2].tool_calls == [{"id": "call_1", "type": "function", "function": {"name": "clock"}}]
        assert messages[3].tool_call_id == "call_1"
    assert len(store.list_sessions(limit=None)) == (2 if layout == OLD_LAYOUT else 3)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_tables_of_praisonai_read_back_completely_and_take_more(
    create: Callable[[str], None], store: Open, layout: str
) -> None:
    create(layout)
    opened = store()
    assert_complete(opened, layout)
    opened.add_message("chat-1", ConversationMessage(id="new", role="tool", content="x\0" + "☃" * 70_000))
    opened.create_session(ConversationSession("Chat-1 "))
    opened.add_message("Chat-1 ", ConversationMessage(id="z", role="user", content="same id, other session"))
    assert [message.id for message in opened.get_messages("chat-1", limit=2)] == ["late", "new"]
    assert [message.id for message in opened.get_messages("Chat-1 ")] == ["z"]
    assert opened.get_session("CHAT-1") is None
    assert opened.get_session("chat-1 ") is None
    assert store().get_messages("chat-1")[-1].content == "x\0" + "☃" * 70_000


@pytest.mark.parametrize("layout", LAYOUTS)
def test_setup_again_changes_nothing(create: Callable[[str], None], store: Open, query: Query, layout: str) -> None:
    create(layout)
    store().setup()
    before = dump(query), rows(query)
    store().setup()
    assert (dump(query), rows(query)) == before


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_migrated_schema_is_the_fresh_schema(
    create: Callable[[str], None], store: Open, query: Query, layout: str
) -> None:
    store().setup()
    fresh = dump(query)
    query("DROP TABLE praison_messages, praison_sessions, praison_schema_migrations")
    create(layout)
    store().setup()
    assert dump(query) == fresh


def test_tables_of_an_old_prefix_open_under_their_own_prefix_too(
    create: Callable[[str], None], store: Open, query: Query
) -> None:
    create(OLD_LAYOUT)
    assert_complete(store(table_prefix="praisonai_"), OLD_LAYOUT)
    assert "praison_sessions" not in dump(query)


def test_messages_without_a_session_are_kept(create: Callable[[str], None], store: Open, query: Query) -> None:
    create(OLD_LAYOUT)
    query("SET foreign_key_checks = 0")
    query(
        "INSERT INTO praisonai_messages (id, session_id, role, content, created_at)"
        " VALUES ('lost', NULL, 'user', 'hi', 1), ('2', 'gone', 'user', 'second', 2), ('1', 'gone', 'user', 'first', 1)"
    )
    opened = store()
    assert [message.content for message in opened.get_messages("lost")] == ["hi"]
    assert [message.content for message in opened.get_messages("gone")] == ["first", "second"]
    assert opened.get_session("gone").created_at == 1  # type: ignore[union-attr]


@pytest.mark.parametrize("count", [2, 12])
def test_processes_that_migrate_at_once_agree(
    create: Callable[[str], None], store: Open, query: Query, database_url: str, count: int
) -> None:
    create(OLD_LAYOUT)
    code = (
        "import sys; from praison_persist_mysql import MySQLConversationStore as S; s = S(sys.argv[1], pool_size=1);"
        "print('ready', flush=True); sys.stdin.readline(); s.setup(); print(len(s.get_messages('chat-1'))); s.close()"
    )
    racers = [
        subprocess.Popen([sys.executable, "-c", code, database_url], stdin=-1, stdout=-1, text=True)
        for _ in range(count)
    ]
    assert {racer.stdout.readline() for racer in racers} == {"ready\n"}  # type: ignore[union-attr]
    for racer in racers:
        racer.stdin.write("go\n")  # type: ignore[union-attr]
        racer.stdin.flush()  # type: ignore[union-attr]
    assert [racer.communicate(timeout=80)[0] for racer in racers] == ["5\n"] * count
    assert_complete(store(), OLD_LAYOUT)
    assert query("SELECT version FROM praison_schema_migrations ORDER BY version") == [(1,), (2,)]


def test_the_lock_is_given_back_by_a_setup_that_failed(
    create: Callable[[str], None], store: Open, query: Query
) -> None:
    create("4.7.19-mysql")
    query("CREATE TABLE praison_sessions_former (n INT)")  # in the way of the swap
    with pytest.raises(PersistError, match="former"):
        store().setup()
    with pytest.raises(PersistError, match="former"):
        store().setup()  # from another connection, which would wait for a minute
    query("DROP TABLE praison_sessions_former")
    assert_complete(store(), "4.7.19-mysql")


def test_a_migration_that_fails_leaves_the_old_tables(create: Callable[[str], None], store: Open, query: Query) -> None:
    create("4.7.19-mysql")
    before = dump(query), rows(query)
    query("CREATE TABLE praison_sessions_former (n INT)")
    with pytest.raises(PersistError, match="former") as failure:
        store().setup()
    assert (failure.value.backend, failure.value.operation) == ("mysql", "setup")
    query("DROP TABLE praison_sessions_former")
    after = dump(query), rows(query)
    for old, new in zip(before, after, strict=True):
        assert {name: new[name] for name in old} == old
    assert_complete(store(), "4.7.19-mysql")
    assert sorted(dump(query)) == ["praison_messages", "praison_schema_migrations", "praison_sessions"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_setup_that_died_anywhere_is_finished_by_the_next(
    create: Callable[[str], None], store: Open, query: Query, layout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from praison_persist_mysql.driver import PyMySQLDriver

    real = PyMySQLDriver.execute
    create(layout)
    fresh = 0
    for allowed in range(100):
        left = allowed

        def execute(self: Any, connection: Any, sql: str, params: Any) -> Any:
            nonlocal left
            changes = sql.startswith(("CREATE", "ALTER", "DROP", "RENAME", "INSERT", "UPDATE"))
            if changes and not left:
                raise KeyboardInterrupt  # the process dies; so does its connection
            left -= changes
            return real(self, connection, sql, params)

        monkeypatch.setattr(PyMySQLDriver, "execute", execute)
        try:
            store(pool_size=1).setup()
        except KeyboardInterrupt:
            fresh += 1
            continue
        finally:
            monkeypatch.setattr(PyMySQLDriver, "execute", real)
        break
    assert fresh > 5
    assert_complete(store(), layout)
    assert sorted(dump(query)) == ["praison_messages", "praison_schema_migrations", "praison_sessions"]


def test_what_was_written_until_the_tables_changed_places_is_kept(
    create: Callable[[str], None], store: Open, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    from praison_persist_mysql.driver import PyMySQLDriver

    real = PyMySQLDriver.execute

    def execute(self: Any, connection: Any, sql: str, params: Any) -> Any:
        if sql.startswith("RENAME"):
            query(
                "INSERT INTO praison_messages (id, session_id, role, created_at)"
                " VALUES ('just now', 'chat-1', 'u', 2e9)"
            )
        return real(self, connection, sql, params)

    create("4.7.19-mysql")
    monkeypatch.setattr(PyMySQLDriver, "execute", execute)
    assert [message.id for message in store().get_messages("chat-1")][-2:] == ["late", "just now"]


def test_both_prefixes_are_a_warning_and_neither_is_touched(
    create: Callable[[str], None], store: Open, query: Query, caplog: pytest.LogCaptureFixture
) -> None:
    create(OLD_LAYOUT)
    create("4.7.19-mysql")
    before = dump(query)["praisonai_messages"]
    with caplog.at_level(logging.WARNING):
        assert_complete(store(), "4.7.19-mysql")
    (warning,) = [record.getMessage() for record in caplog.records if record.name == "praison_persist.sql"]
    assert "praisonai_sessions" in warning
    assert dump(query)["praisonai_messages"] == before
    assert_complete(store(table_prefix="praisonai_"), OLD_LAYOUT)


def test_a_newer_schema_is_refused(store: Open, query: Query) -> None:
    store().setup()
    query("INSERT INTO praison_schema_migrations VALUES ('conversation', 99, 'later', 'x', 0)")
    with pytest.raises(MigrationError, match=r"version 99.*knows 2"):
        store().list_sessions()


@pytest.mark.parametrize("layout", [None, "4.7.19-mysql", OLD_LAYOUT])
def test_without_auto_create_tables_only_setup_changes_the_schema(
    create: Callable[[str], None], store: Open, query: Query, layout: str | None
) -> None:
    if layout:
        create(layout)
    before = dump(query), rows(query)
    opened = store(auto_create_tables=False)
    with pytest.raises(MigrationError, match=r"setup\(\)"):
        opened.add_message("chat-1", ConversationMessage(role="user", content="hi"))
    assert (dump(query), rows(query)) == before
    opened.setup()
    assert len(opened.get_messages("chat-1")) == (5 if layout else 0)


def test_tables_dropped_under_an_open_store_are_a_migration_error(store: Open, query: Query) -> None:
    opened = store()
    opened.setup()
    query("DROP TABLE praison_messages")
    with pytest.raises(MigrationError, match=r"setup\(\)"):
        opened.get_messages("chat-1")


def test_a_session_alone_that_praisonai_began_with_is_enough(store: Open, query: Query) -> None:
    query("CREATE TABLE praison_sessions (session_id VARCHAR(255) PRIMARY KEY, user_id VARCHAR(255),"
          " agent_id VARCHAR(255), created_at DOUBLE, updated_at DOUBLE)")  # fmt: skip
    query("INSERT INTO praison_sessions VALUES ('s', 'u', NULL, 1, 2)")
    opened = store()
    opened.add_message("s", ConversationMessage(role="user", content="hi"))
    assert opened.get_session("s").user_id == "u"  # type: ignore[union-attr]


def test_without_foreign_keys_a_deleted_session_leaves_no_message(store: Open, query: Query) -> None:
    opened = store(foreign_keys=False)
    opened.create_session(ConversationSession("s"))
    opened.add_message("s", ConversationMessage(role="user", content="hi"))
    assert "FOREIGN KEY" not in "".join(dump(query).values())
    assert opened.delete_session("s")
    assert query("SELECT COUNT(*) FROM praison_messages") == [(0,)]
    assert store().list_sessions() == [], "with the option left out, the same tables"


def test_a_user_who_may_only_read_and_write_rows_uses_tables_set_up_by_another(
    store: Open, query: Query, database_url: str
) -> None:
    name = database_url.rpartition("/")[2]
    user, password = f"u{name[-12:]}", "p@ss/w%rd☃"
    query(f"CREATE USER {user} IDENTIFIED BY '{password}'")
    try:
        place = database_url.partition("@")[2]
        url = f"mysql://{user}:p%40ss%2Fw%25rd%E2%98%83@{place}"
        with pytest.raises(ConfigurationError) as refused:
            store(url=url, max_retries=0).list_sessions()
        assert password not in str(refused.value)
        query(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name}.* TO {user}")
        with pytest.raises(ConfigurationError, match="denied") as refused:
            store(url=url, max_retries=0).list_sessions()
        assert "grant" in str(refused.value)
        store().setup()
        opened = store(url=url)
        opened.create_session(ConversationSession("s"))
        opened.add_message("s", ConversationMessage(role="user", content="hi"))
        assert len(opened.get_messages("s")) == 1
    finally:
        query(f"DROP USER {user}")
