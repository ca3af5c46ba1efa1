"""The knowledge contract with either client of Upstash Vector, on the stand-in; on Upstash where indexes are named.

PRAISON_PERSIST_TEST_UPSTASH_VECTOR_3_COSINE=https://:TOKEN@name-vector.upstash.io names an index of dimension 3 and
cosine similarity that tests may write to; likewise ..._16_DOT_PRODUCT and others. Tests without an index are skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest

from praison_persist_testkit import KnowledgeConformance, Target, never
from praison_persist_upstash import UpstashVectorKnowledgeStore

_FIXED = never("an index has one dimension and one metric, which are chosen in the console")

DEVIATIONS = {
    "test_a_collection_is_described_as_it_was_created": _FIXED,
    "test_a_collection_created_anew_is_another": _FIXED,
    "test_one_of_many_creators_wins": _FIXED,
    "test_a_zero_vector_is_refused_under_cosine_only": _FIXED,
    "test_of_many_inserts_of_an_id_one_wins": never(
        "Upstash has no conditional write and shows writes late: an insert looks first, then writes"
    ),
}

_INDEXES = {
    "test_collection_metadata_keeps_its_types": (2, "cosine"),
    "test_collections_are_listed_sorted": (2, "cosine"),
    "test_creating_a_collection_twice_is_refused": (3, "dot_product"),
    "test_another_store_sees_the_collections": (3, "dot_product"),
    "test_random_filters_mean_what_the_reference_says": (3, "dot_product"),
    "test_a_selective_filter_gives_all_that_match": (8, "cosine"),
    "test_embeddings_come_back_as_they_were": (24, None),
    "test_search_agrees_with_the_exact_reference": (16, None),
    "test_a_threshold_works_on_the_score": (16, None),
    "test_a_filter_keeps_the_order_and_scores": (16, None),
}
"""The index that a test needs by dimension and metric, which may be the test's case; others need (3, "cosine")."""

_METRICS = {"dot": "dot_product", "euclidean": "euclidean"}

Find = Callable[[int, str], tuple[str, str | None]]


@pytest.fixture
def options(request: pytest.FixtureRequest, index_url: Find, fresh_prefix: str) -> Iterator[dict[str, Any]]:
    """URL, options and secret on the index that the test needs; what it leaves on Upstash's own is deleted."""
    dimension, metric = _INDEXES.get(request.node.originalname, (3, "cosine"))
    url, token = index_url(dimension, metric or _METRICS.get(request.node.callspec.id, "cosine"))
    given: dict[str, Any] = {"collection_prefix": fresh_prefix, **({"token": token} if token else {})}
    yield {"url": url, "options": given, "secret": token or urlsplit(url).password}
    if token is None:
        with UpstashVectorKnowledgeStore(url, **given) as store:
            for name in store.list_collections():
                store.delete_collection(name)


class TestUpstashVector(KnowledgeConformance):
    deviations: ClassVar = DEVIATIONS
    machine_distances: ClassVar = ("cosine",)
    watchdog_seconds = 400  # every call is some HTTP requests, and the random calls are some thousands

    @pytest.fixture
    def target(self, options: dict[str, Any]) -> Target:
        return Target("upstash_vector", **options)


class TestAsyncUpstashVector(KnowledgeConformance):
    deviations: ClassVar = DEVIATIONS
    machine_distances: ClassVar = ("cosine",)
    watchdog_seconds = 400  # every call is some HTTP requests, and the random calls are some thousands

    @pytest.fixture
    def target(self, options: dict[str, Any]) -> Target:
        return Target("async_upstash_vector", **options)
