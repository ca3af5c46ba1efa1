"""Several processes on the same sessions: nothing acknowledged is lost, whoever is killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from praison_persist import CONVERSATION_STORES
from praison_persist_agents.sessions import ConversationSessionStore, DefaultSessionStore, HierarchicalSessionStore

OPEN = """
import json, sys
kind, place, options = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
if kind in ("default", "hierarchical"):
    from praison_persist_agents.sessions import DefaultSessionStore, HierarchicalSessionStore
    store = (DefaultSessionStore if kind == "default" else HierarchicalSessionStore)(place["path"], **options)
else:
    from praison_persist import CONVERSATION_STORES
    from praison_persist_agents.sessions import ConversationSessionStore
    store = ConversationSessionStore(CONVERSATION_STORES.create(kind, **place), **options)
me, count = sys.argv[4], int(sys.argv[5])
def acknowledge(what):
    sys.stdout.write(what + "\\n")
    sys.stdout.flush()
acknowledge("ready")
sys.stdin.readline()
"""

WRITE = """
for number in range(count):
    store.add_message("s", "user", f"{me}-{number}", {"n": number})
    acknowledge(str(number))
"""

MUTATE = """
for number in range(count):
    store.add_user_message("s", f"{me}-{number}")
    store.update_session_metadata("s", **{f"k{me}": number})
    store.set_agent_info("s", agent_name=f"agent {me}")
    store.set_runtime_state("s", me, str(number), {"n": number})
    store.merge_session_metadata_map("s", "map", {me: number})
    store.set_gateway_info("s", gateway_session_id="g")
    if number % 5 == 4:
        store.append_compaction_checkpoint("s", f"sum of {me}")
        store.rename_session("s", f"title of {me}")
"""

REPLACE = """
for number in range(count):
    store.set_chat_history("s", [{"role": "user", "content": f"{me}-{number}-{part}"} for part in range(4)])
"""


class Places:
    """Where each kind of store is, for this process and for others."""

    def __init__(self, tmp_path: Path, request: pytest.FixtureRequest, prefix: str) -> None:
        self._request, self._path, self._prefix = request, tmp_path, prefix
        self._opened: list[Any] = []

    def place(self, kind: str) -> dict[str, Any]:
        if kind == "postgres":
            return {"url": self._request.getfixturevalue("database_url"), "table_prefix": self._prefix}
        return {"path": str(self._path / ("x.db" if kind == "sqlite" else "sessions"))}

    def open(self, kind: str, **options: Any) -> Any:
        if kind in ("default", "hierarchical"):
            cls = DefaultSessionStore if kind == "default" else HierarchicalSessionStore
            return cls(self.place(kind)["path"], **options)
        self._opened.append(CONVERSATION_STORES.create(kind, **self.place(kind)))
        return ConversationSessionStore(self._opened[-1], **options)

    def start(self, kind: str, code: str, count: int, names: Any, **options: Any) -> list[subprocess.Popen[str]]:
        """Processes that run the code at once."""
        fixed = [kind, json.dumps(self.place(kind)), json.dumps(options)]
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", OPEN + code, *fixed, str(name), str(count)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for name in names
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        return processes

    def close(self) -> None:
        for store in self._opened:
            store.close()


@pytest.fixture
def places(tmp_path: Path, request: pytest.FixtureRequest, fresh_prefix: str) -> Any:
    found = Places(tmp_path, request, fresh_prefix)
    yield found
    found.close()


def finish(processes: list[subprocess.Popen[str]]) -> list[list[str]]:
    """What each of them acknowledged."""
    return [process.communicate(timeout=300)[0].split() for process in processes]


def all_messages(store: Any) -> list[str]:
    (exported,) = store.export_session("s")["sessions"]
    messages = [*exported["archived_messages"], *exported["messages"]]
    return [m["content"] for m in messages if not m["metadata"].get("compaction")]


@pytest.mark.parametrize("kind", ["default", "sqlite", "postgres"])
def test_eight_processes_lose_nothing_when_half_of_them_are_killed(places: Places, kind: str) -> None:
    places.open(kind).set_agent_info("s", agent_name="Bob")
    processes = places.start(kind, WRITE, 40, range(8), max_messages=30)
    acknowledged: dict[int, int] = {}
    for name, process in enumerate(processes[:4]):
        assert process.stdout is not None
        for line in process.stdout:
            acknowledged[name] = int(line)
            if acknowledged[name] >= 4 * (name + 1):
                break
        process.send_signal(signal.SIGKILL)
    outputs = finish(processes)
    for name in range(4):
        numbers = [int(line) for line in outputs[name] if line.isdecimal()]
        acknowledged[name] = max([acknowledged[name], *numbers])
    for name in range(4, 8):
        assert processes[name].returncode == 0
        acknowledged[name] = 39

    store = places.open(kind, max_messages=30)
    found = all_messages(store)
    assert len(found) == len(set(found))
    for name, last in acknowledged.items():
        mine = [content for content in found if content.startswith(f"{name}-")]
        assert mine[: last + 1] == [f"{name}-{number}" for number in range(last + 1)]
    if kind == "default":
        assert not list(Path(store.session_dir).rglob("*.corrupt-*"))
        json.loads((Path(store.session_dir) / "s.json").read_bytes())
    assert store.add_user_message("s", "after")
    assert store.get_session("s").agent_name == "Bob"


@pytest.mark.parametrize("kind", ["default"])
def test_sixteen_processes_get_every_message_in(places: Places, kind: str) -> None:
    """PraisonAI's store refuses about an eighth of these."""
    processes = places.start(kind, WRITE, 60, range(16))
    outputs = finish(processes)
    assert [process.returncode for process in processes] == [0] * 16
    assert all(output == [str(number) for number in range(60)] for output in outputs)
    found = all_messages(places.open(kind))
    assert sorted(found) == sorted(f"{name}-{number}" for name in range(16) for number in range(60))


@pytest.mark.parametrize("kind", ["default", "hierarchical", "sqlite", "postgres"])
def test_processes_that_change_everything_at_once_undo_nothing(places: Places, kind: str) -> None:
    processes = places.start(kind, MUTATE, 15, "abcd", lock_timeout=60) if kind in ("default", "hierarchical") else (
        places.start(kind, MUTATE, 15, "abcd")
    )  # fmt: skip
    finish(processes)
    assert [process.returncode for process in processes] == [0] * 4
    store = places.open(kind)
    session = store.get_session("s")
    assert sorted(all_messages(store)) == sorted(f"{me}-{n}" for me in "abcd" for n in range(15))
    assert {name: session.metadata[f"k{name}"] for name in "abcd"} == dict.fromkeys("abcd", 14)
    assert session.metadata["map"] == dict.fromkeys("abcd", 14)
    assert {name: len(turns) for name, turns in session.runtime_state.items()} == dict.fromkeys("abcd", 15)
    assert session.agent_name in {f"agent {name}" for name in "abcd"}
    assert session.title in {f"title of {name}" for name in "abcd"}
    assert session.gateway_session_id == "g"


@pytest.mark.parametrize("kind", ["default", "sqlite", "postgres"])
def test_a_history_is_replaced_whole_for_every_reader(places: Places, kind: str) -> None:
    store = places.open(kind)
    store.set_chat_history("s", [{"role": "user", "content": f"start-0-{part}"} for part in range(4)])
    processes = places.start(kind, REPLACE, 25, "abc")
    seen: set[str] = set()
    while any(process.poll() is None for process in processes):
        contents = [message["content"] for message in store.get_chat_history("s")]
        name = contents[0].rsplit("-", 1)[0] if contents else "nothing"
        assert contents == [f"{name}-{part}" for part in range(4)]
        seen.add(name)
        time.sleep(0.002)
    finish(processes)
    assert [process.returncode for process in processes] == [0] * 3
    contents = [message["content"] for message in places.open(kind).get_chat_history("s")]
    assert contents in [[f"{me}-24-{part}" for part in range(4)] for me in "abc"]
    assert store.search("start") == []
    assert seen


@pytest.mark.parametrize("kind", ["default", "sqlite", "postgres"])
def test_a_writer_that_is_killed_in_the_middle_leaves_a_session_that_works(places: Places, kind: str) -> None:
    code = """
while True:
    store.add_user_message("s", "x" * 500)
    store.upsert_partial_assistant_message("s", "half")
    store.set_chat_history("s", [{"role": "user", "content": "one"}, {"role": "user", "content": "two"}])
    store.clear_session("s")
    store.set_chat_history("s", [{"role": "user", "content": f"{n}"} for n in range(9)])
"""
    allowed: list[Callable[[list[str]], bool]] = [
        lambda c: c in ([], ["one", "two"]),
        lambda c: c[:9] == [f"{n}" for n in range(9)],
        lambda c: set(c) <= {"x" * 500, "half"},
    ]
    for round_ in range(6):
        (process,) = places.start(kind, code, 0, ["w"])
        time.sleep(0.02 + 0.035 * round_)
        process.kill()
        finish([process])
        store = places.open(kind)
        contents = [message["content"] for message in store.get_chat_history("s")]
        assert any(rule(contents) for rule in allowed), contents
        store.clear_session("s")
        assert all_messages(store) == [] if store.session_exists("s") else True
