"""The engines that tests run on: started for real, killed, restarted, and never left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from engines import ENGINES, EngineError, create

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "engines"


def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **env}, timeout=120)


def gone(pid: int, deadline: float = 30.0) -> bool:
    until = time.monotonic() + deadline
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_what_was_committed_before_a_kill_is_there_after_a_restart_at_the_same_url(postgres_engine):
    url = postgres_engine.url
    connection = psycopg.connect(url, autocommit=True)
    connection.execute("CREATE TABLE IF NOT EXISTS survivors (n int)")
    connection.execute("INSERT INTO survivors VALUES (1)")
    postgres_engine.kill()
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    assert postgres_engine.restart() == url
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM survivors").fetchone() == (1,)


def test_a_commit_is_durable_and_a_wrong_password_is_refused(postgres_engine):
    with psycopg.connect(postgres_engine.url) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(postgres_engine.url.replace("@", "x@"))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda number: number.name)
def test_a_server_does_not_outlive_the_process_that_started_it(postgres_engine, number):
    starter = subprocess.Popen([sys.executable, str(SCRIPT), "start", "postgres"], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    with psycopg.connect(starter.stdout.readline().strip()) as connection:
        row = connection.execute("SELECT pg_read_file('postmaster.pid')").fetchone()
    assert row
    server, data = row[0].splitlines()[:2]
    starter.send_signal(number)
    starter.wait(60)
    starter.stdout.close()
    assert gone(int(server))
    until = time.monotonic() + 30
    while Path(data).parent.exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not Path(data).parent.exists()


def test_a_given_url_is_used_as_it_is_and_cannot_be_killed_or_restarted(monkeypatch):
    monkeypatch.setenv("PRAISON_PERSIST_TEST_POSTGRES_URL", "postgresql://elsewhere/db")
    engine = create("postgres")
    assert engine.start() == "postgresql://elsewhere/db"
    assert "PRAISON_PERSIST_TEST_POSTGRES_URL" in engine.describe()
    with pytest.raises(EngineError, match="not started by this process"):
        engine.kill()
    with pytest.raises(EngineError, match="not started"):
        engine.restart()
    engine.stop()


def test_run_gives_the_url_to_the_command_and_passes_its_exit_code_on():
    given = {"PRAISON_PERSIST_TEST_QDRANT_URL": "http://127.0.0.1:1"}
    code = "import os, sys; print(os.environ['PRAISON_PERSIST_TEST_QDRANT_URL']); sys.exit(7)"
    done = run("run", "qdrant", "--", sys.executable, "-c", code, **given)
    assert (done.stdout.strip(), done.returncode) == ("http://127.0.0.1:1", 7)


def test_an_unknown_engine_is_an_error_that_lists_those_there_are():
    done = run("start", "oracle")
    assert done.returncode == 1
    assert ", ".join(ENGINES) in done.stderr


def test_a_missing_command_fails_with_a_message_not_a_traceback():
    done = run("run", "qdrant", "--", "no-such-command", PRAISON_PERSIST_TEST_QDRANT_URL="http://127.0.0.1:1")
    assert done.returncode == 1
    assert "cannot run no-such-command" in done.stderr
    assert "Traceback" not in done.stderr


def test_list_names_each_engine_with_its_version_or_the_reason_why_there_is_none():
    rows = json.loads(run("list", "--json").stdout)
    assert [row["name"] for row in rows] == list(ENGINES)
    assert all(row["version"] and row["found"] if row["available"] else row["reason"] for row in rows)
