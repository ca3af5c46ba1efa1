"""Uses the installed wheel: run in an environment that holds nothing else, in an empty directory."""

from praison_persist import CONVERSATION_STORES, STATE_STORES, ConversationMessage, ConversationSession

with CONVERSATION_STORES.create_from_url("sqlite:///c.db") as store:
    store.create_session(ConversationSession("s"))
    store.add_message("s", ConversationMessage(role="user", content="hi"))
with CONVERSATION_STORES.create("sync_sqlite", path="c.db") as store:
    assert [m.content for m in store.get_messages("s")] == ["hi"]
with STATE_STORES.create("sqlite", path="c.db") as state:
    assert state.incr("n") == 1
