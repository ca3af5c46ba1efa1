"""One file of the embedded engine for all tests of a module; servers are `milvus_url` and `milvus_engine`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from praison_persist_milvus import MilvusKnowledgeStore


@pytest.fixture(scope="session")
def milvus_lite() -> None:
    """Skips where Milvus Lite has no wheel; a broken installation fails."""
    if sys.platform == "win32":
        pytest.skip("milvus-lite has no wheel for Windows")


@pytest.fixture(scope="module")
def milvus_place(tmp_path_factory: pytest.TempPathFactory, milvus_lite: None) -> Iterator[str]:
    """A file whose engine runs until the module is done."""
    path = str(tmp_path_factory.mktemp("milvus") / "milvus.db")
    with MilvusKnowledgeStore(path=path) as store:
        store.setup()
        yield path


@pytest.fixture
def emptied(milvus_place: str, fresh_prefix: str) -> Iterator[str]:
    """A prefix whose collections are deleted after the test: Milvus keeps all of them in memory."""
    yield fresh_prefix
    with MilvusKnowledgeStore(milvus_place, collection_prefix=fresh_prefix) as store:
        for name in store.list_collections():
            store.delete_collection(name)
