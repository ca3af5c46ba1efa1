"""Uses the installed wheel: run in an environment that holds nothing else, in an empty directory."""

from praison_persist import KNOWLEDGE_STORES, KnowledgeDocument

with KNOWLEDGE_STORES.create("chroma", path="vectors") as store:
    store.create_collection("docs", 2)
    store.insert("docs", [KnowledgeDocument("a", "x", [1.0, 0.0]), KnowledgeDocument("b", "y", [0.0, 1.0])])
    assert [d.id for d in store.search("docs", [1.0, 0.1], limit=1)] == ["a"]
