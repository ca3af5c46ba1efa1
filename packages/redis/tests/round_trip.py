"""Uses the installed wheel: run in an environment that holds nothing else, in an empty directory."""

from praison_persist import STATE_STORES
from praison_persist.errors import UnavailableError

with STATE_STORES.create_from_url("redis://u:secret@127.0.0.1:1/0", max_retries=0) as store:
    assert "secret" not in repr(store)
    try:
        store.get("k")
    except UnavailableError as error:
        assert "secret" not in str(error)
    else:
        raise AssertionError("nothing listens there")
