"""SIGKILL at random points of tool-calling runs: every acknowledged turn is there once, no call stands alone.

``PRAISON_PERSIST_TEST_CRASHES`` sets how many programs are killed per database.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from praison_persist_agents.adapter.factory import db

CRASHES = int(os.environ.get("PRAISON_PERSIST_TEST_CRASHES", "12"))

PROGRAM = """
import sys
from types import SimpleNamespace
from praison_persist_agents.adapter.factory import db

url, session = sys.argv[1:]
database = db(url, table_prefix="crash_")
agent = SimpleNamespace(name="A", chat_history=[])
database.on_agent_start("A", session)
print("ready", flush=True)
for turn in range(10_000):
    call = f"c{turn}"
    database.on_run_start(session, f"r{turn}", f"q{turn}", {"agent_name": "A"})
    if turn % 2:  # as in streams: the client reports the call and its result
        database.on_user_message(session, f"q{turn}")
        function = {"name": "f", "arguments": "{}"}
        database.on_assistant_message(session, "", tool_calls=[{"id": call, "type": "function", "function": function}])
        database.on_tool_message(session, f"t{turn}", tool_call_id=call)
    else:  # as in achat: only the tool is seen, and the question is dropped
        watched, identity = database._tool_begins(agent, session, "f", {}, call, 0)
        watched.tools.end_call(identity, f"t{turn}")
    database.on_agent_message(session, f"a{turn}")
    database.on_run_end(session, f"r{turn}", f"a{turn}")
    print(turn, flush=True)
"""


def killed_after(url: str, session: str, seconds: float) -> int:
    """Turns that a program acknowledged before it was killed, ``seconds`` after it began."""
    command = [sys.executable, "-c", PROGRAM, url, session]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        time.sleep(seconds)
        program.kill()
        lines = program.stdout.read().splitlines(keepends=True)
    return sum(line.endswith("\n") for line in lines)


def check(url: str, session: str, acknowledged: int) -> None:
    with db(url, table_prefix="crash_", history_limit=None) as database:
        stored = database.export_session(session)["messages"]
        history = database.on_agent_start("A", session)
    seen = [(each["role"], each["content"]) for each in stored]
    whole: list[tuple[str, Any]] = []
    for turn in range(acknowledged):
        result = f"t{turn}" if turn % 2 else json.dumps(f"t{turn}")
        whole += [("user", f"q{turn}"), ("assistant", "" if turn % 2 else None), ("tool", result)]
        whole.append(("assistant", f"a{turn}"))
    assert seen[: len(whole)] == whole
    assert len(seen) <= len(whole) + 8  # of the turn that ran, and one whose acknowledgement was on its way
    assert len({each["id"] for each in stored}) == len(stored)
    open_calls: set[str] = set()
    for message in history:
        if message.role == "tool":
            open_calls.remove(message.tool_call_id)
        else:
            assert not open_calls
            open_calls = {call["id"] for call in message.tool_calls or ()}
    assert not open_calls


def crash(url: str, points: random.Random) -> None:
    total = 0
    for number in range(CRASHES):
        session = f"crash-{number}"
        acknowledged = killed_after(url, session, points.uniform(0.0, 0.25))
        check(url, session, acknowledged)
        total += acknowledged
    print(f"{CRASHES} programs killed, {total} turns acknowledged")
    assert total > 0


def test_sqlite_keeps_every_acknowledged_turn(tmp_path: Path) -> None:
    crash(f"sqlite:///{tmp_path}/chats.db", random.Random(1))


def test_postgres_keeps_every_acknowledged_turn(database_url: str) -> None:
    crash(database_url, random.Random(2))


def test_what_waited_when_the_program_ended_is_written_or_told(tmp_path: Path) -> None:
    program = """
import sys
from praison_persist.errors import UnavailableError
from praison_persist import CONVERSATION_STORES
from praison_persist_agents.adapter.factory import db
store = CONVERSATION_STORES.create("sqlite", path=sys.argv[1])
real, away = store.get_session, [True]
def get_session(session_id):
    if away:
        raise UnavailableError("away")
    return real(session_id)
store.get_session = get_session
database = db(conversation_store=store, retry_delay=60.0)
database.on_user_message("s", "hi")
assert database.status().queued == 1
if sys.argv[2] == "back":
    away.clear()
"""
    for back, said in (("back", ""), ("away", "1 writes are lost")):
        path = str(tmp_path / f"{back}.db")
        done = subprocess.run(
            [sys.executable, "-c", program, path, back], capture_output=True, text=True, timeout=60, check=True
        )
        assert said in done.stderr
        with db(path) as database:
            found = [message.content for message in database.on_agent_start("A", "s")]
        assert found == (["hi"] if back == "back" else [])


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_program_that_never_closes_ends_by_itself(tmp_path: Path) -> None:
    program = (
        "import sys; from praison_persist_agents.adapter.factory import db; db(sys.argv[1]).on_user_message('s', 'x')"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "a.db")], timeout=60, check=True)
