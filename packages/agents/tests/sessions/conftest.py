"""The session stores that the behaviour tests run over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from praison_persist import CONVERSATION_STORES
from praison_persist_agents.sessions import (
    ConversationSessionStore,
    DefaultSessionStore,
    HierarchicalSessionStore,
)

FILES = ("default", "hierarchical")
CONVERSATIONS = ("memory", "sqlite", "json", "async_sqlite", "postgres", "async_postgres")


@pytest.fixture
def conversations(request: pytest.FixtureRequest, tmp_path: Path, fresh_prefix: str) -> Iterator[Callable[[str], Any]]:
    """A conversation store of a backend, the same place for the whole test; each call opens it anew, but in memory."""
    opened: list[Any] = []

    def create(name: str) -> Any:
        if name == "memory":
            if not opened:
                opened.append(CONVERSATION_STORES.create(name))
            return opened[0]
        if name == "json":
            options: dict[str, Any] = {"path": str(tmp_path / "conversations")}
        elif "sqlite" in name:
            options = {"path": str(tmp_path / "conversations.db")}
        else:
            options = {"url": request.getfixturevalue("database_url"), "table_prefix": fresh_prefix}
        opened.append(CONVERSATION_STORES.create(name, **options))
        return opened[-1]

    yield create
    from praison_persist.aio import sync_view
    from praison_persist.conversation import AsyncConversationStore

    for store in opened:
        (sync_view(store) if isinstance(store, AsyncConversationStore) else store).close()


@pytest.fixture(params=[*FILES, *CONVERSATIONS])
def open_sessions(
    request: pytest.FixtureRequest, tmp_path: Path, conversations: Callable[[str], Any]
) -> Callable[..., Any]:
    """Opens a session store, each time as another process would: the same place, nothing in memory."""

    def create(**options: Any) -> Any:
        if request.param == "default":
            return DefaultSessionStore(tmp_path / "sessions", **options)
        if request.param == "hierarchical":
            return HierarchicalSessionStore(tmp_path / "sessions", **options)
        return ConversationSessionStore(conversations(request.param), **options)

    return create


@pytest.fixture
def store(open_sessions: Callable[..., Any]) -> Any:
    """One session store of each kind."""
    return open_sessions()


@pytest.fixture(params=["hierarchical", "memory", "sqlite", "postgres"])
def trees(request: pytest.FixtureRequest, tmp_path: Path, conversations: Callable[[str], Any]) -> Any:
    """One session store of each kind that forks and takes snapshots."""
    if request.param == "hierarchical":
        return HierarchicalSessionStore(tmp_path / "sessions")
    return ConversationSessionStore(conversations(request.param))
