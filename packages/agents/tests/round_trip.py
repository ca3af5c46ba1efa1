"""Uses the installed wheel: run in an environment that holds nothing else, in an empty directory."""

from praison_persist_agents import DefaultSessionStore, SessionStoreProtocol

store = DefaultSessionStore(session_dir="sessions")
assert isinstance(store, SessionStoreProtocol)
store.add_message("s", "user", "hi")
assert store.get_chat_history("s") == [{"role": "user", "content": "hi"}]
