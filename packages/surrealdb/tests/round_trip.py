"""Uses the installed wheel: run in an environment that holds nothing else, in an empty directory."""

from praison_persist import (
    CONVERSATION_STORES,
    KNOWLEDGE_STORES,
    ConversationMessage,
    ConversationSession,
    KnowledgeDocument,
)

with CONVERSATION_STORES.create_from_url("surrealkv://chats") as store:
    store.create_session(ConversationSession("s"))
    store.add_message("s", ConversationMessage(role="user", content="hi"))
    assert [m.content for m in store.get_messages("s")] == ["hi"]
with KNOWLEDGE_STORES.create("surrealdb_v", url="mem://") as store:
    store.create_collection("docs", 2)
    store.insert("docs", [KnowledgeDocument("a", "x", [1.0, 0.0]), KnowledgeDocument("b", "y", [0.0, 1.0])])
    assert [d.id for d in store.search("docs", [1.0, 0.1], limit=1)] == ["a"]
