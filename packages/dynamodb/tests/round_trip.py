"""Uses the installed wheel: run in an environment that holds nothing else, in an empty directory."""

import os

from praison_persist import STATE_STORES
from praison_persist.errors import UnavailableError

os.environ.update(AWS_ACCESS_KEY_ID="not-a-key", AWS_SECRET_ACCESS_KEY="secret")
store = STATE_STORES.create("dynamodb", endpoint_url="http://127.0.0.1:1", max_retries=0)
assert "praisonai_state" in repr(store)
try:
    store.get("k")
except UnavailableError as error:
    assert error.backend == "dynamodb" and "secret" not in str(error)
else:
    raise AssertionError("nothing listens there")
