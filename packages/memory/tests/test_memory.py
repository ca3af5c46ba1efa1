"""What the conformance suite cannot see from outside: exactness of the fast search, expiry bookkeeping, copies."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest

from praison_persist.errors import ConfigurationError
from praison_persist.filters import parse_filter
from praison_persist.knowledge import KnowledgeDocument
from praison_persist.scores import DISTANCES, Distance, exact_search
from praison_persist_memory import MemoryConversationStore, MemoryKnowledgeStore, MemoryStateStore


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("scale", [1e-20, 1.0, 1e15])
def test_a_search_is_exactly_the_reference_also_among_near_ties(distance: Distance, scale: float) -> None:
    random.seed(7)
    base = [random.gauss(0, scale) for _ in range(16)]
    documents = [
        KnowledgeDocument(
            id=str(number),
            embedding=[x * (1 + random.gauss(0, 10.0 ** random.randint(-15, 0))) for x in base],
            metadata={"n": number % 7},
        )
        for number in range(400)
    ]
    documents += [KnowledgeDocument(id=f"twin-{n}", embedding=base, metadata={"n": 3}) for n in range(20)]
    store = MemoryKnowledgeStore()
    store.create_collection("c", 16, distance)
    store.insert("c", documents)
    for filters in (None, {"n": {"$gte": 3}}):
        for threshold in (None, 0.0):
            expected = exact_search(
                ((d.id, d.embedding or [], d.metadata) for d in documents),
                base,
                distance=distance,
                limit=10,
                condition=parse_filter(filters),
                threshold=threshold,
            )
            found = store.search("c", base, limit=10, filters=filters, score_threshold=threshold)
            assert [(d.id, d.score) for d in found] == expected


def test_vectors_keep_double_precision() -> None:
    store = MemoryKnowledgeStore()
    store.create_collection("c", 2)
    store.insert("c", [KnowledgeDocument(id="d", embedding=[0.1, 1e-50])])
    assert store.get("c", ["d"])[0].embedding == [0.1, 1e-50]


def test_a_key_that_is_set_again_and_again_does_not_grow_the_bookkeeping_of_expiry() -> None:
    store = MemoryStateStore()
    for _ in range(5_000):
        store.set("key", 1, ttl=3600)
    table: Any = store._handle._table
    assert len(table._due) < 500


def test_expired_keys_are_forgotten_without_being_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStateStore()
    for number in range(100):
        store.set(f"key-{number}", 1, ttl=10)
    store.set("stays", 1)
    later = time.time() + 11
    monkeypatch.setattr(time, "time", lambda: later)
    store.get("stays")
    table: Any = store._handle._table
    assert table.names() == ["stays"]
    assert table._due == []


@pytest.mark.parametrize("store_class", [MemoryConversationStore, MemoryKnowledgeStore, MemoryStateStore])
def test_only_a_url_of_this_process_is_taken(store_class: Any) -> None:
    for url in (None, "memory://", ":memory:"):
        store_class(url=url)
    with pytest.raises(ConfigurationError) as caught:
        store_class(url="postgresql://user:hunter2@host/db")
    assert "hunter2" not in str(caught.value)
    assert "postgresql" in str(caught.value)
