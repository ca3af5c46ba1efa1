"""JSON that PostgreSQL's JSONB would refuse or rewrite comes back as it went in; all other is real JSONB."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from praison_persist.aio import sync_view
from praison_persist.conversation import ConversationSession
from praison_persist_postgres import AsyncPostgresConversationStore, PostgresConversationStore

REFUSED = {
    "NUL": "a\x00b",
    "NUL in a key": {"\x00": 1},
    "lone surrogate": "\ud800",
    "text that looks like an escape": "\\u0000 \\ud800",
}
REWRITTEN = {
    "negative zero": -0.0,
    "small": 1e-7,
    "smallest": 5e-324,
    "large": 1e22,
    "largest": 1.7976931348623157e308,
}
PLAIN = {
    "fraction": 0.1 + 0.2,
    "whole float": 1.0,
    "long integer": 2**200,
    "minus one": -1,
    "text": "1e5 -0.0 \U0001f570 \x7f\x01",
    "keys in no order": {"b": 1, "a": {"": None}, "aa": [[], {}]},
    "nested": [[[[[[[[[[[[[[[[True]]]]]]]]]]]]]]]],
}


@pytest.mark.parametrize("cls", [PostgresConversationStore, AsyncPostgresConversationStore])
@pytest.mark.parametrize(
    ("value", "kind"),
    [(value, "string") for value in (*REFUSED.values(), *REWRITTEN.values())]
    + [(value, "object") for value in PLAIN.values()],
    ids=[*REFUSED, *REWRITTEN, *PLAIN],
)
def test_json_comes_back_exactly(database_url: str, fresh_prefix: str, cls: Any, value: Any, kind: str) -> None:
    made = cls(database_url, table_prefix=fresh_prefix)
    with sync_view(made) if cls is AsyncPostgresConversationStore else made as store:
        store.create_session(ConversationSession("s", state={"value": value}))
        found = store.get_session("s").state
    assert found == {"value": value}
    assert repr(found["value"]) == repr(value) or isinstance(value, dict), "1 is not 1.0, nor 0.0 -0.0"
    with psycopg.connect(database_url) as connection:
        (stored,) = connection.execute(
            f"SELECT jsonb_typeof(state) FROM {fresh_prefix}sessions"  # type: ignore[arg-type]
        ).fetchone() or ("",)
    text_looks_rewritten = value == PLAIN["text"]  # kept as text too: harmless
    assert stored == ("string" if text_looks_rewritten else kind)
