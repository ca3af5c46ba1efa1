"""Uses the installed wheel: run in an environment that holds nothing else, in an empty directory."""

from praison_persist import CONVERSATION_STORES, ConversationMessage, ConversationSession

with CONVERSATION_STORES.create("json", path="chats") as store:
    store.create_session(ConversationSession("s"))
    store.add_message("s", ConversationMessage(role="user", content="hi"))
    assert [m.content for m in store.get_messages("s")] == ["hi"]
