"""Uses the installed wheel: run in an environment that holds nothing else, in an empty directory."""

from praison_persist import STATE_STORES
from praison_persist.errors import UnavailableError

store = STATE_STORES.create("valkey", url="valkey://ada:secret@127.0.0.1:1/2", max_retries=0, connect_timeout=1)
assert "127.0.0.1:1/2" in repr(store) and "secret" not in repr(store)
try:
    store.get("k")
except UnavailableError as error:
    assert error.backend == "valkey" and "secret" not in str(error)
else:
    raise AssertionError("nothing listens there")
