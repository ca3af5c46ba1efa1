"""Uses the installed wheel: run in an environment that holds nothing else, in an empty directory."""

from praison_persist import KNOWLEDGE_STORES, UnavailableError

store = KNOWLEDGE_STORES.create("cassandra", url="cassandra://u:secret@127.0.0.1:1/d")
try:
    store.list_collections()
except UnavailableError as error:
    assert "secret" not in str(error)
else:
    raise AssertionError("nothing listens there")
store.close()
