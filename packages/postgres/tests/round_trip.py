"""Uses the installed wheel: run in an environment that holds nothing else, in an empty directory."""

from praison_persist import CONVERSATION_STORES, UnavailableError

store = CONVERSATION_STORES.create("neon", url="postgresql://u:secret@127.0.0.1:1/d", max_retries=0)
try:
    store.get_session("s")
except UnavailableError as error:
    assert "secret" not in str(error)
else:
    raise AssertionError("a dead server answered")
