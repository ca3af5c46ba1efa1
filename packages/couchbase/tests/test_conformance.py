"""The conformance suite with either client, on the stand-in; on a cluster where its URL is given.

PRAISON_PERSIST_TEST_COUCHBASE_URL=couchbases://user:password@host/bucket names a bucket that tests may fill.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from praison_persist_couchbase import CouchbaseKnowledgeStore
from praison_persist_testkit import KnowledgeConformance, Target


@pytest.fixture
def emptied(couchbase_url: str, fresh_prefix: str) -> Iterator[str]:
    """A prefix whose collections are deleted after the test: the stand-in's queries read all that is there."""
    yield fresh_prefix
    with CouchbaseKnowledgeStore(couchbase_url, collection_prefix=fresh_prefix) as store:
        for name in store.list_collections():
            store.delete_collection(name)


class TestCouchbase(KnowledgeConformance):
    @pytest.fixture
    def target(self, couchbase_url: str, emptied: str) -> Target:
        secret = urlsplit(couchbase_url).password
        return Target("couchbase", url=couchbase_url, options={"collection_prefix": emptied}, secret=secret)


class TestAsyncCouchbase(KnowledgeConformance):
    @pytest.fixture
    def target(self, couchbase_url: str, emptied: str) -> Target:
        secret = urlsplit(couchbase_url).password
        return Target("async_couchbase", url=couchbase_url, options={"collection_prefix": emptied}, secret=secret)
