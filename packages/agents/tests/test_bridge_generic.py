"""The generic backend ``praison_persist`` in our own registries, and how PraisonAI's registry calls it."""

from __future__ import annotations

import pytest

from praison_persist import (
    CONVERSATION_STORES,
    KNOWLEDGE_STORES,
    STATE_STORES,
    AsyncConversationStore,
    ConfigurationError,
    ConversationSession,
    OptionError,
    UnknownBackendError,
)
from praison_persist_agents.bridge import plugin


def test_it_opens_what_the_url_names_in_our_registries(tmp_path):
    with CONVERSATION_STORES.create("praison_persist", url=f"sqlite:///{tmp_path}/c.db") as store:
        assert store.backend == "sqlite"
        store.create_session(ConversationSession("s"))
    assert KNOWLEDGE_STORES.create("praison_persist", url="memory://").backend == "memory"
    assert STATE_STORES.create("praison_persist", url=f"sqlite:///{tmp_path}/s.db").backend == "sqlite"


def test_a_name_chooses_where_the_url_does_not(tmp_path):
    store = CONVERSATION_STORES.create("praison_persist", backend_name="async_sqlite", path=str(tmp_path / "c.db"))
    assert isinstance(store, AsyncConversationStore)


@pytest.mark.parametrize("name", ["praison_persist", "Praison_Persist", "praison-persist-agents:praison_persist"])
def test_it_never_opens_itself(name):
    with pytest.raises(ConfigurationError, match="cannot be what it opens"):
        CONVERSATION_STORES.create("praison_persist", backend_name=name)


def test_no_url_schemes_lead_to_it():
    for registry in (CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES):
        assert registry.describe("praison_persist").schemes == ()
        with pytest.raises(UnknownBackendError):
            registry.create_from_url("praison-persist://x")


def test_wrong_use_is_an_error_that_says_what_to_give(tmp_path):
    with pytest.raises(ConfigurationError, match="needs a URL, or the option backend_name"):
        CONVERSATION_STORES.create("praison_persist")
    with pytest.raises(UnknownBackendError, match="no conversation backend"):
        CONVERSATION_STORES.create("praison_persist", url="nonsense://h")
    with pytest.raises(OptionError, match="did you mean 'table_prefix'"):
        CONVERSATION_STORES.create("praison_persist", url=f"sqlite:///{tmp_path}/c.db", table_prefx="x")


def test_called_with_nothing_it_is_the_factory_that_praisonai_expects():
    for backend in (plugin.conversation, plugin.knowledge, plugin.state):
        factory = backend()
        assert callable(factory)
        with pytest.raises(ConfigurationError, match="needs a URL"):
            factory(url=None)
