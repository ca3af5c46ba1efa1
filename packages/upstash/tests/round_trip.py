"""Uses the installed wheel: run in an environment that holds nothing else, in an empty directory."""

from praison_persist import KNOWLEDGE_STORES, STATE_STORES
from praison_persist.errors import UnavailableError

for name in ("upstash", "async_upstash"):
    store = STATE_STORES.create(name, url="http://127.0.0.1:1", token="secret", max_retries=0)
    assert "127.0.0.1:1" in repr(store) and "secret" not in repr(store)
try:
    STATE_STORES.create("upstash", url="http://127.0.0.1:1", token="secret", max_retries=0).get("k")
except UnavailableError as error:
    assert error.backend == "upstash" and "secret" not in str(error)
else:
    raise AssertionError("nothing listens there")
for name in ("upstash_vector", "async_upstash_vector"):
    vectors = KNOWLEDGE_STORES.create(name, url="http://127.0.0.1:1", token="secret", max_retries=0)
    assert "127.0.0.1:1" in repr(vectors) and "secret" not in repr(vectors)
