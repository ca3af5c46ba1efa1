"""Uses the installed wheel: run in an environment that holds nothing else, in an empty directory."""

import os

from praison_persist import STATE_STORES
from praison_persist.errors import UnavailableError

os.environ["STORAGE_EMULATOR_HOST"] = "http://127.0.0.1:1"
store = STATE_STORES.create_from_url("gs://my-bucket/memory/", max_retries=0)
assert "my-bucket/memory/" in repr(store)
try:
    store.get("k")
except UnavailableError as error:
    assert error.backend == "gcs"
else:
    raise AssertionError("nothing listens there")
