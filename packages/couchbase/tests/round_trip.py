"""Uses the installed wheel: run in an environment that holds nothing else, in an empty directory."""

from praison_persist import KNOWLEDGE_STORES

with KNOWLEDGE_STORES.create("couchbase", url="couchbase://ada:s3cret@localhost") as store:  # nobody need listen
    assert "s3cret" not in repr(store)
