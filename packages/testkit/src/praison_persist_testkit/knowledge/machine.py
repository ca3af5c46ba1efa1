"""Random sequences of calls, compared step by step with a dictionary."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from praison_persist.errors import AlreadyExistsError, InvalidInputError
from praison_persist.filters import matches, parse_filter
from praison_persist.scores import score

from ..running import Harness, refuses
from ..stateful import run_machine
from ..suite import Suite, clause
from .build import assert_document, document, vectors

__all__ = ["Machine"]

_runs = itertools.count()
_ROWS = vectors(12, 3, 6)
_ids = st.sampled_from(["a", "b", "A", "a/1"])
_metadata = st.sampled_from([None, {}, {"x": 1}, {"x": 2, "y": {"z": None}}, {"x": "1", "list": [1, "\x00"]}])
_filters = st.sampled_from([None, {"x": 1}, {"x": {"$ne": 1}}, {"y.z": None}, {"list": {"$exists": True}}])


def _document(id_: str, row: int, text: str, metadata: Any) -> Any:
    return document(id_, text, _ROWS[row], metadata=metadata)


_documents = st.builds(
    _document,
    _ids,
    st.integers(0, 11),
    st.sampled_from(["", "text", "\ud800"]),
    _metadata,
)
_batches = st.lists(_documents, max_size=4)


class Machine(Suite):
    """The whole contract at once.

    Attributes:
        machine_distances: of the collections that are tried; fewer where one place offers only some.
    """

    machine_distances: ClassVar[tuple[str, ...]] = ("cosine", "dot", "euclidean")

    @clause
    def test_random_calls_agree_with_the_model(self, harness: Harness) -> None:
        """Whatever the order of calls, the store says what a simple model says."""
        run_machine(lambda: KnowledgeMachine(harness, self.machine_distances))


class KnowledgeMachine(RuleBasedStateMachine):
    """A collection of its own for each example."""

    def __init__(self, harness: Harness, distances: Sequence[str]) -> None:
        super().__init__()
        self.distances = distances
        self.store, self.run = harness.opened[0], harness.run
        self.name = f"run_{next(_runs)}"
        self.known: dict[str, Any] = {}
        self.distance: Any = None

    @initialize(choice=st.integers(0, 5))
    def create(self, choice: int) -> None:
        self.distance = self.distances[choice % len(self.distances)]
        self.run(self.store.create_collection(self.name, 3, self.distance))

    @rule(batch=_batches)
    def insert(self, batch: list[Any]) -> None:
        ids = [one.id for one in batch]
        if len(set(ids)) < len(ids) or self.known.keys() & set(ids):
            with refuses(AlreadyExistsError):
                self.run(self.store.insert(self.name, batch))
        else:
            assert self.run(self.store.insert(self.name, batch)) == ids
            self.known.update({one.id: one for one in batch})

    @rule(batch=_batches)
    def upsert(self, batch: list[Any]) -> None:
        assert self.run(self.store.upsert(self.name, batch)) == [one.id for one in batch]
        self.known.update({one.id: one for one in batch})

    @rule(ids=st.none() | st.lists(_ids, max_size=3), filters=_filters)
    def delete(self, ids: list[str] | None, filters: dict[str, Any] | None) -> None:
        if ids is None and filters is None:
            with refuses(InvalidInputError):
                self.run(self.store.delete(self.name))
            return
        gone = [id_ for id_ in self._matching(filters) if ids is None or id_ in ids]
        assert self.run(self.store.delete(self.name, ids, filters)) == len(gone)
        for id_ in gone:
            del self.known[id_]

    @rule(row=st.integers(0, 11), limit=st.integers(0, 5), filters=_filters)
    def search(self, row: int, limit: int, filters: dict[str, Any] | None) -> None:
        found = self.run(self.store.search(self.name, _ROWS[row], limit, filters))
        scores = {id_: score(self.distance, self.known[id_].embedding, _ROWS[row]) for id_ in self._matching(filters)}
        best = sorted(scores.values(), reverse=True)[:limit]
        assert len(found) == len(best)
        for one, expected in zip(found, best, strict=True):
            assert abs(one.score - expected) < 1e-3
            assert abs(scores[one.id] - expected) < 1e-4
            assert one.content == self.known[one.id].content

    @invariant()
    def the_store_holds_what_the_model_holds(self) -> None:
        if self.distance is None:
            return
        assert self.run(self.store.count(self.name)) == len(self.known)
        found = self.run(self.store.get(self.name, sorted(self.known)))
        assert [one.id for one in found] == sorted(self.known)
        for one in found:
            assert_document(one, self.known[one.id])

    def teardown(self) -> None:
        if self.distance is not None:
            self.run(self.store.delete_collection(self.name))

    def _matching(self, filters: dict[str, Any] | None) -> list[str]:
        condition = parse_filter(filters)
        return [id_ for id_, one in self.known.items() if matches(condition, one.metadata)]
