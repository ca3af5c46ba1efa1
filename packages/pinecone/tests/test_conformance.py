"""The conformance suite with either client, on the stand-in; on Pinecone itself where its URL is given.

PRAISON_PERSIST_TEST_PINECONE_URL=https://KEY@api.pinecone.io names a project that tests may fill with indexes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar
from urllib.parse import urlsplit

import pytest

from praison_persist_pinecone import PineconeKnowledgeStore
from praison_persist_testkit import KnowledgeConformance, Target, never

DEVIATIONS = {
    "test_a_megabyte_comes_back": never("a record keeps 40 KB of metadata; more is an InvalidInputError, not sent"),
    "test_of_many_inserts_of_an_id_one_wins": never(
        "Pinecone has no conditional write and shows writes late: an insert looks first, then writes"
    ),
}


def key_of(url: str) -> str | None:
    """The API key in a URL."""
    parts = urlsplit(url)
    return parts.password or parts.username


@pytest.fixture
def emptied(pinecone_url: str, fresh_prefix: str) -> Iterator[str]:
    """A prefix whose indexes are deleted after the test: a project may have few."""
    yield fresh_prefix
    with PineconeKnowledgeStore(pinecone_url, collection_prefix=fresh_prefix) as store:
        for name in store.list_collections():
            store.delete_collection(name)


class TestPinecone(KnowledgeConformance):
    deviations: ClassVar = DEVIATIONS
    watchdog_seconds = 400  # every call is some HTTP requests, and the random calls are some thousands

    @pytest.fixture
    def target(self, pinecone_url: str, emptied: str) -> Target:
        return Target("pinecone", url=pinecone_url, options={"collection_prefix": emptied}, secret=key_of(pinecone_url))


class TestAsyncPinecone(KnowledgeConformance):
    deviations: ClassVar = DEVIATIONS
    watchdog_seconds = 400  # every call is some HTTP requests, and the random calls are some thousands

    @pytest.fixture
    def target(self, pinecone_url: str, emptied: str) -> Target:
        return Target(
            "async_pinecone", url=pinecone_url, options={"collection_prefix": emptied}, secret=key_of(pinecone_url)
        )
