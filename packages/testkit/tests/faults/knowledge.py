"""Knowledge stores with one fault each; the kit must catch every one. See test_mutants.py."""

from __future__ import annotations

import math
import time
from dataclasses import replace

from praison_persist.errors import AlreadyExistsError, DimensionMismatchError, NotFoundError, PartialWriteError
from praison_persist.filters import matches, parse_filter
from praison_persist.scores import DISTANCES
from praison_persist_memory import MemoryKnowledgeStore as Correct


class DropsFilters(Correct):
    def search(self, collection, query_embedding, limit=5, filters=None, score_threshold=None):
        parse_filter(filters)
        return super().search(collection, query_embedding, limit, None, score_threshold)


class FiltersAfterTheLimit(Correct):
    def search(self, collection, query_embedding, limit=5, filters=None, score_threshold=None):
        found = super().search(collection, query_embedding, limit, None, score_threshold)
        condition = parse_filter(filters)
        return [one for one in found if matches(condition, one.metadata)]


class NegationNeedsTheField(Correct):
    def _matching(self, info, condition):
        found = super()._matching(info, condition)
        if type(condition).__name__ != "Not" or not hasattr(condition.operand, "path"):
            return found
        return [item for item in found if condition.operand.path[0] in (item.document.metadata or {})]


class TrueIsOne(Correct):
    def count(self, collection, filters=None):
        if filters == {"ok": True}:
            filters = {"ok": {"$in": [True, 1]}}
        return super().count(collection, filters)


class DeleteIgnoresFilters(Correct):
    def delete(self, collection, ids=None, filters=None, *, all=False):  # noqa: A002
        return super().delete(collection, ids, filters, all=all) if filters is None else 0


class EmptyFilterDeletesAll(Correct):
    def delete(self, collection, ids=None, filters=None, *, all=False):  # noqa: A002
        return super().delete(collection, ids, filters or None, all=all or filters == {})


class DistanceAsScore(Correct):
    def search(self, *args, **kwargs):
        found = super().search(*args, **kwargs)
        for one in found:
            one.score = 1.0 - one.score
        return found


class FarthestFirst(Correct):
    def search(self, *args, **kwargs):
        return super().search(*args, **kwargs)[::-1]


class ZeroIsNoThreshold(Correct):
    def search(self, collection, query_embedding, limit=5, filters=None, score_threshold=None):
        return super().search(collection, query_embedding, limit, filters, score_threshold or None)


class AlwaysCosine(Correct):
    def create_collection(self, name, dimension, distance="cosine", metadata=None):
        return super().create_collection(name, dimension, "cosine" if distance == "dot" else distance, metadata)


class UnknownDistanceIsCosine(Correct):
    def create_collection(self, name, dimension, distance="cosine", metadata=None):
        distance = distance if distance in DISTANCES else "cosine"
        return super().create_collection(name, dimension, distance, metadata)


class SharedIdMap(Correct):
    """The engine's id is the place in the batch, so a later batch overwrites an earlier one."""

    def insert(self, collection, documents):
        ids = super().insert(collection, documents)
        taken = self.get(collection, [f"\u2063{i}" for i in range(len(ids))])
        super().delete(collection, [one.content for one in taken if one.content not in ids])
        marks = [replace(documents[i], id=f"\u2063{i}", content=id_) for i, id_ in enumerate(ids)]
        super().upsert(collection, marks)
        return ids

    def count(self, collection, filters=None):
        return len(list(self.iter_documents(collection, filters)))

    def iter_documents(self, collection, filters=None, *, batch_size=256):
        found = super().iter_documents(collection, filters, batch_size=batch_size)
        return (one for one in found if not one.id.startswith("\u2063"))


class UpsertMergesMetadata(Correct):
    def upsert(self, collection, documents):
        known = {one.id: one.metadata or {} for one in self.get(collection, [one.id for one in documents])}
        merged = [replace(one, metadata={**known.get(one.id, {}), **(one.metadata or {})} or None) for one in documents]
        return super().upsert(collection, merged)


class InsertOverwrites(Correct):
    def insert(self, collection, documents):
        try:
            return super().insert(collection, documents)
        except AlreadyExistsError:
            return super().upsert(collection, documents)


class InsertRaces(Correct):
    def insert(self, collection, documents):
        if super().get(collection, [one.id for one in documents]):
            raise AlreadyExistsError("exists")
        time.sleep(0.005)
        return super().upsert(collection, documents)


class WritesGoodOnesFirst(Correct):
    def insert(self, collection, documents):
        return [id_ for one in documents for id_ in super(WritesGoodOnesFirst, self).insert(collection, [one])]


class Normalises(Correct):
    def get(self, collection, ids):
        found = super().get(collection, ids)
        for one in found:
            length = math.hypot(*one.embedding) or 1.0
            one.embedding = [number / length for number in one.embedding]
        return found


class GivesNoEmbeddings(Correct):
    def get(self, collection, ids):
        return [replace(one, embedding=None) for one in super().get(collection, ids)]


class EngineOrder(Correct):
    def get(self, collection, ids):
        return sorted(super().get(collection, ids), key=lambda one: one.id)


class DropsNone(Correct):
    def insert(self, collection, documents):
        cleaned = [
            replace(one, metadata={k: v for k, v in one.metadata.items() if v is not None})
            if isinstance(one.metadata, dict)
            else one
            for one in documents
        ]
        return super().insert(collection, cleaned)


class ReservedKeys(Correct):
    """Metadata named like a field replaces the field."""

    def get(self, collection, ids):
        found = super().get(collection, ids)
        return [replace(one, content=(one.metadata or {}).get("content") or one.content) for one in found]


class MetadataIsDropped(Correct):
    def search(self, *args, **kwargs):
        return [replace(one, metadata=None) for one in super().search(*args, **kwargs)]


class CountsWhatWasAsked(Correct):
    def delete(self, collection, ids=None, filters=None, *, all=False):  # noqa: A002
        deleted = super().delete(collection, ids, filters, all=all)
        return deleted if ids is None else len(ids)


class AnyDimension(Correct):
    def insert(self, collection, documents):
        try:
            return super().insert(collection, documents)
        except DimensionMismatchError:
            return [one.id for one in documents]


class UnknownIsEmpty(Correct):
    def search(self, *args, **kwargs):
        try:
            return super().search(*args, **kwargs)
        except NotFoundError:
            return []


class DeletesUnknown(Correct):
    def delete_collection(self, name):
        super().delete_collection(name)
        return True


class TrailingNewline(Correct):
    def create_collection(self, name, dimension, distance="cosine", metadata=None):
        return super().create_collection(name.rstrip("\n") if name else name, dimension, distance, metadata)


class PagesOnce(Correct):
    def iter_documents(self, collection, filters=None, *, batch_size=256):
        found = list(super().iter_documents(collection, filters, batch_size=batch_size))
        return iter(found[:batch_size])


class LimitIsTruthy(Correct):
    def search(self, collection, query_embedding, limit=5, filters=None, score_threshold=None):
        return super().search(collection, query_embedding, limit or 5, filters, score_threshold)


class ForgetsTheLastBatch(Correct):
    def upsert_many(self, collection, documents, *, batch_size=256, progress=None):
        given = list(documents)
        whole = len(given) // batch_size * batch_size
        return super().upsert_many(collection, given[:whole], batch_size=batch_size, progress=progress)


class StopsSilently(Correct):
    def upsert_many(self, *args, **kwargs):
        try:
            return super().upsert_many(*args, **kwargs)
        except PartialWriteError as error:
            return error.stored


class IgnoresText(Correct):
    def search(self, collection, query_embedding, limit=5, filters=None, score_threshold=None, *, text=None, mode=None):
        return super().search(collection, query_embedding or [1.0, 1.0, 1.0], limit, filters, score_threshold)


MUTANTS: dict[type, str] = {
    ForgetsTheLastBatch: "test_upsert_many_takes_any_iterable_and_tells_its_progress",
    StopsSilently: "test_upsert_many_says_where_it_stopped",
    IgnoresText: "test_a_wrong_mode_or_text_is_refused",
    DropsFilters: "test_search_follows_the_truth_table",
    FiltersAfterTheLimit: "test_a_selective_filter_gives_all_that_match",
    NegationNeedsTheField: "test_count_follows_the_truth_table",
    TrueIsOne: "test_count_follows_the_truth_table",
    DeleteIgnoresFilters: "test_delete_follows_the_truth_table",
    EmptyFilterDeletesAll: "test_deleting_everything_takes_a_word",
    DistanceAsScore: "test_search_agrees_with_the_exact_reference",
    FarthestFirst: "test_search_agrees_with_the_exact_reference",
    ZeroIsNoThreshold: "test_a_threshold_works_on_the_score",
    AlwaysCosine: "test_search_agrees_with_the_exact_reference",
    UnknownDistanceIsCosine: "test_an_unknown_distance_is_refused",
    SharedIdMap: "test_two_inserts_keep_both",
    UpsertMergesMetadata: "test_upsert_replaces_the_whole_document",
    InsertOverwrites: "test_inserting_an_existing_id_writes_nothing",
    InsertRaces: "test_of_many_inserts_of_an_id_one_wins",
    WritesGoodOnesFirst: "test_a_bad_embedding_is_refused",
    Normalises: "test_embeddings_come_back_as_they_were",
    GivesNoEmbeddings: "test_get_gives_whole_documents_in_the_order_asked",
    EngineOrder: "test_get_gives_whole_documents_in_the_order_asked",
    DropsNone: "test_metadata_comes_back_with_its_types",
    ReservedKeys: "test_metadata_comes_back_with_its_types",
    MetadataIsDropped: "test_results_are_whole_but_for_the_embedding",
    CountsWhatWasAsked: "test_deleting_by_ids_counts_what_was_there",
    AnyDimension: "test_a_bad_embedding_is_refused",
    UnknownIsEmpty: "test_an_unknown_collection_is_not_found",
    DeletesUnknown: "test_delete_collection_deletes_its_documents",
    TrailingNewline: "test_a_bad_collection_name_is_refused",
    PagesOnce: "test_iter_documents_gives_all_with_embeddings",
    LimitIsTruthy: "test_the_limit_is_kept",
}
