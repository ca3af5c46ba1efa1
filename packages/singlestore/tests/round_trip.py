"""Uses the installed wheel: run in an environment that holds nothing else, in an empty directory."""

from praison_persist import CONVERSATION_STORES, KNOWLEDGE_STORES, UnavailableError

URL = "singlestoredb://u:secret@127.0.0.1:1/d"
conversations = CONVERSATION_STORES.create_from_url(URL, max_retries=0)
knowledge = KNOWLEDGE_STORES.create_from_url(URL, max_retries=0)
for call in (lambda: conversations.get_session("s"), knowledge.list_collections):
    try:
        call()
    except UnavailableError as error:
        assert "secret" not in str(error)
    else:
        raise AssertionError("a dead server answered")
