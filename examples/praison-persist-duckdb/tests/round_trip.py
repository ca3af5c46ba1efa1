"""Uses the installed wheel: run in an environment that holds nothing else, in an empty directory."""

from praison_persist import (
    KNOWLEDGE_STORES,
)

with KNOWLEDGE_STORES.create_from_url("duckdb:///test.db") as store:
    store.create_collection("c", dimension=2)
    assert store.list_collections() == ["c"]
