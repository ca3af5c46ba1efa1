"""`copy` survives SIGKILL: the same command goes on, ends verified, stores nothing twice, and memory stays flat.

PRAISON_PERSIST_FULL=1 runs it with 100,000 messages and 20,000 vectors of dimension 384, and prints what they cost.
"""

import json
import os
import random
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from praison_persist import CONVERSATION_STORES, KNOWLEDGE_STORES, ConversationMessage, ConversationSession
from praison_persist.knowledge import KnowledgeDocument

FULL = os.environ.get("PRAISON_PERSIST_FULL") == "1"
MESSAGES = 100_000 if FULL else 10_000
VECTORS, DIMENSION = (20_000, 384) if FULL else (2_000, 64)
MEMORY = 120 * 2**10
"""KiB that a copy may use at most, whatever the amount of data."""


def fill_conversations(path, count):
    choose = random.Random(1)
    started = time.perf_counter()
    with CONVERSATION_STORES.create("sqlite", path=path) as store:
        for number, size in enumerate([count // 2, *[count // 20] * 10]):
            key = f"session-{number}"
            store.create_session(ConversationSession(key, user_id="ada", metadata={}, created_at=1e9, updated_at=1e9))
            for first in range(0, size, 500):
                batch = [
                    ConversationMessage(
                        id=f"{number}-{first + i}",
                        role=("user", "assistant")[i % 2],
                        content="word " * choose.randint(1, 60),
                        tool_calls=[{"id": "c", "n": i}] if i % 7 == 0 else None,
                        metadata={"n": i} if i % 3 == 0 else None,
                        created_at=1e9 + i,
                    )
                    for i in range(min(500, size - first))
                ]
                store.add_messages(key, batch)
    return time.perf_counter() - started


def killed(start, arguments, enough):
    """Kill the command when the destination holds enough, but not all."""
    process = start(*arguments)
    try:
        deadline = time.monotonic() + 120
        while not enough():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == -signal.SIGKILL


def finished(start, arguments):
    """The last run: its result, and the most memory it used in KiB."""
    process = start(*arguments, "--json")
    peak = 0
    while process.poll() is None:  # not ru_maxrss, which begins with the memory of the process that forked
        peak = max(peak, high_water(process.pid))
        time.sleep(0.01)
    out, err = process.communicate()
    assert process.returncode == 0, err
    return json.loads(out), peak


def high_water(pid):
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)


def rows(path):
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            return database.execute("SELECT COUNT(*) FROM praison_messages").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def test_conversations_survive_two_kills(tmp_path, start):
    source, destination = tmp_path / "a.db", tmp_path / "b.db"
    wrote = fill_conversations(source, MESSAGES)
    arguments = ("copy", "--kind", "conversation", f"sqlite:///{source}", f"sqlite:///{destination}")
    killed(start, arguments, lambda: rows(destination) >= MESSAGES // 5)
    first = rows(destination)
    killed(start, arguments, lambda: rows(destination) >= first + MESSAGES // 5)
    assert first < rows(destination) < MESSAGES
    result, memory = finished(start, arguments)
    assert result["verified"]
    assert result["items"] == {"sessions": 11, "messages": MESSAGES}
    assert rows(destination) == MESSAGES
    assert memory < MEMORY
    with (
        CONVERSATION_STORES.create("sqlite", path=source) as a,
        CONVERSATION_STORES.create("sqlite", path=destination) as b,
    ):
        reading = time.perf_counter()
        for session in a.iter_sessions():
            assert b.get_session(session.session_id) == session
            ours = list(a.iter_messages(session.session_id))
            assert list(b.iter_messages(session.session_id)) == ours
        reading = (time.perf_counter() - reading) / 2
    again, _ = finished(start, arguments)
    assert (again["written"], again["present"]) == (0, 11)
    if FULL:
        fresh, memory = finished(start, (*arguments[:4], f"sqlite:///{tmp_path}/c.db"))
        assert memory < MEMORY
        report("messages", MESSAGES, wrote, reading, fresh, memory)


@pytest.fixture
def vectors(postgres_url, fresh_prefix):
    """Two schemas of a server with pgvector, the first one filled."""
    choose = random.Random(2)
    schemas = [f"{fresh_prefix}{side}" for side in "ab"]
    stores = [KNOWLEDGE_STORES.create("pgvector", url=postgres_url, schema=schema) for schema in schemas]
    started = time.perf_counter()
    with stores[0] as a, stores[1] as b:
        a.create_collection("docs", DIMENSION, "cosine", {"about": "tests"})
        for first in range(0, VECTORS, 250):
            batch = [
                KnowledgeDocument(
                    id=f"doc-{first + i}",
                    content=f"text {first + i}",
                    embedding=[choose.gauss(0, 1) for _ in range(DIMENSION)],
                    metadata={"n": first + i},
                    created_at=1e9,
                )
                for i in range(250)
            ]
            a.insert("docs", batch)
        wrote = time.perf_counter() - started
        yield (*schemas, a, b, wrote)
        for store in (a, b):
            store.delete_collection("docs")


def test_vectors_survive_two_kills(postgres_url, vectors, start):
    first_schema, second_schema, a, b, wrote = vectors
    arguments = (
        "copy", "--kind", "knowledge", postgres_url, postgres_url,
        "--src-option", f"schema={first_schema}", "--dst-option", f"schema={second_schema}",
    )  # fmt: skip

    def count():
        return b.count("docs") if b.collection_exists("docs") else 0

    killed(start, arguments, lambda: count() >= VECTORS // 5)
    first = count()
    killed(start, arguments, lambda: count() >= first + VECTORS // 5)
    assert first < count() < VECTORS
    result, memory = finished(start, arguments)
    assert result["verified"]
    assert result["items"] == {"collections": 1, "documents": VECTORS}
    assert result["present"] >= first
    assert count() == VECTORS
    assert memory < MEMORY
    reading = time.perf_counter()
    there = {document.id: document for document in b.iter_documents("docs")}
    reading = time.perf_counter() - reading
    assert all(there[ours.id].embedding == ours.embedding for ours in a.iter_documents("docs"))
    assert b.describe_collection("docs") == a.describe_collection("docs")
    if FULL:
        b.delete_collection("docs")
        fresh, memory = finished(start, arguments)
        assert memory < MEMORY
        report("documents", VECTORS, wrote, reading, fresh, memory)


def report(what, count, wrote, read, result, memory):
    print(
        f"\n{count} {what}: copy {result['total_seconds'] / count * 1e6:.0f} us each"
        f" ({result['microseconds_per_item']}), raw write {wrote / count * 1e6:.0f} us,"
        f" raw read {read / count * 1e6:.0f} us, peak {memory / 1024:.0f} MiB"
    )
