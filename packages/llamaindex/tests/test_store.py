"""What is the adapter's own: whose vector store it is, what partners cannot do, nodes of others, failures."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import chromadb
import pytest
from llama_index.core.schema import MetadataMode, NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.vector_stores import SimpleVectorStore
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    VectorStoreQuery,
    VectorStoreQueryResult,
)
from llama_index.vector_stores.chroma import ChromaVectorStore
from llama_index.vector_stores.qdrant import QdrantVectorStore
from qdrant_client import AsyncQdrantClient, QdrantClient, models

from praison_persist import (
    KNOWLEDGE_STORES,
    AlreadyExistsError,
    ConfigurationError,
    InvalidInputError,
    KnowledgeDocument,
    NotFoundError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
    UnsupportedError,
    UnsupportedFilterError,
)
from praison_persist_llamaindex import LlamaIndexKnowledgeStore, as_llamaindex

TWO = [
    KnowledgeDocument("a", "same", [3.0, 0.0], {"lang": "de", "n": 1, "deep": {"x": [1]}}),
    KnowledgeDocument("b", "same\0", [0.0, 2.0], {"lang": "en", "n": 2}),
]


class Plain(BasePydanticVectorStore):
    """A vector store with nothing but LlamaIndex's interface, which keeps text, and the old node of an id."""

    stores_text: bool = True
    nodes: dict[str, TextNode] = {}  # noqa: RUF012 - pydantic copies it

    @property
    def client(self) -> None:
        return None

    def add(self, nodes: Sequence[Any], **kwargs: Any) -> list[str]:
        for node in nodes:
            self.nodes.setdefault(node.node_id, node.model_copy(deep=True))
        return [node.node_id for node in nodes]

    def get_nodes(self, node_ids: Any = None, filters: Any = None) -> Any:
        return [self.nodes[id_].model_copy(deep=True) for id_ in node_ids if id_ in self.nodes]

    def delete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        for node in list(self.nodes.values()):
            if node.ref_doc_id == ref_doc_id:
                del self.nodes[node.node_id]

    def query(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        """By distance, which others call similarity."""

        def distance(node: TextNode) -> float:
            return sum((x - y) ** 2 for x, y in zip(node.get_embedding(), query.query_embedding or [], strict=True))

        nodes = sorted(self.nodes.values(), key=distance)[: query.similarity_top_k]
        return VectorStoreQueryResult(nodes, list(map(distance, nodes)), [node.node_id for node in nodes])


def _filled(vector_store: BasePydanticVectorStore) -> LlamaIndexKnowledgeStore:
    store = LlamaIndexKnowledgeStore(vector_store)
    store.create_collection("docs", 2)
    store.insert("docs", TWO)
    return store


def _chroma(path: Path, space: Any = "cosine") -> ChromaVectorStore:
    client = chromadb.PersistentClient(path)
    configuration: Any = {"hnsw": {"space": space}}
    return ChromaVectorStore(client.create_collection(uuid.uuid4().hex, configuration=configuration))


def _simple(path: Path) -> SimpleVectorStore:
    return SimpleVectorStore()


def _qdrant(path: Path) -> QdrantVectorStore:
    return QdrantVectorStore("docs", QdrantClient(":memory:"), index_doc_id=False)


@pytest.fixture(params=[_simple, _chroma, _qdrant])
def vector_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BasePydanticVectorStore]:
    """One of the vector stores that are known here."""
    made = request.param(tmp_path)
    yield made
    if isinstance(made, QdrantVectorStore):
        made.client.close()


@pytest.mark.parametrize("name", ["llamaindex", "llama_index", "llamaindex_adapter"])
def test_the_registry_wraps_a_vector_store_under_all_names(name: str) -> None:
    with KNOWLEDGE_STORES.create(name, vector_store=SimpleVectorStore()) as store:
        assert repr(store) == "LlamaIndexKnowledgeStore(SimpleVectorStore)"
        store.create_collection("docs", 2)
        store.insert("docs", TWO)
        assert store.get("docs", ["b"])[0].embedding == [0.0, 2.0]


def test_a_class_is_called_by_the_first_collection() -> None:
    made: list[Any] = []

    def vector_store_cls(**options: Any) -> BasePydanticVectorStore:
        made.append(options)
        return SimpleVectorStore()

    store = LlamaIndexKnowledgeStore(vector_store_cls=vector_store_cls, vector_store_kwargs={"x": 1})
    assert made == []
    store.create_collection("docs", 2)
    assert made == [{"x": 1}]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"vector_store": SimpleVectorStore(), "vector_store_cls": SimpleVectorStore},
        {"vector_store": SimpleVectorStore(), "vector_store_kwargs": {}},
        {"vector_store": object()},
    ],
)
def test_what_cannot_be_wrapped_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="vector"):
        LlamaIndexKnowledgeStore(**options)


# -- on each vector store that is known --------------------------------------------------------------------------------


def test_documents_come_back_exactly_and_replaced_ones_whole(vector_store: BasePydanticVectorStore) -> None:
    store = _filled(vector_store)
    assert store.get("docs", ["b", "a", "c"]) == TWO[::-1]
    with pytest.raises(AlreadyExistsError):
        store.insert("docs", [KnowledgeDocument("c", "", [1.0, 1.0]), TWO[0]])
    assert store.count("docs") == 2
    new = KnowledgeDocument("a", "new", [1.0, 0.0])
    store.upsert("docs", [new])
    assert store.get("docs", ["a"]) == [new]
    assert store.count("docs", {"lang": "de"}) == 0
    assert store.count("docs", {"lang": {"$exists": False}}) == 1


def test_filters_and_scores_are_those_of_the_contract(vector_store: BasePydanticVectorStore) -> None:
    store = _filled(vector_store)
    store.insert("docs", [KnowledgeDocument(f"c{n}", "", [1.0, n], {"n": n, "tags": ["x", n]}) for n in range(3, 9)])
    found = store.search("docs", [1.0, 0.0], 3)
    assert [document.id for document in found] == ["a", "c3", "c4"]
    assert [document.score for document in found] == pytest.approx([1.0, 10**-0.5, 17**-0.5])
    assert [d.id for d in store.search("docs", [1.0, 0.0], 2, {"n": {"$gte": 6, "$ne": 7}})] == ["c6", "c8"]
    assert [d.id for d in store.search("docs", [1.0, 0.0], 2, {"deep.x": 1})] == ["a"]
    assert store.search("docs", [1.0, 0.0], 2, {"lang": {"$in": []}}) == []
    assert sorted(d.id for d in store.iter_documents("docs", {"tags": {"$in": [3, 8]}}, batch_size=1)) == ["c3", "c8"]
    assert store.delete("docs", filters={"$not": {"tags": "x"}}) == 2
    assert store.count("docs") == 6


def test_readers_in_llamaindex_find_text_and_plain_metadata_and_nothing_else_in_prompts(
    vector_store: BasePydanticVectorStore,
) -> None:
    _filled(vector_store)
    found = vector_store.query(VectorStoreQuery([1.0, 0.1], similarity_top_k=1))
    if found.nodes is None:  # the simple one keeps ids only
        assert found.ids == ["a"]
        return
    (node,) = found.nodes
    assert node.get_content(MetadataMode.NONE) == "same"
    assert {key: node.metadata[key] for key in ("lang", "n")} == {"lang": "de", "n": 1}
    assert node.get_content(MetadataMode.LLM) == node.get_content(MetadataMode.EMBED) == "lang: de\nn: 1\n\nsame"


def test_nodes_of_others_are_documents_like_ours(vector_store: BasePydanticVectorStore) -> None:
    store = LlamaIndexKnowledgeStore(vector_store)
    store.create_collection("docs", 2)
    node = TextNode(id_=str(uuid.uuid4()), text="theirs", embedding=[0.6, 0.8], metadata={"lang": "de", "n": 5})
    node.relationships = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id="file")}
    vector_store.add([node])
    store.insert("docs", TWO)
    near = store.search("docs", [3.0, 4.0], 2, {"lang": "de"})
    assert [(document.id, round(document.score or 0, 3)) for document in near] == [(node.node_id, 1.0), ("a", 0.6)]
    assert near[0].metadata == {"lang": "de", "n": 5}
    assert near[0].content == ("theirs" if vector_store.stores_text else "")
    assert store.get("docs", [node.node_id])[0].embedding == pytest.approx([0.6, 0.8])
    assert store.count("docs", {"n": {"$in": []}}) == 0
    assert store.delete("docs", filters={"n": {"$gt": 1}, "lang": "de"}) == 1
    assert store.count("docs") == 2


def test_deleting_the_collection_of_a_given_vector_store_empties_it(vector_store: BasePydanticVectorStore) -> None:
    store = _filled(vector_store)
    with pytest.raises(AlreadyExistsError):
        store.create_collection("docs", 2)
    with pytest.raises(UnsupportedError, match="one collection"):
        store.create_collection("more", 2)
    assert store.delete_collection("docs")
    store.create_collection("other", 2)
    assert store.count("other") == 0


def test_documents_written_before_are_there_for_a_store_that_is_told_the_collection(
    vector_store: BasePydanticVectorStore,
) -> None:
    with _filled(vector_store):
        pass
    store = LlamaIndexKnowledgeStore(vector_store)
    with pytest.raises(NotFoundError):
        store.count("docs")
    store.create_collection("docs", 2)
    assert store.get("docs", ["a", "b"]) == TWO


def test_a_simple_store_is_saved_and_loaded_with_its_documents(tmp_path: Any) -> None:
    simple = SimpleVectorStore()
    _filled(simple)
    simple.persist(str(tmp_path / "vectors.json"))
    store = LlamaIndexKnowledgeStore(SimpleVectorStore.from_persist_path(str(tmp_path / "vectors.json")))
    store.create_collection("docs", 2)
    assert store.get("docs", ["a", "b"]) == TWO


def test_a_distance_or_dimension_that_the_vector_store_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="ranks by euclidean"):
        LlamaIndexKnowledgeStore(_chroma(tmp_path, "l2")).create_collection("docs", 2)
    client = QdrantClient(":memory:")
    client.create_collection("docs", {"named": models.VectorParams(size=3, distance=models.Distance.DOT)})
    qdrant = QdrantVectorStore("docs", client, dense_vector_name="named")
    with pytest.raises(InvalidInputError, match="ranks by dot"):
        LlamaIndexKnowledgeStore(qdrant).create_collection("docs", 3)
    with pytest.raises(InvalidInputError, match="3 dimensions, not 2"):
        LlamaIndexKnowledgeStore(qdrant).create_collection("docs", 2, "dot")
    store = LlamaIndexKnowledgeStore(qdrant)
    store.create_collection("docs", 3, "dot")
    store.insert("docs", [KnowledgeDocument("a", "", [1.0, 2.0, 3.0])])
    assert store.search("docs", [100.0, 100.0, 100.0])[0].score == 600.0
    client.close()


def test_large_dot_products_have_their_score_in_chroma(tmp_path: Path) -> None:
    store = LlamaIndexKnowledgeStore(_chroma(tmp_path, "ip"))
    store.create_collection("docs", 2, "dot")
    store.insert("docs", TWO)
    assert [document.score for document in store.search("docs", [1000.0, 0.0])] == [3000.0, 0.0]


def test_an_asynchronous_qdrant_client_alone_is_refused() -> None:
    vector_store = QdrantVectorStore("docs", aclient=AsyncQdrantClient(":memory:"))
    with pytest.raises(UnsupportedError, match="asynchronous client only"):
        LlamaIndexKnowledgeStore(vector_store).create_collection("docs", 2)


# -- a vector store that nobody knows ---------------------------------------------------------------------------------


def test_any_vector_store_keeps_documents_and_finds_them_with_the_contracts_score() -> None:
    store = _filled(Plain())
    assert store.get("docs", ["b", "a"]) == TWO[::-1]
    found = store.search("docs", [3.0, 0.0], score_threshold=-0.5)
    assert [(document.id, document.score) for document in found] == [("a", 1.0), ("b", 0.0)]
    with pytest.raises(AlreadyExistsError):
        store.insert("docs", TWO[:1])
    store.upsert("docs", [KnowledgeDocument("a", "new", [1.0, 1.0])])
    assert store.get("docs", ["a"])[0].content == "new"
    assert store.delete("docs", ["a", "none"]) == 1
    assert store.get("docs", ["a"]) == []


def test_what_llamaindexs_interface_lacks_is_refused() -> None:
    store = _filled(Plain())
    wanted = {"lang": "de"}
    for call in (
        lambda: store.search("docs", [1.0, 0.0], filters=wanted),
        lambda: store.count("docs", wanted),
        lambda: store.delete("docs", filters=wanted),
        lambda: list(store.iter_documents("docs", wanted)),
    ):
        with pytest.raises(UnsupportedFilterError, match="Plain"):
            call()
    for call in (
        lambda: store.count("docs"),
        lambda: store.delete("docs", all=True),
        lambda: list(store.iter_documents("docs")),
        lambda: store.delete_collection("docs"),
    ):
        with pytest.raises(UnsupportedError, match="list documents"):
            call()
    assert len(store.get("docs", ["a", "b"])) == 2


class Bare(Plain):
    """One that finds ids only, and gives no vectors back."""

    def get_nodes(self, node_ids: Any = None, filters: Any = None) -> Any:
        return [node.model_copy(update={"embedding": None}) for node in super().get_nodes(node_ids)]

    def query(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        return VectorStoreQueryResult(ids=super().query(query).ids)


def test_a_node_of_others_whose_vector_is_not_given_back_has_no_score() -> None:
    bare = Bare()
    store = _filled(bare)
    assert [document.id for document in store.search("docs", [1.0, 0.0])] == ["a", "b"]
    bare.add([TextNode(id_="x", text="theirs", embedding=[1.0, 0.0])])
    assert store.get("docs", ["x"])[0].content == "theirs"
    with pytest.raises(UnsupportedError, match="not written by praison-persist"):
        store.search("docs", [1.0, 0.0])


# -- failures ---------------------------------------------------------------------------------------------------------


class ResponseHandlingException(Exception):
    pass


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (TimeoutError("s3cret"), OperationTimeoutError),
        (ConnectionRefusedError("s3cret"), UnavailableError),
        (ResponseHandlingException("s3cret"), UnavailableError),
        (NotImplementedError("s3cret"), UnsupportedError),
        (KeyError("s3cret"), PersistError),
    ],
)
def test_what_a_vector_store_raises_is_a_typed_error_without_its_message(
    raised: Exception, expected: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    vector_store = SimpleVectorStore()
    store = _filled(vector_store)

    def fail(*args: Any, **kwargs: Any) -> Any:
        raise raised

    monkeypatch.setattr(SimpleVectorStore, "query", fail)
    with pytest.raises(expected) as caught:
        store.search("docs", [1.0, 0.0])
    assert type(caught.value) is expected
    assert caught.value.__cause__ is raised
    assert "s3cret" not in str(caught.value)
    assert (caught.value.backend, caught.value.operation, caught.value.ambiguous) == ("llamaindex", "search", False)


def test_an_insert_that_fails_half_way_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    vector_store = SimpleVectorStore()
    store = _filled(vector_store)
    add = SimpleVectorStore.add

    def fail_half_way(self: Any, nodes: Any) -> Any:
        add(self, nodes[:1])
        raise ConnectionResetError

    monkeypatch.setattr(SimpleVectorStore, "add", fail_half_way)
    new = [KnowledgeDocument("c", "", [1.0, 1.0]), KnowledgeDocument("d", "", [1.0, 1.0])]
    with pytest.raises(UnavailableError) as caught:
        store.insert("docs", new)
    assert caught.value.ambiguous
    assert sorted(vector_store.data.embedding_dict) == ["a", "b"]


def test_both_directions_meet() -> None:
    made = as_llamaindex(_filled(SimpleVectorStore()), "docs")
    made.add([TextNode(id_="c", text="through both", embedding=[-1.0, 0.0])])
    found = made.query(VectorStoreQuery([-1.0, 0.0]))
    assert (found.ids, found.similarities) == (["c"], [1.0])
