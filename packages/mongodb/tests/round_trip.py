"""Uses the installed wheel: run in an environment that holds nothing else, in an empty directory."""

from praison_persist import KNOWLEDGE_STORES, STATE_STORES
from praison_persist.errors import UnavailableError

for name in ("mongodb", "async_mongodb"):
    store = STATE_STORES.create(name, url="mongodb://ada:secret@127.0.0.1:1", timeout=1)
    assert "127.0.0.1:1" in repr(store) and "secret" not in repr(store)
try:
    STATE_STORES.create("mongodb", url="mongodb://ada:secret@127.0.0.1:1", timeout=1).get("k")
except UnavailableError as error:
    assert error.backend == "mongodb" and "secret" not in str(error)
else:
    raise AssertionError("nothing listens there")
for name in ("mongodb_atlas", "async_mongodb_vector"):
    store = KNOWLEDGE_STORES.create(name, url="mongodb://ada:secret@127.0.0.1:1")
    assert "127.0.0.1:1" in repr(store) and "secret" not in repr(store)
