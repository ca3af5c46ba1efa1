"""Uses the installed wheel: run in an environment that holds nothing else, in an empty directory."""

import os

from praison_persist import STATE_STORES
from praison_persist.errors import UnavailableError

os.environ["FIRESTORE_EMULATOR_HOST"] = "127.0.0.1:1"
for name in ("firestore", "async_firestore"):
    assert "my-project/memory" in repr(STATE_STORES.create(name, project="my-project", collection="memory"))
try:
    STATE_STORES.create("firestore", project="my-project", max_retries=0).get("k")
except UnavailableError as error:
    assert error.backend == "firestore"
else:
    raise AssertionError("nothing listens there")
