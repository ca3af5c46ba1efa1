"""Uses the installed wheel: run in an environment that holds nothing else, in an empty directory."""

from praison_persist import CONVERSATION_STORES, STATE_STORES, ConversationMessage, ConversationSession

assert repr(CONVERSATION_STORES.create_from_url("libsql://db.turso.io")).endswith("('https://db.turso.io:443')")
with CONVERSATION_STORES.create("turso", url="file:c.db") as store:
    store.create_session(ConversationSession("s"))
    store.add_message("s", ConversationMessage(role="user", content="hi"))
    assert [m.content for m in store.get_messages("s")] == ["hi"]
with STATE_STORES.create("libsql", local_path="c.db") as state:
    assert state.incr("n") == 1
