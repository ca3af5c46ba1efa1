"""Uses the installed wheel: run in an environment that holds nothing else, in an empty directory."""

from praison_persist import KNOWLEDGE_STORES

with KNOWLEDGE_STORES.create("weaviate", url="http://127.0.0.1:8080", api_key="s3cret") as store:  # nobody need listen
    assert "s3cret" not in repr(store)
