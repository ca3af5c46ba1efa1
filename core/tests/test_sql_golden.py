"""The SQL of every operation in every dialect, without a database: golden files that a change must change on purpose.

``python core/tests/test_sql_golden.py --update`` writes them anew.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.errors import MigrationError, PersistError
from praison_persist.sql import COCKROACHDB, MYSQL, POSTGRES, SINGLESTORE, SQLITE, Dialect, Result, Tables
from praison_persist.sql.conversations import Conversations
from praison_persist.sql.migrations import Migrator
from praison_persist.sql.operation import Operation, Run, Statement
from praison_persist.sql.schema import conversation_migrator, state_migrator
from praison_persist.sql.states import States
from praison_persist.state import MISSING

GOLDEN = Path(__file__).parent / "golden"
DIALECTS = {
    "sqlite": SQLITE,
    "postgres": POSTGRES,
    "asyncpg-numeric": replace(POSTGRES, placeholder="numeric"),
    "cockroachdb": COCKROACHDB,
    "mysql": MYSQL,
    "singlestore": SINGLESTORE,
}
WITHOUT_STATE = ("mysql", "singlestore")

SESSION = ConversationSession("s", "u", "a", "n", {"k": 1}, {}, 1.0, 2.0)
FIRST = ConversationMessage("m1", "s", "user", "hello", [{"id": "c"}], "c", {"k": 1}, 3.0)
SECOND = ConversationMessage("m2", "s", "tool", "text", None, None, None, 4.0)

NONE = Result([], 0)
ONE = Result([(1,)], 1)
SESSION_ROW = Result([("s", "u", "a", "n", '{"k":1}', "{}", 1.0, 2.0)], 1)
FIRST_ROW = Result([("m1", "s", "user", "hello", '[{"id":"c"}]', "c", '{"k":1}', 3.0)], 1)
VALUE = Result([(0, "5")], 1)
HASH = Result([(1, None)], 1)

# What is called, and what the engine answers; an answer for BEGIN and COMMIT is not given.
Case = tuple[Callable[[Any], Operation[Any]], list[Result]]
CONVERSATIONS: dict[str, Case] = {
    "create_session": (lambda sql: sql.create_session(SESSION), [ONE]),
    "get_session": (lambda sql: sql.get_session("s"), [SESSION_ROW]),
    "update_session": (lambda sql: sql.update_session(SESSION), [ONE]),
    "change_session": (lambda sql: sql.change_session("s", lambda session: None), [SESSION_ROW, ONE]),
    "upsert_session": (lambda sql: sql.upsert_session(SESSION), [ONE]),
    "delete_session": (lambda sql: sql.delete_session("s"), [ONE, ONE]),
    "list_sessions, all": (lambda sql: sql.list_sessions(None, None, None, 0), [SESSION_ROW]),
    "list_sessions, of a user and an agent": (lambda sql: sql.list_sessions("u", "a", 10, 20), [SESSION_ROW]),
    "add_message": (lambda sql: sql.add_message("s", FIRST), [ONE]),
    "add_message, stored already": (lambda sql: sql.add_message("s", FIRST), [NONE, SESSION_ROW, FIRST_ROW]),
    "add_messages": (lambda sql: sql.add_messages("s", [FIRST, SECOND]), [ONE, Result([], 2)]),
    "add_messages, one stored already": (lambda sql: sql.add_messages("s", [FIRST]), [ONE, NONE, FIRST_ROW]),
    "get_messages, all": (lambda sql: sql.get_messages("s", None, None, None), [FIRST_ROW]),
    "get_messages, the newest between two times": (lambda sql: sql.get_messages("s", 20, 9.0, 0.0), [FIRST_ROW]),
    "page_messages": (lambda sql: sql.page_messages("s", 7, 500), [Result([(*FIRST_ROW.rows[0], 8)], 1)]),
    "delete_messages, all": (lambda sql: sql.delete_messages("s", None), [ONE]),
    "delete_messages, two": (lambda sql: sql.delete_messages("s", ["m1", "m2"]), [ONE]),
}
STATES: dict[str, Case] = {
    "get": (lambda sql: sql.get("k"), [VALUE]),
    "get_many": (lambda sql: sql.get_many(["k", "l"]), [Result([("k", 0, "5")], 1)]),
    "set": (lambda sql: sql.set("k", 5, 60), [ONE]),
    "set, over an expired hash": (lambda sql: sql.set("k", 5, None), [NONE, ONE, ONE]),
    "set_many": (lambda sql: sql.set_many({"l": 1, "k": 2}, None), [NONE, ONE, NONE, ONE]),
    "incr": (lambda sql: sql.incr("k", 2), [VALUE, ONE]),
    "incr, new": (lambda sql: sql.incr("k", 2), [NONE, NONE, ONE, ONE]),
    "compare_and_set": (lambda sql: sql.compare_and_set("k", 5, 6, 60), [VALUE, ONE]),
    "compare_and_set, new": (lambda sql: sql.compare_and_set("k", MISSING, 6, None), [NONE, NONE, ONE, ONE]),
    "compare_and_set, lost": (lambda sql: sql.compare_and_set("k", 4, 6, None), [NONE, NONE, ONE, ONE]),
    "delete": (lambda sql: sql.delete("k"), [ONE]),
    "exists": (lambda sql: sql.exists("k"), [VALUE]),
    "ttl": (lambda sql: sql.ttl("k"), [Result([(1.5,)], 1)]),
    "expire": (lambda sql: sql.expire("k", 60), [ONE]),
    "keys": (lambda sql: sql.keys("a*b"), [Result([("ab",), ("acc",)], 2)]),
    "page_keys": (lambda sql: sql.page_keys("a", "", 500), [Result([("ab",)], 1)]),
    "purge_expired": (lambda sql: sql.purge_expired(), [ONE]),
    "hget": (lambda sql: sql.hget("h", "f"), [Result([(1, "5")], 1)]),
    "hgetall": (lambda sql: sql.hgetall("h"), [Result([(1, "f", "5")], 1)]),
    "hset": (lambda sql: sql.hset("h", "f", 5), [HASH, ONE]),
    "hset, new": (lambda sql: sql.hset("h", "f", 5), [NONE, NONE, ONE, ONE]),
    "hdel": (lambda sql: sql.hdel("h", ["f", "g"]), [HASH, ONE, Result([(1,)], 1)]),
    "hdel, the last field": (lambda sql: sql.hdel("h", ["f"]), [HASH, ONE, Result([(0,)], 1), ONE]),
}
MIGRATIONS = ("setup", "setup, from PraisonAI's older layout", "pending", "check", "inspect")


def statements(dialect: Dialect, work: Operation[Any], answer: Callable[[Statement], Result]) -> Iterator[str]:
    """What the operation executes when the engine answers like that; it must come to its end."""
    script = Run(dialect, work).script()
    try:
        statement = next(script)
        while True:
            yield statement.sql
            closing = statement.sql.startswith(("BEGIN", "COMMIT", "ROLLBACK"))
            statement = script.send(NONE if closing else answer(statement))
    except StopIteration:
        return


def scripted(answers: list[Result]) -> Callable[[Statement], Result]:
    left = iter(answers)
    return lambda _: next(left)


class Catalog:
    """An engine that knows its tables' columns, follows CREATE and RENAME, and has applied no migration."""

    def __init__(self, tables: dict[str, list[str]]) -> None:
        self.tables = dict(tables)

    def __call__(self, statement: Statement) -> Result:
        words = statement.sql.replace('"public".', "").replace("`", '"').split('"')
        if _LOOK_UP.search(statement.sql):
            return Result([(column,) for column in self.tables.get(statement.params[-1], [])], 0)
        if "GET_LOCK" in statement.sql:
            return ONE
        if "RENAME T" in statement.sql:
            self.tables.update({new: self.tables.pop(old) for old, new in zip(words[1::4], words[3::4], strict=True)})
        if statement.sql.startswith("DROP TABLE"):
            self.tables.pop(words[1], None)
        if statement.sql.startswith("CREATE TABLE"):
            self.tables[words[1]] = re.findall(r"[(,] ?(\w+) [A-Z]", statement.sql)
        return NONE


_LOOK_UP = re.compile("pg_attribute|pragma_table_info|information_schema")
OLD = {
    "praisonai_sessions": ["session_id", "user_id", "agent_id", "name", "metadata", "created_at", "updated_at"],
    "praisonai_messages": ["id", "session_id", "role", "content", "metadata", "created_at"],
}


def without_look_ups(found: Iterator[str]) -> Iterator[str]:
    """What a migration changes; how it looks up columns is in ``pending``."""
    return (sql for sql in found if not _LOOK_UP.search(sql))


def golden(dialect: Dialect) -> str:
    """The golden file of a dialect."""
    tables = Tables(dialect, "praison_", "public" if dialect.has_schemas else None)
    parts: list[str] = []

    def add(title: str, found: Iterator[str]) -> None:
        lines = [" ".join(sql.split()) + ";" for sql in found]
        parts.append("\n".join([f"-- {title}", *lines]))

    for kind, sql, cases in (
        ("conversation", Conversations(tables), CONVERSATIONS),
        ("state", States(tables), {} if dialect.name in WITHOUT_STATE else STATES),
    ):
        for name, (call, answers) in cases.items():
            add(f"{kind}: {name}", statements(dialect, call(sql), scripted(answers)))
    migrators = [conversation_migrator(tables), state_migrator(tables)]
    for migrator in migrators[:1] if dialect.name in WITHOUT_STATE else migrators:
        kind = migrator.component
        add(f"{kind}: setup", without_look_ups(statements(dialect, migrator.setup(), Catalog({}))))
        applied = [(migration.version, migration.checksum) for migration in migrator.migrations]
        for name, work in (("pending", migrator.pending()), ("check", migrator.check())):
            add(f"{kind}: {name}", statements(dialect, work, scripted([ONE, Result(applied, 0)])))
        add(f"{kind}: inspect", statements(dialect, migrator.inspect(), scripted([ONE, ONE, Result(applied, 0)])))
    if "REFUSE" in dialect.number_messages:
        return "\n\n".join(parts) + "\n"
    migrator = conversation_migrator(tables)
    migration = without_look_ups(statements(dialect, migrator.setup(), Catalog(OLD)))
    add("conversation: setup, from PraisonAI's older layout", migration)
    return "\n\n".join(parts) + "\n"


@pytest.mark.parametrize("name", DIALECTS)
def test_the_sql_is_the_golden_sql(name: str) -> None:
    assert golden(DIALECTS[name]) == (GOLDEN / f"{name}.sql").read_text(), (
        f"if this is meant: python {__file__} --update"
    )


@pytest.mark.parametrize(
    ("cls", "cases"), [(Conversations, CONVERSATIONS), (States, STATES), (Migrator, dict.fromkeys(MIGRATIONS))]
)
def test_every_operation_has_golden_sql(cls: type, cases: dict[str, Any]) -> None:
    operations = {name for name, value in vars(cls).items() if hasattr(value, "__wrapped__") and name[0] != "_"}
    assert {name.partition(",")[0] for name in cases} == operations


@pytest.mark.parametrize("name", DIALECTS)
def test_placeholders_and_parameters_agree(name: str) -> None:
    dialect = DIALECTS[name]
    tables = Tables(dialect, schema="public" if dialect.has_schemas else None)
    mark = {"qmark": "?", "format": "%s", "numeric": "$"}[dialect.placeholder]
    for sql, cases in ((Conversations(tables), CONVERSATIONS), (States(tables), STATES)):
        for call, answers in cases.values():
            left = iter(answers)

            def answer(statement: Statement, left: Iterator[Result] = left) -> Result:
                assert statement.sql.count(mark) == len(statement.params), statement
                return next(left)

            assert list(statements(dialect, call(sql), answer))


def test_every_value_is_a_parameter() -> None:
    hostile = "x'); DROP TABLE praison_messages; --"
    tables = Tables(POSTGRES, schema="public")
    sql, state = Conversations(tables), States(tables)
    message = ConversationMessage(hostile, hostile, hostile[:50], hostile, [{hostile: 1}], hostile, {hostile: 1}, 1.0)
    session = ConversationSession(hostile, hostile, hostile, hostile, {hostile: 1}, {hostile: 1})
    works: list[Operation[Any]] = [
        sql.create_session(session),
        sql.upsert_session(session),
        sql.update_session(session),
        sql.change_session(hostile, lambda found: None),
        sql.get_session(hostile),
        sql.delete_session(hostile),
        sql.list_sessions(hostile, hostile, 1, 1),
        sql.add_message(hostile, message),
        sql.add_messages(hostile, [message]),
        sql.get_messages(hostile, 1, 1, 1),
        sql.delete_messages(hostile, [hostile]),
        state.set(hostile, hostile, 1),
        state.get(hostile),
        state.keys(hostile),
        state.hset(hostile, hostile, hostile),
        state.hdel(hostile, [hostile]),
    ]
    for work in works:
        with suppress(PersistError):  # such answers suit no operation to its end
            for found in statements(POSTGRES, work, lambda _: Result([], 1)):
                assert "DROP TABLE" not in found


def test_tables_that_cannot_be_changed_are_refused_before_anything_is() -> None:
    old = {name.replace("praisonai", "praison"): columns for name, columns in OLD.items()}
    old["praison_schema_migrations"] = ["component"]
    script = statements(SINGLESTORE, conversation_migrator(Tables(SINGLESTORE)).setup(), Catalog(old))
    executed: list[str] = []
    with pytest.raises(MigrationError, match="another table_prefix"):
        executed.extend(script)
    assert not [sql for sql in executed if sql.startswith(("DROP", "RENAME", "CREATE"))]


if __name__ == "__main__":
    if sys.argv[1:] != ["--update"]:
        sys.exit(__doc__)
    for name, dialect in DIALECTS.items():
        (GOLDEN / f"{name}.sql").write_text(golden(dialect))
