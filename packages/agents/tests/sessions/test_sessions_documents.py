"""The snippets of PraisonAI's page on the session store protocol, over our stores. Those with agents and bots are in
``tests/client``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


def test_a_custom_store_has_the_shape_of_the_protocol() -> None:
    from praison_persist_agents.sessions import SessionStoreProtocol

    class RedisSessionStore:
        """Your custom Redis-backed session store."""

        def add_message(self, session_id, role, content, metadata=None):
            return True

        def get_chat_history(self, session_id, max_messages=None):
            return [{"role": "user", "content": "Hi"}]

        def clear_session(self, session_id):
            return True

        def delete_session(self, session_id):
            return True

        def session_exists(self, session_id):
            return False

    store = RedisSessionStore()
    assert isinstance(store, SessionStoreProtocol)


@pytest.mark.parametrize(
    "missing", ["add_message", "get_chat_history", "clear_session", "delete_session", "session_exists"]
)
def test_a_store_without_one_of_the_five_methods_has_not(missing: str) -> None:
    from praison_persist_agents.sessions import SessionStoreProtocol

    names = {"add_message", "get_chat_history", "clear_session", "delete_session", "session_exists"} - {missing}
    store = type("Store", (), {name: lambda self: None for name in names})()
    assert not isinstance(store, SessionStoreProtocol)


def test_the_default_store_takes_a_directory_and_a_window(tmp_path: Path) -> None:
    from praison_persist_agents.sessions import DefaultSessionStore

    store = DefaultSessionStore(
        session_dir=str(tmp_path / "custom" / "path"),
        max_messages=200,
    )
    store.set_chat_history("s", [{"role": "user", "content": str(n)} for n in range(250)])
    assert len(store.get_chat_history("s")) == 201
    assert len(store.export_session("s")["sessions"][0]["archived_messages"]) == 50  # none is lost


def test_the_hierarchical_store_forks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRAISONAI_HOME", str(tmp_path))
    from praison_persist_agents.sessions import HierarchicalSessionStore

    store = HierarchicalSessionStore()
    parent = store.create_session(title="Main")
    child = store.fork_session(parent, from_message_index=5)
    assert store.get_parent(child) == parent
    assert (tmp_path / "sessions" / f"{child}.json").exists()


def test_the_in_memory_store_of_the_documents_agrees_with_ours(tmp_path: Path) -> None:
    from praison_persist_agents.sessions import DefaultSessionStore, SessionStoreProtocol

    class InMemorySessionStore:
        """Fast in-memory store for unit tests."""

        def __init__(self):
            self._data: dict[str, list[dict[str, Any]]] = {}

        def add_message(self, session_id, role, content, metadata=None):
            self._data.setdefault(session_id, []).append({"role": role, "content": content})
            return True

        def get_chat_history(self, session_id, max_messages=None):
            msgs = self._data.get(session_id, [])
            return msgs[-max_messages:] if max_messages else list(msgs)

        def clear_session(self, session_id):
            self._data[session_id] = []
            return True

        def delete_session(self, session_id):
            self._data.pop(session_id, None)
            return True

        def session_exists(self, session_id):
            return session_id in self._data

    theirs, ours = InMemorySessionStore(), DefaultSessionStore(tmp_path)
    assert isinstance(theirs, SessionStoreProtocol)
    for store in (theirs, ours):
        for number in range(5):
            assert store.add_message("s", "user", str(number), {"k": 1}) is True
    assert ours.get_chat_history("s") == theirs.get_chat_history("s")
    assert ours.get_chat_history("s", 2) == theirs.get_chat_history("s", 2)
    assert ours.session_exists("s") is theirs.session_exists("s") is True
    assert ours.clear_session("s") is theirs.clear_session("s") is True
    assert ours.get_chat_history("s") == theirs.get_chat_history("s") == []
    assert ours.delete_session("s") is theirs.delete_session("s") is True
    assert ours.session_exists("s") is theirs.session_exists("s") is False


def test_importing_the_package_of_session_stores_is_cheap() -> None:
    import subprocess
    import sys

    code = (
        "import sys, praison_persist_agents.sessions\n"
        "from praison_persist_agents.sessions import DefaultSessionStore, HierarchicalSessionStore\n"
        "absent = ('praisonaiagents', 'praisonai', 'psycopg', 'praison_persist_sqlite')\n"
        "print([name for name in absent if name in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
