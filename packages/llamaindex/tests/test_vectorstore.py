"""What a knowledge store is in LlamaIndex: nodes, filters, modes, similarities, keywords, both kinds of methods."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from llama_index.core.schema import (
    ImageNode,
    IndexNode,
    MediaResource,
    Node,
    NodeRelationship,
    RelatedNodeInfo,
    TextNode,
)
from llama_index.core.vector_stores.types import (
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
    VectorStoreQueryResult,
)

from praison_persist import (
    KNOWLEDGE_STORES,
    ConfigurationError,
    InvalidInputError,
    KnowledgeDocument,
    NotFoundError,
    UnsupportedError,
    UnsupportedFilterError,
)
from praison_persist.aio import async_view, sync_view
from praison_persist.knowledge import KnowledgeStore
from praison_persist_llamaindex import KnowledgeVectorStore, as_llamaindex

Mode, Operator, Condition = VectorStoreQueryMode, FilterOperator, FilterCondition


def _text(id_: str, vector: list[float], source: str | None = None, **metadata: Any) -> TextNode:
    relationships: Any = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id=source)} if source else {}
    return TextNode(id_=id_, text=f"text of {id_}", embedding=vector, metadata=metadata, relationships=relationships)


NODES = [
    _text("a", [1.0, 0.0], "one", n=1, tags=["x", "y"], deep={"lang": "de"}),
    _text("b", [1.0, 0.1], "one", n=2, tags=["y"], none=None),
    _text("c", [0.0, 1.0], "two", n=3, tags=[], word="x"),
    _text("d", [-1.0, 0.0], None, n=4.5),
]


@pytest.fixture
def store() -> Iterator[KnowledgeStore]:
    with KNOWLEDGE_STORES.create("memory") as opened:
        opened.create_collection("docs", 2)
        yield opened


@pytest.fixture
def made(store: KnowledgeStore) -> KnowledgeVectorStore:
    made = as_llamaindex(store, "docs")
    assert made.add(NODES) == ["a", "b", "c", "d"]
    return made


def _query(mode: Mode = Mode.DEFAULT, k: int = 4, **options: Any) -> VectorStoreQuery:
    return VectorStoreQuery(**{"query_embedding": [1.0, 0.0], "similarity_top_k": k, "mode": mode, **options})


def _where(key: str, operator: Operator, value: Any) -> MetadataFilters:
    return MetadataFilters(filters=[MetadataFilter(key=key, operator=operator, value=value)])


# -- nodes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "node",
    [
        NODES[0],
        NODES[3],
        _text("x", [1.0, 0.0], None, doc_id="mine", ref_doc_id="theirs"),
        _text("x", [1.0, 0.0], "one", document_id=7, _node_type="Other"),
        TextNode(id_="x", text="a\0b \ud83d\ude00", embedding=[1.0, 0.0], excluded_llm_metadata_keys=["k"]),
        IndexNode(id_="x", text="t", index_id="i", embedding=[1.0, 0.0], obj=NODES[0]),
        ImageNode(id_="x", text="t", image_url="http://127.0.0.1/i.png", embedding=[1.0, 0.0]),
        Node(id_="x", text_resource=MediaResource(text="whole"), embedding=[1.0, 0.0], metadata={"k": 1}),
    ],
)
def test_a_node_comes_back_as_it_was(store: KnowledgeStore, node: Any) -> None:
    made = as_llamaindex(store, "docs")
    made.add([node])
    (found,) = made.get_nodes([node.node_id])
    assert type(found) is type(node)
    assert found == node
    assert found.metadata == node.metadata
    (near,) = made.query(_query()).nodes or ()
    assert near.embedding is None
    assert near.get_content() == node.get_content()


def test_documents_of_the_store_are_nodes_in_llamaindex(store: KnowledgeStore) -> None:
    store.insert("docs", [KnowledgeDocument("k", "text", [1.0, 0.0], {"n": [1]})])
    assert as_llamaindex(store, "docs").get_nodes() == [
        TextNode(id_="k", text="text", metadata={"n": [1]}, embedding=[1.0, 0.0])
    ]


def test_nodes_are_documents_of_the_store_which_filters_find_by_their_metadata(
    made: KnowledgeVectorStore, store: KnowledgeStore
) -> None:
    (found,) = store.search("docs", [1.0, 0.0], filters={"deep.lang": "de", "doc_id": "one"})
    assert (found.id, found.content) == ("a", "text of a")


@pytest.mark.parametrize(
    "node", [_text("x", [1.0], n=1), TextNode(id_="x"), _text("x", [1.0, 0.0], bad={1}), _text("x", [0.0, 0.0]), "x"]
)
def test_a_node_that_cannot_be_stored_is_refused_before_any_is(made: KnowledgeVectorStore, node: Any) -> None:
    with pytest.raises(InvalidInputError):
        made.add([_text("new", [1.0, 1.0]), node])
    assert made.get_nodes(["new"]) == []


def test_adding_replaces_nodes_and_may_go_in_portions(made: KnowledgeVectorStore, store: KnowledgeStore) -> None:
    assert made.add([_text("a", [0.0, 1.0]), _text("e", [0.0, 1.0])], batch_size=1) == ["a", "e"]
    assert made.get_nodes(["a"])[0].metadata == {}
    assert store.count("docs") == 5


def test_the_first_nodes_create_the_collection_where_that_is_asked_for(store: KnowledgeStore) -> None:
    made = as_llamaindex(store, "new", create="dot")
    assert made.add([]) == []
    with pytest.raises(NotFoundError):
        made.query(_query())
    made.add([_text("a", [1.0, 2.0, 3.0])])
    assert asyncio.run(made.async_add([_text("b", [1.0, 2.0, 3.0])])) == ["b"]
    info = store.describe_collection("new")
    assert (info.dimension, info.distance) == (3, "dot")
    with pytest.raises(InvalidInputError, match="no embedding"):
        as_llamaindex(store, "newer", create="dot").add([TextNode(text="x")])
    with pytest.raises(NotFoundError):
        as_llamaindex(store, "newer").add(NODES)


# -- deleting ---------------------------------------------------------------------------------------------------------


def test_deleting_a_source_deletes_its_nodes(made: KnowledgeVectorStore) -> None:
    made.delete("one")
    assert [node.node_id for node in made.get_nodes()] == ["c", "d"]
    asyncio.run(made.adelete("two"))
    made.delete("None")
    assert [node.node_id for node in made.get_nodes()] == ["d"]


def test_nodes_are_deleted_by_ids_by_filters_or_by_both(made: KnowledgeVectorStore, store: KnowledgeStore) -> None:
    made.delete_nodes(["a", "d"], _where("n", Operator.GT, 2))
    assert [node.node_id for node in made.get_nodes()] == ["a", "b", "c"]
    made.delete_nodes(filters=_where("n", Operator.LT, 2))
    asyncio.run(made.adelete_nodes(["b", "missing"]))
    made.delete_nodes([])
    for nothing in ({}, {"filters": MetadataFilters(filters=[])}):
        with pytest.raises(InvalidInputError):
            made.delete_nodes(**nothing)
    assert [node.node_id for node in made.get_nodes()] == ["c"]
    made.clear()
    asyncio.run(made.aclear())
    assert store.count("docs") == 0


# -- filters ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "operator", "value", "expected"),
    [
        ("n", Operator.EQ, 1, "a"),
        ("none", Operator.EQ, None, "b"),
        ("tags", Operator.EQ, "y", "ab"),
        ("deep.lang", Operator.EQ, "de", "a"),
        ("n", Operator.NE, 1, "bcd"),
        ("word", Operator.NE, "x", "abd"),
        ("n", Operator.GT, 3, "d"),
        ("n", Operator.GTE, 3, "cd"),
        ("n", Operator.LT, 2, "a"),
        ("n", Operator.LTE, 2, "ab"),
        ("n", Operator.IN, [1, 3, 9], "ac"),
        ("n", Operator.NIN, [1, 3, 9], "bd"),
        ("tags", Operator.ANY, ["x", "z"], "a"),
        ("tags", Operator.ALL, ["x", "y"], "a"),
        ("tags", Operator.ALL, ["y"], "ab"),
        ("tags", Operator.CONTAINS, "y", "ab"),
        ("doc_id", Operator.EQ, "one", "ab"),
    ],
)
def test_every_operator_means_what_llamaindex_says(
    made: KnowledgeVectorStore, key: str, operator: Operator, value: Any, expected: str
) -> None:
    filters = _where(key, operator, value)
    assert sorted(made.query(_query(filters=filters)).ids or ()) == list(expected)
    assert sorted(node.node_id for node in made.get_nodes(filters=filters)) == list(expected)
    assert [node.node_id for node in made.get_nodes(["a", "d"], filters)] == [i for i in "ad" if i in expected]


def test_every_operator_is_translated_or_refused(made: KnowledgeVectorStore) -> None:
    refused = {Operator.TEXT_MATCH, Operator.TEXT_MATCH_INSENSITIVE, Operator.IS_EMPTY}
    for operator in Operator:
        value: Any = ["x"] if operator in (Operator.IN, Operator.NIN, Operator.ANY, Operator.ALL) else "x"
        query = _query(filters=_where("word", operator, value))
        if operator in refused:
            with pytest.raises(UnsupportedFilterError, match=operator.value):
                made.query(query)
        else:
            made.query(query)


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        (Operator.EQ, ["x"]),
        (Operator.GT, None),
        (Operator.IN, "x,y"),
        (Operator.ANY, 1),
        (Operator.ALL, "x"),
        (Operator.ALL, []),
    ],
)
def test_a_value_that_the_operator_does_not_take_is_refused(
    made: KnowledgeVectorStore, operator: Operator, value: Any
) -> None:
    with pytest.raises(InvalidInputError):
        made.query(_query(filters=_where("tags", operator, value)))


def test_conditions_combine_and_nest(made: KnowledgeVectorStore) -> None:
    small, y = _where("n", Operator.LT, 3).filters, _where("tags", Operator.CONTAINS, "x").filters
    for condition, expected in ((Condition.AND, "a"), (Condition.OR, "ab"), (Condition.NOT, "cd"), (None, "a")):
        filters = MetadataFilters(filters=[*small, *y], condition=condition)
        assert sorted(made.query(_query(filters=filters)).ids or ()) == list(expected)
    inner = MetadataFilters(filters=[*small, *y], condition=Condition.NOT)
    empty = MetadataFilters(filters=[])
    outer = MetadataFilters(filters=[inner, empty, *_where("n", Operator.LT, 4).filters])
    assert made.query(_query(filters=outer)).ids == ["c"]
    assert len(made.query(_query(filters=empty)).ids or ()) == 4


# -- queries ----------------------------------------------------------------------------------------------------------


def test_similarities_are_the_scores_and_a_threshold_works_on_them(made: KnowledgeVectorStore) -> None:
    found = made.query(_query())
    assert found.ids == ["a", "b", "c", "d"]
    assert found.similarities == pytest.approx([1.0, 0.995, 0.0, -1.0], abs=1e-3)
    assert made.query(_query(), score_threshold=0.0).ids == ["a", "b", "c"]
    assert asyncio.run(made.aquery(_query(k=2))).ids == ["a", "b"]


def test_a_query_is_restricted_to_sources_and_to_nodes(made: KnowledgeVectorStore) -> None:
    assert made.query(_query(doc_ids=["two", "three"])).ids == ["c"]
    assert made.query(_query(doc_ids=["one"], filters=_where("n", Operator.GT, 1))).ids == ["b"]
    found = made.query(_query(node_ids=["d", "b", "missing"]))
    assert found.ids == ["b", "d"]
    assert found.similarities == pytest.approx([0.995, -1.0], abs=1e-3)
    assert asyncio.run(made.aquery(_query(k=1, node_ids=["d", "b"], doc_ids=["one"]))).ids == ["b"]
    assert made.query(_query(node_ids=["d", "b"]), score_threshold=0.0).ids == ["b"]
    assert len(made.query(_query(node_ids=[], doc_ids=[])).ids or ()) == 4


@pytest.mark.parametrize(
    ("threshold", "expected"), [(1.0, ["a", "b"]), (None, ["a", "b"]), (0.3, ["a", "d"]), (0.0, ["a", "d"])]
)
def test_marginal_relevance_weighs_nearness_against_likeness(
    made: KnowledgeVectorStore, threshold: float | None, expected: list[str]
) -> None:
    found = made.query(_query(Mode.MMR, 2, mmr_threshold=threshold))
    assert found.ids == expected
    assert made.query(_query(Mode.MMR, 2), mmr_threshold=threshold) == found
    assert made.query(_query(Mode.MMR, 2), mmr_threshold=threshold, mmr_prefetch_k=2).ids == ["a", "b"]
    assert made.query(_query(Mode.MMR, 2), mmr_threshold=0, mmr_prefetch_factor=1.5).ids == ["a", "c"]
    assert asyncio.run(made.aquery(_query(Mode.MMR, 1, node_ids=["c", "d"]))).ids == ["c"]


def test_words_are_searched_for_where_the_store_can() -> None:
    with KNOWLEDGE_STORES.create("lancedb", url="memory://") as store:
        store.create_collection("docs", 2)
        made = as_llamaindex(store, "docs")
        texts = {"a": "apples and pears", "b": "a zyzzyva on a palm", "c": "plums"}
        vectors = {"a": [0.0, 1.0], "b": [1.0, 0.0], "c": [0.0, 1.0]}
        made.add([TextNode(id_=id_, text=text, embedding=vectors[id_]) for id_, text in texts.items()])
        for mode in (Mode.TEXT_SEARCH, Mode.SPARSE, Mode.HYBRID):
            found = made.query(_query(mode, 3, query_str="zyzzyva", sparse_top_k=None, hybrid_top_k=1))
            assert (found.ids or ())[0] == "b"
            assert mode is not Mode.HYBRID or len(found.ids or ()) == 1
        assert made.query(_query(Mode.SPARSE, 3, query_str="apples plums", sparse_top_k=1)).ids in (["a"], ["c"])
        for mode, error in ((Mode.HYBRID, "text"), (Mode.TEXT_SEARCH, "text")):
            with pytest.raises(InvalidInputError, match=error):
                made.query(_query(mode))
        with pytest.raises(UnsupportedError, match="node_ids"):
            made.query(_query(Mode.HYBRID, query_str="x", node_ids=["a"]))


def test_every_mode_is_served_or_refused(made: KnowledgeVectorStore) -> None:
    served = {Mode.DEFAULT, Mode.MMR}
    for mode in Mode:
        if mode in served:
            assert len(made.query(_query(mode, query_str="text")).ids or ()) == 4
        else:  # the memory store does not search for words
            with pytest.raises(UnsupportedError):
                made.query(_query(mode, query_str="text"))


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"query_embedding": None}, InvalidInputError),
        ({"query_embedding": [1.0]}, InvalidInputError),
        ({"query_embedding": [1.0], "node_ids": ["a"]}, InvalidInputError),
        ({"k": -1}, InvalidInputError),
        ({"alpha": 0.5}, UnsupportedError),
        ({"output_fields": ["text"]}, UnsupportedError),
        ({"embedding_field": "x"}, UnsupportedError),
        ({"mode": Mode.HYBRID, "sparse_top_k": 3}, UnsupportedError),
        ({"mmr_threshold": 0.5}, InvalidInputError),
        ({"mode": Mode.MMR, "mmr_threshold": 1.5}, InvalidInputError),
    ],
)
def test_what_a_query_cannot_mean_is_refused(
    made: KnowledgeVectorStore, options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        made.query(_query(**options))


def test_two_ways_to_say_how_many_to_look_at_are_one_too_many(made: KnowledgeVectorStore) -> None:
    with pytest.raises(InvalidInputError, match="together"):
        made.query(_query(Mode.MMR), mmr_prefetch_k=3, mmr_prefetch_factor=2.0)


def test_an_unknown_keyword_is_no_keyword(made: KnowledgeVectorStore) -> None:
    for call in (
        lambda: made.add([], batchsize=1),
        lambda: made.delete("one", batchsize=1),
        lambda: made.delete_nodes(["a"], batchsize=1),
        lambda: made.query(_query(), batchsize=1),
    ):
        with pytest.raises(TypeError, match="batchsize"):
            call()
    assert len(made.get_nodes()) == 4


# -- both kinds of methods --------------------------------------------------------------------------------------------


def test_an_asynchronous_store_serves_asynchronous_methods(store: KnowledgeStore) -> None:
    view = async_view(store)
    made = as_llamaindex(view, "docs")
    with pytest.raises(UnsupportedError, match="asynchronous store"):
        made.query(_query())

    async def use() -> tuple[VectorStoreQueryResult, list[Any], list[Any]]:
        await made.async_add(NODES)
        filters = _where("n", Operator.GT, 2)
        return await made.aquery(_query()), await made.aget_nodes(), await made.aget_nodes(["a", "c"], filters)

    found, nodes, some = asyncio.run(use())
    assert found.ids == ["a", "b", "c", "d"]
    assert nodes == NODES
    assert some == [NODES[2]]
    assert as_llamaindex(sync_view(view), "docs").query(_query()) == found


def test_a_blocking_store_does_not_block_the_loop(made: KnowledgeVectorStore, store: KnowledgeStore) -> None:
    threads = set()
    search = store.search

    def watched(*args: Any, **kwargs: Any) -> Any:
        threads.add(threading.current_thread())
        return search(*args, **kwargs)

    store.search = watched  # type: ignore[method-assign]
    asyncio.run(made.aquery(_query()))
    assert threads
    assert threading.current_thread() not in threads


def test_it_shows_what_it_is_and_gives_the_store_away(made: KnowledgeVectorStore, store: KnowledgeStore) -> None:
    assert repr(made) == str(made) == f"as_llamaindex({store!r}, 'docs')"
    assert made.client is store


@pytest.mark.parametrize(
    "wrong", [{"store": len}, {"async_store": len}, {"collection": "no name"}, {"create": "angular"}]
)
def test_what_is_no_store_or_no_collection_is_refused(store: KnowledgeStore, wrong: dict[str, Any]) -> None:
    with pytest.raises((ConfigurationError, InvalidInputError)):
        as_llamaindex(**{"store": store, "collection": "docs", **wrong})
