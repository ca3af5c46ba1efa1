"""LangChain's own standard suite for vector stores, on knowledge stores made native."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain_core.vectorstores import VectorStore
from langchain_tests.integration_tests.vectorstores import EMBEDDING_SIZE, VectorStoreIntegrationTests

from praison_persist import KNOWLEDGE_STORES
from praison_persist_langchain import as_langchain


class OnAStore(VectorStoreIntegrationTests):
    """The suite on one collection of the store that a subclass names."""

    backend = ""
    url: str | None = None

    @pytest.fixture
    def vectorstore(self) -> Iterator[VectorStore]:
        with KNOWLEDGE_STORES.create(self.backend, url=self.url) as store:
            store.create_collection("docs", EMBEDDING_SIZE)
            yield as_langchain(store, "docs", self.get_embeddings())


class TestMemory(OnAStore):
    backend = "memory"


class TestQdrant(OnAStore):
    backend, url = "qdrant", ":memory:"


class TestChroma(OnAStore):
    backend = "chroma"


class TestLanceDB(OnAStore):
    backend, url = "lancedb", "memory://"


class TestLanceDBWithItsTwin(VectorStoreIntegrationTests):
    """The asynchronous methods run on the asynchronous store, the others on the blocking one, over the same files."""

    @pytest.fixture
    def vectorstore(self, tmp_path: Path) -> Iterator[VectorStore]:
        twin = KNOWLEDGE_STORES.create("async_lancedb", path=tmp_path / "data")
        with KNOWLEDGE_STORES.create("lancedb", path=tmp_path / "data") as store:
            store.create_collection("docs", EMBEDDING_SIZE)
            yield as_langchain(store, "docs", self.get_embeddings(), async_store=twin)
            asyncio.run(twin.close())
