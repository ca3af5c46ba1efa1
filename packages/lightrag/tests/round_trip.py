"""Uses the installed wheel: run in an environment that holds nothing else, in an empty directory."""

from praison_persist import KNOWLEDGE_STORES, KnowledgeDocument

for created in (True, False):
    with KNOWLEDGE_STORES.create("lightrag", working_dir="data") as store:
        if created:
            store.create_collection("docs", 2)
            store.insert("docs", [KnowledgeDocument("a", "x", [3.0, 0.0]), KnowledgeDocument("b", "y", [0.0, 1.0])])
        assert [d.id for d in store.search("docs", [1.0, 0.1], limit=1)] == ["a"]
        assert store.get("docs", ["a"])[0].embedding == [3.0, 0.0]
