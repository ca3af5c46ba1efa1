"""PostgreSQL answers the frequent queries from an index, whatever the length of the session."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.sql import POSTGRES, Tables
from praison_persist.sql.conversations import Conversations
from praison_persist.sql.operation import Operation
from praison_persist.sql.states import States
from praison_persist_postgres import PostgresConversationStore, PostgresStateStore

PREFIX = f"t_{secrets.token_hex(6)}_"
SQL = Conversations(Tables(POSTGRES, PREFIX, "public"))

Plan = Callable[[Operation], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def plan(database_url: str) -> Iterator[Plan]:
    """How the first statement of an operation runs, on 10,000 messages in a session and as many in others.

    The nodes of the plan, with what they really did.
    """
    with (
        PostgresConversationStore(database_url, table_prefix=PREFIX) as store,
        PostgresStateStore(database_url, table_prefix=PREFIX) as state,
    ):
        state.set_many({f"k{i}": i for i in range(1_000)})
        for session in range(11):
            store.create_session(ConversationSession(f"s{session}", user_id=f"u{session}"))
            count = 10_000 if session == 0 else 1_000
            store.add_messages(
                f"s{session}", [ConversationMessage(id=f"m{i}", role="user", content="hi") for i in range(count)]
            )
        for session in range(11, 2_000):
            store.create_session(ConversationSession(f"s{session}", user_id=f"u{session}"))
    with psycopg.connect(database_url) as connection:
        connection.execute("ANALYZE")
        connection.commit()

        def nodes(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
            yield tree
            for child in tree.get("Plans", ()):
                yield from nodes(child)

        def explain(work: Operation) -> list[dict[str, Any]]:
            script = work.start()
            statement = next(script)
            script.close()
            sql = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement.sql}"
            (found,) = connection.execute(sql, statement.params).fetchone() or ()  # type: ignore[arg-type]
            connection.rollback()
            return list(nodes((json.loads(found) if isinstance(found, str) else found)[0]["Plan"]))

        yield explain


def indexes(found: list[dict[str, Any]]) -> set[str]:
    return {node["Index Name"].removeprefix("idx_").removeprefix(PREFIX) for node in found if "Index Name" in node}


def kinds(found: list[dict[str, Any]]) -> set[str]:
    return {node["Node Type"] for node in found}


@pytest.mark.parametrize(
    ("work", "index"),
    [
        (SQL.get_messages("s0", 20, None, None), "messages_order"),
        (SQL.get_messages("s0", 20, 9e9, 1.0), "messages_order"),
        (SQL.page_messages("s0", 5_000, 500), "messages_order"),
        (SQL.delete_messages("s0", ["m1"]), "messages_pkey"),
        (SQL.get_session("s0"), "sessions_pkey"),
        (SQL.add_message("s0", ConversationMessage(role="user")), "sessions_pkey"),
        (SQL.list_sessions(None, None, 20, 0), "sessions_updated"),
        (SQL.list_sessions("u5", None, 20, 0), "sessions_user"),
        (States(Tables(POSTGRES, PREFIX, "public")).get("k5"), "state_pkey"),
        (States(Tables(POSTGRES, PREFIX, "public")).page_keys("k99", "", 5), "state_pkey"),
    ],
    ids=[
        "tail",
        "tail between times",
        "page",
        "delete one",
        "session",
        "append",
        "list",
        "list of user",
        "get",
        "scan",
    ],
)
def test_an_index_answers(plan: Plan, work: Operation, index: str) -> None:
    found = plan(work)
    assert indexes(found) == {index}
    assert "Seq Scan" not in kinds(found)


@pytest.mark.parametrize(
    "work", [SQL.get_messages("s0", 20, None, None), SQL.page_messages("s0", 5_000, 500)], ids=["tail", "page"]
)
def test_messages_come_in_the_order_of_their_index_without_a_sort(plan: Plan, work: Operation) -> None:
    assert not [kind for kind in kinds(plan(work)) if "Sort" in kind]


@pytest.mark.parametrize("session", ["s0", "s5"])
def test_the_tail_and_an_append_touch_as_much_in_a_long_session_as_in_a_short_one(plan: Plan, session: str) -> None:
    (scan,) = [node for node in plan(SQL.get_messages(session, 20, None, None)) if "Index Name" in node]
    assert scan["Actual Rows"] == 20
    assert scan["Shared Hit Blocks"] + scan["Shared Read Blocks"] < 20
    append = plan(SQL.add_message(session, ConversationMessage(role="user", content="hi")))[0]
    assert append["Shared Hit Blocks"] + append["Shared Read Blocks"] < 60
