"""`run` and `resume` with the real client against a model server of our own, in processes of their own."""

import json
import os
import subprocess
import sys

import pytest

from praison_persist import CONVERSATION_STORES


@pytest.fixture
def cli(model, tmp_path):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PRAISON")}
    environment |= {"HOME": str(tmp_path), "PRAISONAI_CONVERSATION_URL": f"sqlite:///{tmp_path}/chats.db"}

    def run(*arguments, **changes):
        return subprocess.run(
            [sys.executable, "-m", "praison_persist_cli", *arguments],
            capture_output=True,
            text=True,
            timeout=180,
            cwd=tmp_path,
            env=environment | changes,
            stdin=subprocess.DEVNULL,
        )

    return run


def stored(tmp_path, session_id):
    with CONVERSATION_STORES.create("sqlite", path=tmp_path / "chats.db") as store:
        return [(message.role, message.content) for message in store.get_messages(session_id)]


def test_run_stores_the_turn_and_prints_the_answer_alone(cli, tmp_path):
    done = cli("run", "My name is Alice", "--session-id", "chat-1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "echo: My name is Alice"
    assert stored(tmp_path, "chat-1") == [("user", "My name is Alice"), ("assistant", "echo: My name is Alice")]


def test_resume_continues_with_what_another_process_stored(cli, model, tmp_path):
    assert cli("run", "My name is Alice", "--session-id", "chat-1").returncode == 0
    done = cli("resume", "--session-id", "chat-1", "--continue", "Who am I?", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["answer"] == "echo: Who am I?"
    assert "My name is Alice" in json.dumps(model.requests[-1])
    assert [role for role, _ in stored(tmp_path, "chat-1")] == ["user", "assistant"] * 2


def test_resume_shows_the_history_without_a_model(cli, model, tmp_path):
    assert cli("run", "My name is Alice", "--session-id", "chat-1").returncode == 0
    asked = len(model.requests)
    done = cli("resume", "--session-id", "chat-1", "--show-history")
    assert done.returncode == 0
    assert "My name is Alice" in done.stdout
    assert len(model.requests) == asked


def test_resume_of_an_unknown_session_fails_and_creates_none(cli, tmp_path):
    assert cli("run", "x", "--session-id", "chat-1").returncode == 0
    done = cli("resume", "--session-id", "nosuch", "--continue", "x")
    assert done.returncode == 1
    assert "does not exist" in done.stderr
    assert "sessions list" in done.stderr
    assert stored(tmp_path, "nosuch") == []
    assert cli("sessions", "show", "nosuch").returncode == 1


def test_a_model_that_is_away_is_a_failure(cli):
    done = cli(
        "run", "x", "--session-id", "s", OPENAI_BASE_URL="http://127.0.0.1:9", OPENAI_API_BASE="http://127.0.0.1:9"
    )
    assert done.returncode == 1
    assert "Next:" in done.stderr


def test_a_dead_database_is_a_failure_that_names_it_without_its_password(cli):
    done = cli("run", "x", "--conversation-url", "postgresql://me:s3cretpw@127.0.0.1:9/x", "--option", "max_retries=0")
    assert done.returncode == 1
    assert "127.0.0.1:9" in done.stderr
    assert "s3cretpw" not in done.stderr + done.stdout


def test_dry_run_asks_nobody_and_writes_nothing(cli, model, tmp_path):
    done = cli("run", "x", "--dry-run", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["dry_run"] is True
    assert not model.requests
    assert not (tmp_path / "chats.db").exists()
