"""Makes the fixtures beside this file, and those of the PostgreSQL stores, with real releases of PraisonAI.

Run by hand, in an environment with nothing but ``praisonai`` (installed without its dependencies), psycopg2-binary,
asyncpg and aiosqlite, once with 4.7.19 and once with 4.5.126, the last release before the schema of its PR 1597:

    python make.py POSTGRES_URL PG_DUMP

The server's database is emptied. Each layout becomes ``<release>-<store>.sql``, and what PraisonAI reads back
from it (or, for messages of no session, what is in the table) ``<release>-<store>.json``.
"""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

RELEASE = version("praisonai")
HERE = Path(__file__).parent
POSTGRES = HERE.parents[2] / "postgres" / "tests" / "praisonai"

CALLS = [{"id": "call_1", "type": "function", "function": {"name": "clock", "arguments": '{"tz": "CET"}'}}]
SESSIONS = [
    {
        "session_id": "chat-1",
        "user_id": "ann",
        "agent_id": "helper",
        "name": "Über Uhren",
        "state": {"step": 3, "done": False, "ratio": 0.5, "none": None},
        "metadata": {"tags": ["a", {"b": 1}]},
        "created_at": 1700000000.25,
        "updated_at": 1700000100.5,
    },
    {"session_id": "Chat-1 ", "user_id": "", "created_at": 1700000001.0, "updated_at": 1700000002.0},
    {"session_id": "empty/\u2603'\";--", "state": {}, "metadata": {}, "created_at": 1.0, "updated_at": 2.0},
]
MESSAGES = {
    "chat-1": [
        {"id": "z", "role": "user", "content": "What time is it? \U0001f570", "created_at": 1700000010.125},
        {"id": "a", "role": "assistant", "content": "", "tool_calls": CALLS, "created_at": 1700000010.125},
        {"id": "m", "role": "tool", "content": "12:00", "tool_call_id": "call_1", "created_at": 1700000010.125},
        {"id": "b", "role": "assistant", "content": "Noon.\n\ttab \\ 'quote' \"double\"", "metadata": {"n": 1e-7},
         "created_at": 1700000010.125},
        {"id": "late", "role": "user", "content": "thanks", "metadata": {}, "tool_calls": [],
         "created_at": 1700000012.0},
        {"id": "early", "role": "system", "content": "written last, dated first", "created_at": 1700000009.0},
    ],
    "Chat-1 ": [{"id": "other", "role": "user", "content": "x" * 300, "created_at": 5.5}],
}  # fmt: skip
ORPHANS = {"gone": [{"id": "orphan 2", "role": "user", "content": "second", "created_at": 20.0},
                    {"id": "orphan 1", "role": "user", "content": "first", "created_at": 10.0}]}  # fmt: skip


async def _await(value):
    return await value if asyncio.iscoroutine(value) else value


def method(store, name: str):
    """The method, which had another name in older async stores."""
    return getattr(store, f"async_{name}", None) or getattr(store, name)


async def fill(store, *, orphans: bool) -> None:
    """Write the conversations through PraisonAI's store."""
    from praisonai.persistence.conversation.base import ConversationMessage, ConversationSession

    await _await(store.init()) if hasattr(store, "init") else None
    for session in SESSIONS:
        await _await(method(store, "create_session")(ConversationSession(**session)))
    for session_id, messages in {**MESSAGES, **(ORPHANS if orphans else {})}.items():
        for message in messages:
            await _await(
                method(store, "add_message")(session_id, ConversationMessage(session_id=session_id, **message))
            )


async def read(store, orphans: bool) -> dict:
    """What PraisonAI's store gives back."""
    names = [session["session_id"] for session in SESSIONS]
    sessions = [vars(await _await(method(store, "get_session")(name))) for name in names]
    names += ORPHANS if orphans else ()
    return {
        "sessions": sessions,
        "messages": {name: [vars(m) for m in await _await(method(store, "get_messages")(name))] for name in names},
    }


def write(folder: Path, store: str, sql: str, expected: dict) -> None:
    """Write a fixture."""
    name = folder / f"{RELEASE}-{store}"
    name.with_name(name.name + ".sql").write_text(sql)
    name.with_name(name.name + ".json").write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n")


async def sqlite(module: str, name: str, *, orphans: bool) -> None:
    """A SQLite database."""
    cls = getattr(__import__(f"praisonai.persistence.conversation.{module}", fromlist=[name]), name)
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/it.db"
        store = cls(path=path)
        await fill(store, orphans=orphans)
        expected = await read(store, orphans)
        await _await(method(store, "close")())
        connection = sqlite3.connect(path)
        write(HERE, module, "\n".join(connection.iterdump()) + "\n", expected)
        connection.close()


async def postgres(url: str, pg_dump: str, module: str, name: str) -> None:
    """A PostgreSQL schema."""
    import psycopg2

    connection = psycopg2.connect(url)
    connection.cursor().execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    connection.commit()
    connection.close()
    cls = getattr(__import__(f"praisonai.persistence.conversation.{module}", fromlist=[name]), name)
    store = cls(url=url)
    await fill(store, orphans=False)
    expected = await read(store, False)
    await _await(method(store, "close")())
    command = [pg_dump, "--inserts", "--no-owner", "--no-privileges", "-t", "praison*", url]
    dump = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: ASYNC221
    dump = re.sub(r"(?m)^(--.*|SET .*|SELECT pg_catalog\.set_config.*|\\(un)?restrict.*)\n", "", dump)
    write(POSTGRES, module, re.sub(r"\n{2,}", "\n\n", dump).strip() + "\n", expected)


async def main(url: str, pg_dump: str) -> None:
    """All layouts that this release writes; its sync_sqlite writes what its sqlite does."""
    await postgres(url, pg_dump, "postgres", "PostgresConversationStore")
    await postgres(url, pg_dump, "async_postgres", "AsyncPostgresConversationStore")
    await sqlite("sqlite", "SQLiteConversationStore", orphans=False)
    await sqlite("async_sqlite", "AsyncSQLiteConversationStore", orphans=RELEASE < "4.6")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
