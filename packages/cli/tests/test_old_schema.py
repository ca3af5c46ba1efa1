"""``doctor`` and ``migrate`` on tables that older versions of PraisonAI wrote, also in its layouts before 4.6."""

import json
import sqlite3
from pathlib import Path

import pytest

FIXTURES = Path(__file__).parents[2] / "sqlite" / "tests" / "praisonai"
LAYOUTS = ("4.5.126-async_sqlite", "4.5.126-sqlite")  # the first names its tables praisonai_...


def dump(path):
    with sqlite3.connect(path) as connection:
        return list(connection.iterdump())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_old_schema_is_reported_planned_migrated_and_then_well(cli, tmp_path, layout):
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as connection:
        connection.executescript((FIXTURES / f"{layout}.sql").read_text())
    before = dump(path)
    url = ("--conversation-url", f"sqlite:///{path}")

    checked = cli("doctor", *url, "--json")
    [store] = checked.json["stores"]
    assert (checked.code, store["ok"]) == (1, False)
    assert store["schema"]["pending"]
    assert "praison-persist migrate up" in store["warnings"][0]

    status = cli("migrate", "status", *url)
    assert (status.code, "pending" in status.out) == (1, True)
    plan = cli("migrate", "plan", *url)
    assert plan.code == 0
    assert "ALTER TABLE" in plan.out or "INSERT INTO" in plan.out
    assert dump(path) == before, "looking changes nothing"

    done = cli("migrate", "up", *url, "--json")
    assert done.code == 0, done
    assert done.json["stores"][0]["applied"]
    assert cli("doctor", *url).code == 0
    assert "nothing to do" in cli("migrate", "up", *url).out

    known = json.loads((FIXTURES / f"{layout}.json").read_text())
    listed = [json.loads(line) for line in cli("sessions", "list", *url, "--json").out.splitlines()]
    assert {one["session_id"] for one in listed} >= {one["session_id"] for one in known["sessions"]}
    exported = [json.loads(line) for line in cli("export", *url).out.split("\n") if line]  # a text may hold U+2028
    ids = {message["id"] for messages in known["messages"].values() for message in messages}
    assert ids <= {record["id"] for record in exported if record["type"] == "message"}


def test_a_migration_that_cannot_be_done_leaves_the_old_tables_and_says_so(cli, tmp_path):
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as connection:
        connection.executescript((FIXTURES / f"{LAYOUTS[0]}.sql").read_text())
    before = dump(path)
    blocker = sqlite3.connect(path)
    try:
        blocker.execute("BEGIN EXCLUSIVE")  # another process works on the file and does not end
        done = cli(
            "migrate", "up", "--conversation-url", f"sqlite:///{path}", "--option", "timeout=1",
            "--option", "max_retries=0",
        )  # fmt: skip
    finally:
        blocker.rollback()
        blocker.close()
    assert done.code == 1, done
    assert done.err.startswith("Error: ")
    assert "\nNext:  " in done.err
    assert dump(path) == before
