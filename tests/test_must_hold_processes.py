"""What must hold between processes: racing setups, racing writers, a writer that is killed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from praison_persist import CONVERSATION_STORES
from praison_persist.conversation import ConversationSession

WORKER = Path(__file__).with_name("must_hold_worker.py")


class Workers:
    """Processes that get their jobs at the same time."""

    def __init__(self, count: int) -> None:
        command = [sys.executable, str(WORKER)]
        self.processes = [subprocess.Popen(command, stdin=-1, stdout=-1, text=True, bufsize=1) for _ in range(count)]
        assert {self.answer(process) for process in self.processes} == {"ready"}

    @staticmethod
    def answer(process: subprocess.Popen[str]) -> Any:
        assert process.stdout is not None
        return json.loads(process.stdout.readline())

    def do(self, jobs: list[dict[str, Any]]) -> list[Any]:
        """One job for each; their answers."""
        for process, job in zip(self.processes, jobs, strict=True):
            assert process.stdin is not None
            process.stdin.write(json.dumps(job) + "\n")
            process.stdin.flush()
        return [self.answer(process) for process in self.processes]


@contextmanager
def workers(count: int) -> Iterator[Workers]:
    crew = Workers(count)
    try:
        yield crew
    finally:
        for process in crew.processes:
            process.kill()
            process.communicate()


@pytest.mark.parametrize(("name", "rounds"), [("postgres", 20), ("async_postgres", 5)])
def test_twenty_processes_set_one_empty_postgresql_up_at_once_in_every_round(
    database_url: str, fresh_prefix: str, name: str, rounds: int
) -> None:
    schemas: set[tuple[Any, ...]] = set()
    with workers(20) as crew, psycopg.connect(database_url, autocommit=True) as connection:
        for round_ in range(rounds):
            schema = f"{fresh_prefix}{round_}"  # empty: not even the schema is there
            job = {"job": "setup", "name": name, "url": database_url, "options": {"schema": schema, "pool_size": 1}}
            assert crew.do([job] * 20) == ["ok"] * 20
            columns = connection.execute(
                "SELECT table_name, column_name, data_type FROM information_schema.columns"
                " WHERE table_schema = %s ORDER BY 1, 2",
                (schema,),
            ).fetchall()
            schemas.add(tuple(columns))
            connection.execute(f"DROP SCHEMA {schema} CASCADE")  # type: ignore[arg-type]
    assert len(schemas) == 1
    assert {row[0] for row in schemas.pop()} == {"praison_sessions", "praison_messages", "praison_schema_migrations"}


@pytest.mark.parametrize(("name", "rounds"), [("sqlite", 20), ("async_sqlite", 3)])
def test_twenty_processes_set_one_empty_sqlite_file_up_at_once_in_every_round(
    tmp_path: Path, name: str, rounds: int
) -> None:
    with workers(20) as crew:
        for round_ in range(rounds):
            job = {"job": "setup", "name": name, "url": f"sqlite:///{tmp_path}/{round_}.db", "options": {}}
            assert crew.do([job] * 20) == ["ok"] * 20


@pytest.mark.parametrize("name", ["sqlite", "postgres", "async_postgres"])
def test_eight_processes_append_a_thousand_messages_each_to_one_session(
    request: pytest.FixtureRequest, tmp_path: Path, fresh_prefix: str, name: str
) -> None:
    url = f"sqlite:///{tmp_path}/it.db" if "sqlite" in name else request.getfixturevalue("database_url")
    options = {"table_prefix": fresh_prefix}
    with CONVERSATION_STORES.create(name.removeprefix("async_"), url=url, **options) as store:
        store.create_session(ConversationSession("shared"))
        job = {"job": "append", "name": name, "url": url, "options": options, "count": 1000}
        with workers(8) as crew:
            assert crew.do([{**job, "writer": writer} for writer in range(8)]) == ["ok"] * 8
        found = [message.content for message in store.get_messages("shared")]
    assert len(found) == 8000
    assert [text for text, times in Counter(found).items() if times > 1] == []
    for writer in range(8):
        assert [text for text in found if text.startswith(f"{writer}-")] == [f"{writer}-{i}" for i in range(1000)]


@pytest.mark.parametrize("after", [1, 50, 300])
def test_a_sqlite_writer_killed_while_writing_loses_nothing_that_was_acknowledged(tmp_path: Path, after: int) -> None:
    url = f"sqlite:///{tmp_path}/it.db"
    with CONVERSATION_STORES.create("sqlite", url=url) as store:
        store.create_session(ConversationSession("shared"))
    process = subprocess.Popen([sys.executable, str(WORKER)], stdin=-1, stdout=-1, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    assert json.loads(process.stdout.readline()) == "ready"
    process.stdin.write(json.dumps({"job": "stream", "name": "sqlite", "url": url, "options": {}}) + "\n")
    process.stdin.flush()
    acknowledged = [json.loads(process.stdout.readline()) for _ in range(after)]
    process.kill()
    acknowledged += [json.loads(line) for line in process.communicate()[0].splitlines() if line.endswith('"')]
    assert acknowledged == [f"m{number}" for number in range(len(acknowledged))]
    with CONVERSATION_STORES.create("sqlite", url=url) as store:
        found = [message.id for message in store.get_messages("shared")]
        assert found[: len(acknowledged)] == acknowledged
        assert len(found) - len(acknowledged) <= 1, "at most the one under way was stored without being acknowledged"
        assert store.get_messages("shared")[-1].content == found[-1] * 50
