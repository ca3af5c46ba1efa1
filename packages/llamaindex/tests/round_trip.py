"""Uses the installed wheel: run in an environment that holds nothing else, in an empty directory."""

from llama_index.core.schema import TextNode
from llama_index.core.vector_stores import SimpleVectorStore
from llama_index.core.vector_stores.types import VectorStoreQuery

from praison_persist import KNOWLEDGE_STORES, KnowledgeDocument
from praison_persist_llamaindex import as_llamaindex

with KNOWLEDGE_STORES.create("llamaindex", vector_store=SimpleVectorStore()) as store:
    store.create_collection("docs", 2)
    store.insert("docs", [KnowledgeDocument("a", "x", [1.0, 0.0]), KnowledgeDocument("b", "y", [0.0, 1.0])])
    assert [d.id for d in store.search("docs", [1.0, 0.1], limit=1)] == ["a"]
    vector_store = as_llamaindex(store, "docs")
    vector_store.add([TextNode(id_="c", text="z", embedding=[1.0, 1.0])])
    assert vector_store.query(VectorStoreQuery([1.0, 0.9])).ids == ["c"]
