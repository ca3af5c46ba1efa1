"""Uses the installed wheel: run in an environment that holds nothing else, in an empty directory."""

from praison_persist import CONVERSATION_STORES, UnavailableError

store = CONVERSATION_STORES.create("supabase", url="http://127.0.0.1:1", key="secret", max_retries=0)
assert "CREATE OR REPLACE FUNCTION" in store.schema_sql()
try:
    store.get_session("s")
except UnavailableError as error:
    assert "secret" not in str(error)
else:
    raise AssertionError("a dead server answered")
