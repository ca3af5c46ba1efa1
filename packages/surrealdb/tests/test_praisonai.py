"""What PraisonAI 4.7.19 wrote can be read: records as its sources write them; it does not run with SDK 2 itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from surrealdb import BlockingEmbeddedSurrealConnection, RecordID, Surreal

from praison_persist import (
    ConversationMessage,
    ConversationSession,
    DimensionMismatchError,
    KnowledgeDocument,
    MigrationError,
)
from praison_persist_surrealdb import SurrealDBConversationStore, SurrealDBVectorKnowledgeStore

CONVERSATIONS, VECTORS = ("praisonai", "conversations"), ("praisonai", "vectors")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"surrealkv://{tmp_path}/db"


@pytest.fixture
def write(url: str) -> Callable[..., Any]:
    """Runs a query with the SDK alone."""

    def run(where: tuple[str, str], text: str, **variables: Any) -> Any:
        client = Surreal(url)
        assert isinstance(client, BlockingEmbeddedSurrealConnection)
        with client:
            client.use(*where)
            answers = client.query_raw(text, variables)["result"]
            assert [answer["status"] for answer in answers] == ["OK"] * len(answers), answers
            return answers[-1]["result"]

    return run


def _session(session_id: str, **fields: Any) -> dict[str, Any]:
    return {"session_id": session_id, "created_at": 1.5, "updated_at": 2.5, **fields}


def _message(id_: str, session_id: str, at: float, **fields: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "session_id": session_id,
        "role": "user",
        "content": f"text of {id_}",
        "created_at": at,
        **fields,
    }


@pytest.fixture
def conversations(write: Callable[..., Any]) -> None:
    """Two sessions, one of them made twice, and messages in no order, one of them of no session."""
    sessions = [
        _session("chat-1", user_id="ada", name="old", updated_at=2.0),
        _session("chat-1", user_id="ada", name="A talk", state={"step": 3, "tags": ["a"]}, metadata={}),
        _session("chat/2", agent_id="helper"),
    ]
    for row in sessions:
        write(CONVERSATIONS, "CREATE praison_sessions CONTENT $row", row=row)
    messages = [
        _message("m3", "chat-1", 12.0, tool_calls=[{"id": "c", "arguments": "{}"}], tool_call_id="c"),
        _message("m1", "chat-1", 10.0, metadata={"model": "m", "n": 1.5}),
        _message("6f0d1f3c-9a63-4c1e-8f0b-4a7c1c2d9e55", "chat-1", 11.0),
        _message("other", "chat/2", 5.0),
        _message("stray", "gone", 6.0),
    ]
    for row in messages:
        write(CONVERSATIONS, "CREATE praison_messages CONTENT $row", row=row)


@pytest.mark.usefixtures("conversations")
def test_sessions_and_messages_of_praisonai_are_read_in_the_order_of_their_times(url: str) -> None:
    with SurrealDBConversationStore(url) as store:
        assert store.get_session("chat-1") == ConversationSession(
            "chat-1", "ada", None, "A talk", {"step": 3, "tags": ["a"]}, {}, 1.5, 2.5
        )
        found = store.get_messages("chat-1")
        assert [message.id for message in found] == ["m1", "6f0d1f3c-9a63-4c1e-8f0b-4a7c1c2d9e55", "m3"]
        assert found[0] == ConversationMessage(
            "m1", "chat-1", "user", "text of m1", metadata={"model": "m", "n": 1.5}, created_at=10.0
        )
        assert found[2].tool_calls == [{"id": "c", "arguments": "{}"}]
        assert sorted(one.session_id for one in store.list_sessions()) == ["chat-1", "chat/2", "gone"]
        assert [message.id for message in store.get_messages("gone")] == ["stray"]
        assert [one.session_id for one in store.list_sessions(user_id="ada")] == ["chat-1"]


@pytest.mark.usefixtures("conversations")
def test_sessions_of_praisonai_go_on(url: str) -> None:
    with SurrealDBConversationStore(url) as store:
        store.add_message("chat-1", ConversationMessage("new", role="assistant", content="more"))
        store.add_message("chat-1", store.get_messages("chat-1")[0])
        assert [message.id for message in store.get_messages("chat-1", limit=2)] == ["m3", "new"]
        assert len(store.get_messages("chat-1")) == 4
        assert store.delete_messages("chat-1", ["m1", "nothing"]) == 1
        assert store.delete_session("chat-1") is True
        assert store.get_messages("chat-1") == []
        assert [message.id for message in store.get_messages("chat/2")] == ["other"]


@pytest.mark.usefixtures("conversations")
def test_records_are_adopted_once(url: str) -> None:
    for _ in range(2):
        with SurrealDBConversationStore(url) as store:
            store.setup()
            assert len(store.get_messages("chat-1")) == 3
            assert len(store.list_sessions()) == 3


def test_tables_of_a_newer_release_are_refused(url: str, write: Callable[..., Any]) -> None:
    write(CONVERSATIONS, "UPSERT $schema SET version = 2", schema=RecordID("praison_meta", "schema"))
    with SurrealDBConversationStore(url) as store, pytest.raises(MigrationError, match="upgrade"):
        store.list_sessions()


def test_without_auto_create_tables_only_setup_makes_them(url: str) -> None:
    with SurrealDBConversationStore(url, auto_create_tables=False) as store:
        with pytest.raises(MigrationError, match="setup"):
            store.list_sessions()
        store.setup()
        assert store.list_sessions() == []
    with SurrealDBConversationStore(url, auto_create_tables=False) as store:
        assert store.list_sessions() == []


@pytest.fixture
def vectors(write: Callable[..., Any]) -> None:
    """A collection as PraisonAI's store makes it, with a text and a number as ids, and a table of something else."""
    for id_, embedding in (("a", [1.0, 0.0]), (7, [0.0, 1.0])):
        write(
            VECTORS,
            "CREATE $id CONTENT $row",
            id=RecordID("docs", id_),
            row={
                "content": f"text {id_}",
                "embedding": embedding,
                "metadata": {"lang": "de"} if id_ == "a" else {},
                "content_hash": "0123456789abcdef",
                "created_at": 1.5,
            },
        )
    write(VECTORS, "CREATE elsewhere SET name = 'no collection'")


@pytest.mark.usefixtures("vectors")
def test_collections_of_praisonai_are_searched_and_written(url: str) -> None:
    with SurrealDBVectorKnowledgeStore(url) as store:
        assert store.list_collections() == ["docs"]
        info = store.describe_collection("docs")
        assert (info.dimension, info.distance) == (2, "cosine")
        assert [document.id for document in store.search("docs", [0.1, 1.0])] == ["7", "a"]
        assert [document.id for document in store.search("docs", [0.1, 1.0], filters={"lang": "de"})] == ["a"]
        assert store.get("docs", ["7", "a"]) == [
            KnowledgeDocument("7", "text 7", [0.0, 1.0], {}, "0123456789abcdef", 1.5),
            KnowledgeDocument("a", "text a", [1.0, 0.0], {"lang": "de"}, "0123456789abcdef", 1.5),
        ]
        with pytest.raises(DimensionMismatchError):
            store.insert("docs", [KnowledgeDocument("b", "", [1.0])])
        store.insert("docs", [KnowledgeDocument("b", "text b", [1.0, 1.0])])
        assert store.count("docs") == 3
        assert store.delete("docs", ["7", "b"]) == 2
        assert store.delete_collection("docs") is True
        assert store.list_collections() == []
