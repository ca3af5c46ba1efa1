"""One directory of session files, written by PraisonAI's stores and by ours."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from praison_persist_agents.sessions import DefaultSessionStore, HierarchicalSessionStore

NEWEST = tuple(int(part) for part in version("praisonaiagents").split(".")[:3]) >= (1, 7, 17)
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


@pytest.fixture
def both(tmp_path: Path) -> tuple[DefaultSessionStore, Any]:
    from praisonaiagents.session import DefaultSessionStore as Theirs

    return DefaultSessionStore(tmp_path), Theirs(str(tmp_path))


def test_each_reads_what_the_other_wrote(both: tuple[Any, Any]) -> None:
    ours, theirs = both
    for store, name in ((ours, "a"), (theirs, "b"), (ours, "c"), (theirs, "d")):
        store.add_message("s", "user", name, {"by": name})
        store.add_message("s", "assistant", "", tool_calls=[CALL])
        store.add_message("s", "tool", "r", tool_call_id="c1")
        store.update_session_metadata("s", **{name: 1})
    assert ours.get_chat_history("s") == theirs.get_chat_history("s")
    assert len(ours.get_chat_history("s")) == 12
    for store in both:
        session = store.get_session("s")
        assert session.metadata == {"a": 1, "b": 1, "c": 1, "d": 1}
        assert session.messages[3].metadata == {"by": "b"}
    assert ours.get_session("s").created_at == theirs.get_session("s").created_at
    assert [row["session_id"] for row in theirs.list_sessions()] == ["s"]
    ours_row, theirs_row = ours.list_sessions()[0], theirs.list_sessions()[0]
    assert {name: ours_row[name] for name in theirs_row if name in ours_row} == theirs_row


def test_compaction_goes_on_from_one_to_the_other(tmp_path: Path) -> None:
    from praisonaiagents.session import DefaultSessionStore as Theirs

    ours = DefaultSessionStore(tmp_path, max_messages=5)
    theirs = Theirs(str(tmp_path), max_messages=5, retention="compact")
    for number in range(40):
        (ours if number % 4 < 2 else theirs).add_message("s", "user", f"m{number}")
    (exported,) = ours.export_session("s")["sessions"]
    found = [*exported["archived_messages"], *(m for m in exported["messages"] if not m["metadata"].get("compaction"))]
    assert [m["content"] for m in found] == [f"m{number}" for number in range(40)]
    assert theirs.search("m3")
    assert theirs.get_chat_history("s")[0]["content"].startswith("[Session Summary]")


def test_checkpoints_partial_answers_and_runtime_state_are_understood(both: tuple[Any, Any]) -> None:
    ours, theirs = both
    ours.add_user_message("s", "a")
    ours.append_compaction_checkpoint("s", "sum")
    ours.add_user_message("s", "b")
    ours.set_runtime_state("s", "native", "t", {"x": 1})
    ours.set_gateway_info("s", gateway_session_id="g", agent_id="ag")
    assert theirs.get_working_history("s") == ours.get_working_history("s")
    assert theirs.get_runtime_state("s", "native", "t") == {"x": 1}
    assert theirs.get_by_gateway_session("g").session_id == "s"
    theirs.append_compaction_checkpoint("s", "theirs")
    assert ours.get_working_history("s") == [{"role": "system", "content": "theirs"}]
    if NEWEST:
        ours.upsert_partial_assistant_message("s", "half")
        theirs.upsert_partial_assistant_message("s", "whole", finalize=True)
        assert ours.get_chat_history("s")[-1] == {"role": "assistant", "content": "whole"}


def test_forks_and_snapshots_of_one_are_known_to_the_other(tmp_path: Path) -> None:
    from praisonaiagents.session import HierarchicalSessionStore as Theirs

    ours, theirs = HierarchicalSessionStore(tmp_path), Theirs(str(tmp_path))
    ours.create_session("root", title="Root")
    for number in range(4):
        ours.add_user_message("root", str(number))
    fork = ours.fork_session("root", 1)
    assert theirs.get_children("root") == [fork]
    assert theirs.get_parent(fork) == "root"
    assert [m["content"] for m in theirs.get_chat_history(fork)] == ["0", "1"]
    their_fork = theirs.fork_session("root", 2)
    assert ours.get_children("root") == [fork, their_fork]
    assert ours.get_session_tree("root")["children"][1]["message_count"] == 3

    their_snapshot = theirs.create_snapshot("root", label="theirs")
    ours.add_user_message("root", "later")
    assert ours.revert_to_snapshot("root", their_snapshot) is True
    assert [m["content"] for m in ours.get_chat_history("root")] == ["0", "1", "2", "3"]
    if NEWEST:  # the older client keeps an index only, and drops what it does not know when it writes
        snapshot = ours.create_snapshot("root", "ours")
        ours.add_user_message("root", "later")
        theirs.add_message("root", "user", "even later")
        assert theirs.revert_to_snapshot("root", snapshot) is True
        assert [m["content"] for m in ours.get_chat_history("root")] == ["0", "1", "2", "3"]


def test_exports_go_both_ways(tmp_path: Path) -> None:
    from praisonaiagents.session import DefaultSessionStore as Theirs
    from praisonaiagents.session import HierarchicalSessionStore as TheirTrees

    ours, theirs = DefaultSessionStore(tmp_path / "a"), Theirs(str(tmp_path / "b"))
    if not NEWEST:  # the older client has no export of this form
        assert not hasattr(theirs, "import_sessions")
        return
    ours.add_message("s", "assistant", "", tool_calls=[CALL])
    ours.set_agent_info("s", agent_name="Bob")
    assert theirs.import_sessions(json.loads(json.dumps(ours.export_all()))).imported == 1
    assert theirs.get_chat_history("s") == ours.get_chat_history("s")
    theirs.add_message("t", "user", "x")
    assert ours.import_sessions(theirs.export_all()).imported == 1
    trees = TheirTrees(str(tmp_path / "c"))
    session = trees.create_session(title="T")
    assert ours.import_sessions(trees.export_session(session)).imported == 1
    assert ours.get_session(session).title == "T"


def test_processes_of_both_lose_no_message(tmp_path: Path) -> None:
    code = """
import sys, time
who, directory = sys.argv[1:]
if who.startswith("theirs"):
    from praisonaiagents.session import DefaultSessionStore
    store = DefaultSessionStore(directory, lock_timeout=120, retention="keep_all")
else:
    from praison_persist_agents.sessions import DefaultSessionStore
    store = DefaultSessionStore(directory, lock_timeout=120, retention="keep_all")
for number in range(30):
    assert store.add_message("s", "user", f"{who}-{number}")
    time.sleep(0.02)  # theirs polls every 50 ms
"""
    names = ["theirs1", "theirs2", "ours1", "ours2"]
    processes = [subprocess.Popen([sys.executable, "-c", code, name, str(tmp_path)]) for name in names]
    assert [process.wait(timeout=300) for process in processes] == [0, 0, 0, 0]
    found = [m["content"] for m in DefaultSessionStore(tmp_path, retention="keep_all").get_chat_history("s")]
    assert sorted(found) == sorted(f"{name}-{number}" for name in names for number in range(30))
    for name in names:
        assert [c for c in found if c.startswith(name)] == [f"{name}-{number}" for number in range(30)]


def test_an_id_that_praisonai_confuses_with_others_is_its_own_session_with_us(both: tuple[Any, Any]) -> None:
    ours, theirs = both
    theirs.add_message("bot/alice@x.com", "user", "alice secret")
    assert theirs.get_chat_history("bot_alice_x_com")[0]["content"] == "alice secret"  # the client's fault
    assert ours.get_chat_history("bot/alice@x.com")[0]["content"] == "alice secret"
    assert ours.get_chat_history("bot_alice_x_com") == []
    ours.add_user_message("bot_alice_x_com", "mine")
    assert [m["content"] for m in ours.get_chat_history("bot/alice@x.com")] == ["alice secret"]
