"""What LlamaIndex's vector store methods do with a knowledge store, once for blocking and asynchronous callers.

Steps over one collection (see `praison_persist.steps`); LlamaIndex's signatures are in `vectorstore`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from llama_index.core.schema import BaseNode
from llama_index.core.vector_stores.types import MetadataFilters, VectorStoreQueryResult

from praison_persist.diversity import diverse
from praison_persist.errors import InvalidInputError, NotFoundError
from praison_persist.filters import matches, parse_filter
from praison_persist.knowledge import AsyncKnowledgeStore, CollectionInfo, KnowledgeDocument, KnowledgeStore
from praison_persist.scores import Distance, exact_search
from praison_persist.steps import Steps

from . import convert
from .arguments import Asked
from .filters import to_filters

__all__ = ["Collection"]


@dataclass(frozen=True)
class Collection:
    """One collection of a store, blocking or asynchronous.

    Attributes:
        name: the collection's.
        store: where it is.
        create: the distance with which the first nodes create it; None: it must exist.
    """

    name: str
    store: KnowledgeStore | AsyncKnowledgeStore
    create: Distance | None

    def add(self, nodes: Sequence[BaseNode], batch_size: int | None) -> Steps[list[str]]:
        """Upsert; the ids."""
        documents = list(map(convert.to_document, nodes))
        if not documents and self.create is not None:
            return []
        try:
            return (yield from self._upserted(documents, batch_size))
        except NotFoundError:
            if self.create is None:
                raise
            yield self.store.create_collection(self.name, _dimension(documents[0]), self.create)
            return (yield from self._upserted(documents, batch_size))

    def _upserted(self, documents: list[KnowledgeDocument], batch_size: int | None) -> Steps[list[str]]:
        if batch_size is None:
            return (yield self.store.upsert(self.name, documents))
        yield self.store.upsert_many(self.name, documents, batch_size=batch_size)
        return [document.id for document in documents]

    def get(self, ids: Sequence[str] | None, filters: MetadataFilters | None) -> Steps[list[BaseNode]]:
        """The nodes that exist and match, with embeddings; in the order of the ids, where there are some."""
        wanted = to_filters(filters)
        found: Any
        if ids is not None:
            condition = parse_filter(wanted)
            found = yield self.store.get(self.name, list(ids))
            found = [document for document in found if matches(condition, document.metadata)]
        elif isinstance(self.store, AsyncKnowledgeStore):
            found = yield _listed(self.store.iter_documents(self.name, wanted))
        else:
            found = list(self.store.iter_documents(self.name, wanted))
        return list(map(convert.to_node, found))

    def delete(self, ids: Sequence[str] | None, filters: MetadataFilters | None) -> Steps[None]:
        """Delete what is named by ids, by filters, or by both."""
        yield self.store.delete(self.name, None if ids is None else list(ids), to_filters(filters))

    def delete_source(self, ref_doc_id: str) -> Steps[None]:
        """Delete the nodes that are from this document."""
        yield self.store.delete(self.name, filters={convert.SOURCE: ref_doc_id})

    def clear(self) -> Steps[None]:
        """Delete all nodes."""
        yield self.store.delete(self.name, all=True)

    def query(self, asked: Asked) -> Steps[VectorStoreQueryResult]:
        """The best nodes, with the contract's score as similarity."""
        limit = asked.limit if asked.diversity is None else asked.diversity.fetch
        found: list[KnowledgeDocument]
        if asked.ids is None:
            found = yield self.store.search(
                self.name,
                asked.vector,
                limit,
                asked.filters,
                asked.score_threshold,
                text=asked.text,
                mode=asked.mode,
            )
            scores = [document.score or 0.0 for document in found]
        else:
            info: CollectionInfo = yield self.store.describe_collection(self.name)
            near = _ranked((yield self.store.get(self.name, list(asked.ids))), asked, info.distance, limit)
            found, scores = [document for document, _ in near], [score for _, score in near]
        pairs = list(zip(found, scores, strict=True))
        if asked.diversity is not None:
            # The search gives no vectors; what is deleted in between is left out.
            whole: list[KnowledgeDocument] = yield self.store.get(self.name, [document.id for document in found])
            vectors = {document.id: document.embedding or [] for document in whole}
            pairs = [pair for pair in pairs if pair[0].id in vectors]
            candidates = [vectors[document.id] for document, _ in pairs]
            chosen = diverse(asked.vector or [], candidates, asked.limit, asked.diversity.threshold)
            pairs = [pairs[index] for index in chosen]
        return VectorStoreQueryResult(
            nodes=[convert.to_node(document) for document, _ in pairs],
            similarities=[score for _, score in pairs],
            ids=[document.id for document, _ in pairs],
        )


def _dimension(document: KnowledgeDocument) -> int:
    if not document.embedding:
        raise InvalidInputError(f"node {document.id!r} has no embedding", hint="embed nodes before adding them")
    return len(document.embedding)


def _ranked(
    documents: Sequence[KnowledgeDocument], asked: Asked, distance: Distance, limit: int
) -> list[tuple[KnowledgeDocument, float]]:
    """Some named documents, which no search can be restricted to, ranked here."""
    return exact_search(
        [(document, document.embedding or [], document.metadata) for document in documents],
        asked.vector or [],
        distance=distance,
        limit=limit,
        condition=parse_filter(asked.filters),
        threshold=asked.score_threshold,
    )


async def _listed(found: AsyncIterator[KnowledgeDocument]) -> list[KnowledgeDocument]:
    return [document async for document in found]
