"""What differs between LlamaIndex's vector stores behind their one interface: text, filters, listing, ids, distances.

`AnyVectorStore` knows the interface only, and refuses what that cannot do; the others add what their vector store can.
They are told apart by name, so that none is imported.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from llama_index.core.schema import BaseNode, MetadataMode, NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.vector_stores.types import BasePydanticVectorStore, VectorStoreQuery, VectorStoreQueryResult
from llama_index.core.vector_stores.utils import metadata_dict_to_node, node_to_metadata_dict

from praison_persist.adapting.chroma import Keys, chroma_distance, chroma_score
from praison_persist.adapting.partner import Partner, kind_of
from praison_persist.adapting.qdrant import qdrant_distance, qdrant_fields, qdrant_filter, qdrant_key, qdrant_score
from praison_persist.adapting.records import (
    EXACT,
    PREFIX,
    packed,
    plain,
    to_document,
    to_metadata,
    to_text,
    unpacked,
)
from praison_persist.errors import InvalidInputError, UnsupportedError, UnsupportedFilterError
from praison_persist.filters import Filter
from praison_persist.jsontext import decode
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.scores import Distance

__all__ = ["AnyVectorStore", "partner_of"]


class AnyVectorStore(Partner):
    """Any vector store, by LlamaIndex's interface alone: filters mean what they like there, and nothing lists nodes."""

    framework = "LlamaIndex"

    def add(self, documents: Sequence[KnowledgeDocument]) -> None:
        pairs = zip(self.keys_of([document.id for document in documents]), documents, strict=True)
        kept = self.vectorstore.stores_text
        self.vectorstore.add([_node(key, one, to_metadata(one, text=not kept), one.embedding) for key, one in pairs])

    def replace(self, documents: Sequence[KnowledgeDocument]) -> None:
        # Some vector stores keep the old node of an id, some have both.
        if there := self.get(self.keys_of([document.id for document in documents])):
            self.delete(self.keys_of([document.id for document in there]))
        self.add(documents)

    def get(self, keys: Sequence[str]) -> list[KnowledgeDocument]:
        return _documents(self.vectorstore.get_nodes(node_ids=list(keys))) if keys else []

    def delete(self, keys: Sequence[str]) -> None:
        if type(self.vectorstore).delete_nodes is not BasePydanticVectorStore.delete_nodes:
            if keys:
                self.vectorstore.delete_nodes(node_ids=list(keys))
            return
        for key in keys:
            self.vectorstore.delete(key)

    def nearest(
        self, vector: list[float], k: int, distance: Distance, condition: Filter | None
    ) -> tuple[list[KnowledgeDocument], bool]:
        if condition is not None:
            raise self.no("filters", UnsupportedFilterError)
        return self._nearest(vector, k), False

    def _nearest(self, vector: list[float], k: int, **keywords: Any) -> list[KnowledgeDocument]:
        found = self._query(vector, k, **keywords)
        if found.nodes is None:
            return self.get(found.ids or [])
        foreign = [node.node_id for node in found.nodes if EXACT not in node.metadata and node.embedding is None]
        ours = [node for node in found.nodes if node.node_id not in foreign]
        return [*_documents(ours), *self.get(foreign)]

    def _query(self, vector: list[float], k: int, **keywords: Any) -> VectorStoreQueryResult:
        return self.vectorstore.query(VectorStoreQuery(query_embedding=vector, similarity_top_k=k), **keywords)


class Simple(AnyVectorStore):
    """`llama_index.core.vector_stores.SimpleVectorStore`: no text, and everything can be looked at."""

    def __init__(self, vectorstore: Any) -> None:
        super().__init__(vectorstore)
        self._lock = threading.RLock()  # it must not change while it is searched

    def add(self, documents: Sequence[KnowledgeDocument]) -> None:
        with self._lock:
            super().add(documents)

    replace = add

    def get(self, keys: Sequence[str]) -> list[KnowledgeDocument]:
        data = self.vectorstore.data
        with self._lock:
            found = {
                key: (data.embedding_dict[key], data.metadata_dict[key]) for key in keys if key in data.embedding_dict
            }
        return [_document(key, "", metadata, vector) for key, (vector, metadata) in found.items()]

    def delete(self, keys: Sequence[str]) -> None:
        with self._lock:
            super().delete(keys)

    def nearest(
        self, vector: list[float], k: int, distance: Distance, condition: Filter | None
    ) -> tuple[list[KnowledgeDocument], bool]:
        with self._lock:
            if (
                distance != "cosine" or condition is not None
            ):  # it ranks by cosine, and its filters are not the contract's
                return self.get(self.keys(condition)), False
            return self._nearest(vector, k), False

    def keys(self, condition: Filter | None) -> list[str]:
        with self._lock:
            return list(self.vectorstore.data.embedding_dict)


class Chroma(AnyVectorStore):
    """`llama_index.vector_stores.chroma.ChromaVectorStore`, through its collection.

    Its own methods do not replace nodes, refuse lists in metadata, and make of distances ``exp(-distance)``, which
    overflows for dot products. The records are as it writes and reads them.
    """

    def distances(self) -> Sequence[Distance]:
        return (chroma_distance(self.vectorstore.client.configuration_json),)

    def add(self, documents: Sequence[KnowledgeDocument]) -> None:
        self._write(documents, {})

    def replace(self, documents: Sequence[KnowledgeDocument]) -> None:
        old = self.vectorstore.client.get(ids=[document.id for document in documents], include=["metadatas"])
        self._write(documents, dict(zip(old["ids"], old["metadatas"], strict=True)))

    def _write(self, documents: Sequence[KnowledgeDocument], before: Mapping[str, Any]) -> None:
        nodes = [_node(one.id, one, to_metadata(one, _KEYS.of, vector=False)) for one in documents]
        self.vectorstore.client.upsert(
            [document.id for document in documents],
            [document.embedding for document in documents],
            # Chroma merges metadata; None takes a key away.
            [dict.fromkeys(before.get(one.id_) or ()) | node_to_metadata_dict(one, remove_text=True) for one in nodes],
            [to_text(document) for document in documents],
        )

    def get(self, keys: Sequence[str]) -> list[KnowledgeDocument]:
        if not keys:  # Chroma takes no ids for all of them
            return []
        found = self.vectorstore.client.get(ids=list(keys), include=_PARTS)
        return _rows(found["ids"], found["documents"], found["metadatas"], found["embeddings"])

    def delete(self, keys: Sequence[str]) -> None:
        if keys:
            self.vectorstore.client.delete(ids=list(keys))

    def nearest(
        self, vector: list[float], k: int, distance: Distance, condition: Filter | None
    ) -> tuple[list[KnowledgeDocument], bool]:
        found = self.vectorstore.client.query(
            [vector], n_results=k, where=_KEYS.where(condition).where, include=_SCORED
        )
        near = [
            _document(key, text or "", metadata or {}, score=chroma_score(distance, value))
            for key, text, metadata, value in zip(
                *(found[part][0] for part in ("ids", "documents", "metadatas", "distances")), strict=True
            )
        ]
        return near, condition is not None and len(near) == k

    def narrows(self, condition: Filter | None) -> bool:
        return _KEYS.where(condition).exact

    def keys(self, condition: Filter | None) -> list[str]:
        return self.vectorstore.client.get(where=_KEYS.where(condition).where, include=[])["ids"]

    def drop(self) -> None:
        super().drop()  # or records of other collections inherit the lists, chroma-core/chroma issue 7594
        collection = self.vectorstore.client
        collection._client.delete_collection(collection.name, collection.tenant, collection.database)


class Qdrant(AnyVectorStore):
    """`llama_index.vector_stores.qdrant.QdrantVectorStore`: ids are UUIDs, so a document's key is made of its id.

    LlamaIndex writes a node's metadata into the payload and again into the node's JSON text there, and reading makes a
    node of that. So what is not for readers stands in the payload only, the vector apart from the rest, and is read
    from there.
    """

    def prepare(self, info: CollectionInfo) -> None:
        store = self.vectorstore
        if store.client is None:
            raise UnsupportedError("this QdrantVectorStore has an asynchronous client only", hint="give it client=")
        if not store.client.collection_exists(store.collection_name):
            store._create_collection(store.collection_name, info.dimension)  # as by its first add
        store._detect_vector_format(store.collection_name)
        size = self._params().size
        if size != info.dimension:
            raise InvalidInputError(
                f"collection {store.collection_name!r} of Qdrant has {size} dimensions, not {info.dimension}",
                hint=f"create the collection with dimension={size}",
            )

    def distances(self) -> Sequence[Distance]:
        return (qdrant_distance(str(self._params().distance.value)),)

    def keys_of(self, ids: Sequence[str]) -> list[str]:
        return list(map(qdrant_key, ids))

    def add(self, documents: Sequence[KnowledgeDocument]) -> None:
        store = self.vectorstore
        # Nodes and points validate and copy a vector, number by number, three times: it joins them afterwards.
        nodes = [_node(qdrant_key(one.id), one, plain(one.metadata), []) for one in documents]
        points, _ = store._build_points(nodes, store.sparse_vector_name)
        for point, document in zip(points, documents, strict=True):
            point.vector[store.dense_vector_name] = document.embedding
            point.payload |= to_metadata(document, _fields, vector=False)
            point.payload[_VECTOR] = packed(document.embedding or ())
        store.client.upload_points(  # as by its add
            store.collection_name,
            points,
            batch_size=store.batch_size,
            parallel=store.parallel,
            max_retries=store.max_retries,
            wait=True,
        )

    replace = add  # points are replaced

    def get(self, keys: Sequence[str]) -> list[KnowledgeDocument]:
        if not keys:
            return []
        # By id, where get_nodes filters.
        points = self.vectorstore.client.retrieve(self.vectorstore.collection_name, list(keys), with_vectors=True)
        return [self._document(point, whole=True) for point in points]

    def nearest(
        self, vector: list[float], k: int, distance: Distance, condition: Filter | None
    ) -> tuple[list[KnowledgeDocument], bool]:
        from qdrant_client import models  # there where its vector store is

        found = self.vectorstore.client.query_points(
            self.vectorstore.collection_name,
            vector,
            using=self.vectorstore.dense_vector_name,
            limit=k,
            query_filter=self._filter(condition),
            with_payload=models.PayloadSelectorExclude(exclude=[_VECTOR]),
        )
        near = [self._document(point) for point in found.points]
        for document, point in zip(near, found.points, strict=True):
            document.score = qdrant_score(distance, point.score)
        return near, condition is not None and len(near) == k

    def narrows(self, condition: Filter | None) -> bool:
        return qdrant_filter(condition, own=_NODE).exact

    def keys(self, condition: Filter | None) -> list[str]:
        found: list[str] = []
        offset: Any = None
        while True:
            points, offset = self.vectorstore.client.scroll(
                self.vectorstore.collection_name,
                self._filter(condition),
                limit=_PAGE,
                offset=offset,
                with_payload=False,
            )
            found += [str(point.id) for point in points]
            if offset is None:
                return found

    def drop(self) -> None:
        self.vectorstore.clear()  # which deletes the collection

    def _document(self, point: Any, *, whole: bool = False) -> KnowledgeDocument:
        payload = point.payload
        if EXACT not in payload:
            (node,) = self.vectorstore.parse_to_query_result([point]).nodes
            return to_document(node.node_id, node.get_content(MetadataMode.NONE), node.metadata, node.embedding)
        text = decode(payload["_node_content"], "node")["text"]
        return to_document(str(point.id), text, payload, unpacked(payload[_VECTOR]) if whole else None)

    def _params(self) -> Any:
        params = self.vectorstore.client.get_collection(self.vectorstore.collection_name).config.params.vectors
        return params[self.vectorstore.dense_vector_name] if isinstance(params, Mapping) else params

    def _filter(self, condition: Filter | None) -> Any:
        from qdrant_client import models  # there where its vector store is

        wanted = qdrant_filter(condition, own=_NODE).where
        return None if wanted is None else models.Filter.model_validate(wanted)


_PAGE = 10_000
_PARTS: Any = ["documents", "metadatas", "embeddings"]
_SCORED: Any = ["documents", "metadatas", "distances"]
_PARTNERS = {
    "llama_index.core.vector_stores.simple.SimpleVectorStore": Simple,
    "llama_index.vector_stores.chroma.base.ChromaVectorStore": Chroma,
    "llama_index.vector_stores.qdrant.base.QdrantVectorStore": Qdrant,
}
_NODE = frozenset({"_node_content", "_node_type", "document_id", "doc_id", "ref_doc_id"})
_KEYS = Keys(own=_NODE | {"chroma:document"}, shared=True)
_fields = partial(qdrant_fields, own=_NODE)
_VECTOR = PREFIX + "vector"


def partner_of(vectorstore: BasePydanticVectorStore) -> AnyVectorStore:
    """The partner for this vector store, also for one of a subclass."""
    return kind_of(vectorstore, _PARTNERS, AnyVectorStore)(vectorstore)


def _node(
    key: str, document: KnowledgeDocument, metadata: dict[str, Any], embedding: list[float] | None = None
) -> TextNode:
    """The node of a document: its own source, so that each can be deleted; what is not for readers is hidden."""
    hidden = [name for name in metadata if name.startswith(PREFIX)]
    return TextNode(
        id_=key,
        text=to_text(document),
        embedding=embedding,
        metadata=metadata,
        excluded_embed_metadata_keys=hidden,
        excluded_llm_metadata_keys=hidden,
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=key)},
    )


def _document(
    key: str, text: str, metadata: Mapping[str, Any], embedding: Any = None, *, score: float | None = None
) -> KnowledgeDocument:
    """The document of what an engine holds; a node of somebody else without what LlamaIndex put beside its metadata.

    With a score it has no embedding.
    """
    found = to_document(key, text, _own(metadata, text), embedding, vector=score is None)
    found.score = score
    return found


def _own(metadata: Mapping[str, Any], text: str) -> Mapping[str, Any]:
    if EXACT in metadata:
        return metadata
    if "_node_content" in metadata:
        return metadata_dict_to_node(dict(metadata), text).metadata
    return {name: value for name, value in metadata.items() if name not in _NODE}


def _rows(ids: Any, texts: Any, metadatas: Any, vectors: Any) -> list[KnowledgeDocument]:
    return [
        _document(key, text or "", metadata or {}, vector)
        for key, text, metadata, vector in zip(ids, texts, metadatas, vectors, strict=True)
    ]


def _documents(nodes: Iterable[BaseNode]) -> list[KnowledgeDocument]:
    return [
        to_document(node.node_id, node.get_content(MetadataMode.NONE), node.metadata, node.embedding) for node in nodes
    ]
