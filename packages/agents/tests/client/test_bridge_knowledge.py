"""`Agent(knowledge=…)` searches our stores, through a bridge that is given and through one that is configured."""

from __future__ import annotations

import asyncio
import importlib

import pytest
from praisonaiagents import Agent
from praisonaiagents.knowledge import models
from praisonaiagents.knowledge.protocols import KnowledgeStoreProtocol

from praison_persist import KNOWLEDGE_STORES
from praison_persist_agents.bridge import KnowledgeBridge, OpenAIEmbedder, activate, deactivate

NEWEST = importlib.metadata.version("praisonaiagents") != "1.7.0"
FACT = "The capital of Norway is Oslo."
QUESTION = "What is the capital of Norway?"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRAISONAI_HOME", str(tmp_path / "home"))


@pytest.fixture
def active():
    yield activate(session_store=object())
    deactivate()


def seen(model):
    return model.messages[-1]["content"]


def make(store=None, **options):
    return KnowledgeBridge(store or KNOWLEDGE_STORES.create("memory"), OpenAIEmbedder(), **options)


def test_a_bridge_fulfils_the_clients_protocol_with_the_clients_classes(model):
    bridge = make()
    assert isinstance(bridge, KnowledgeStoreProtocol)
    added = bridge.add(FACT, user_id="u", metadata={"n": 1})
    assert type(added) is models.AddResult
    found = bridge.search(QUESTION, user_id="u")
    assert isinstance(found, models.SearchResult)
    assert type(found.results[0]) is type(bridge.get(added.id)) is models.SearchResultItem
    assert found.to_legacy_format()["results"][0]["memory"] == FACT
    assert list(found) == [FACT]


@pytest.mark.parametrize("run", ["chat", "achat"])
def test_an_agent_with_a_bridge_shows_the_model_what_it_finds(model, run):
    bridge = make()
    bridge.add(FACT)
    bridge.add("Bread is baked from flour.", agent_id="another agent")  # 1.7.0 searches without a user_id
    agent = Agent(name="K", instructions="Answer.", llm="gpt-4o-mini", knowledge=bridge)
    if run == "chat":
        agent.chat(QUESTION)
    else:
        asyncio.run(agent.achat(QUESTION))
    if run == "chat" and not NEWEST:  # 1.7.0 searches, and builds the request from the question without what it found
        assert seen(model) == QUESTION
        assert FACT in agent.retrieve(QUESTION).context
        return
    assert FACT in seen(model)
    assert "Bread" not in seen(model)


def configured(model, sources, url, **more):
    return Agent(
        name="K",
        instructions="Answer.",
        llm="gpt-4o-mini",
        knowledge={
            "sources": sources,
            "vector_store": {
                "provider": "praison_persist",
                "config": {"url": url, "collection_name": "facts", **more},
            },
            "embedder_config": {"provider": "openai", "config": {"model": "m", "base_url": model.url}},
        },
    )


def test_a_configured_agent_stores_its_sources_in_our_store_and_finds_them(active, model, monkeypatch):
    store = KNOWLEDGE_STORES.create("memory")
    monkeypatch.setattr("praison_persist_agents.bridge.provider.open_store", lambda *args, **kwargs: store)
    # texts, not files: those are read and cut by the client, with its extra "knowledge"
    agent = configured(model, [FACT, "Bread is baked from flour."], "memory://")
    asyncio.run(agent.achat(QUESTION))
    assert FACT in seen(model)
    assert {document.content for document in store.iter_documents("facts")} == {FACT, "Bread is baked from flour."}


def test_a_configured_agent_in_another_process_finds_what_is_in_the_database(active, model, database_url, fresh_prefix):
    filled = make(KNOWLEDGE_STORES.create("pgvector", url=database_url), collection=f"{fresh_prefix}facts")
    filled.add(FACT)
    agent = configured(model, ["Bread is baked from flour."], database_url.replace("postgresql:", "pgvector:"),
                       collection_name=f"{fresh_prefix}facts")  # fmt: skip
    asyncio.run(agent.achat(QUESTION))
    assert FACT in seen(model)


def test_without_activation_the_provider_is_unknown_to_the_client(model):
    from praisonaiagents.knowledge.adapters import has_knowledge_adapter

    assert not has_knowledge_adapter("praison_persist")
