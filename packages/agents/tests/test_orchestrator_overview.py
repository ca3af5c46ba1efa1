"""What the document "Persistence Overview" says of aliases, modes and threads, as it can be run here.

Its other statements: import paths in test_bridge_import_paths.py, offloading and loops in test_orchestrator_async.py,
the session cache in test_orchestrator_lifecycle.py, ``memory=True`` with the real client.
"""

from __future__ import annotations

import asyncio
import threading

import pytest

from praison_persist import CONVERSATION_STORES, AsyncConversationStore, ConversationStore, create_conversation_store
from praison_persist.first_party import BACKENDS
from praison_persist_agents.bridge.shim_names import CLASSES
from praison_persist_agents.orchestrator import PersistenceOrchestrator

ALIASES = {
    "neon": "postgres",
    "cockroachdb": "postgres",
    "xata": "postgres",
    "asyncpg": "async_postgres",
    "postgres_async": "async_postgres",
    "sqlite_sync": "sync_sqlite",
    "aiosqlite": "async_sqlite",
    "sqlite_async": "async_sqlite",
}


@pytest.mark.parametrize(("alias", "name"), ALIASES.items())
def test_aliases_lead_to_their_backend(alias, name):
    assert CONVERSATION_STORES.describe(alias).name == name


def test_sqlite_has_a_mode_for_each_kind_of_program(tmp_path):
    path = str(tmp_path / "c.db")
    assert isinstance(create_conversation_store("sqlite", mode="sync", path=path), ConversationStore)
    assert isinstance(create_conversation_store("sqlite", mode="async", path=path), AsyncConversationStore)


@pytest.mark.parametrize("backend", ["sync_sqlite", "async_sqlite"])
def test_sync_methods_are_safe_in_scripts_worker_threads_and_inside_a_running_loop(backend, tmp_path):
    with PersistenceOrchestrator(CONVERSATION_STORES.create(backend, path=str(tmp_path / "c.db"))) as orchestrator:
        errors = []

        def use(name):
            try:
                orchestrator.on_agent_start(None, "s")
                orchestrator.on_message("s", "user", name)
                assert orchestrator.get_session("s") is not None
                assert name in [m.content for m in orchestrator.get_messages("s")]
            except Exception as error:
                errors.append(error)

        async def inside():
            use("loop")

        use("script")
        threads = [threading.Thread(target=use, args=(f"thread {number}",)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        asyncio.run(inside())
        assert errors == []
        assert len(orchestrator.get_messages("s")) == 6


def test_every_installed_backend_of_the_import_paths_is_one_of_ours():
    for kind, backends in BACKENDS.items():
        classes = {backend for _, backend in CLASSES[f"praisonai.persistence.{kind}"].values()}
        assert classes & set(backends), kind
