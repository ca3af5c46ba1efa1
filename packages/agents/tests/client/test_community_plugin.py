"""A plugin from outside the repository in a real PraisonAI: the DuckDB example, built and installed as a wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[4] / "examples" / "praison-persist-duckdb"
UV = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"

# By PraisonAI's registry, which reads the same entry points; by the generic backend; and by its name once activated.
REGISTRY = """
from praisonai.persistence.factory import create_knowledge_store
from praisonai.persistence.knowledge.base import KnowledgeDocument
import praison_persist
from praison_persist_agents.bridge import activate

url, sessions = "duckdb:///own.db", object()
store = create_knowledge_store("duckdb", url=url)
store.create_collection("c", 2)
store.insert("c", [praison_persist.KnowledgeDocument(id="a", content="A", embedding=[1.0, 0.0], metadata={"n": None})])
print(type(store).__name__, [type(found).__module__ for found in store.search("c", [1.0, 0.1])])
store.close()

for name in ("praison_persist", "duckdb"):
    store = create_knowledge_store(name, url=url)
    store.upsert("c", [KnowledgeDocument(id=name, content=name, embedding=[0.0, 1.0])])
    found = store.search("c", [1.0, 0.1], limit=1)
    print([(type(each).__module__, each.content, each.metadata) for each in found], store.count("c"))
    store.close()
    activate(session_store=sessions)
"""

AGENT = """
import asyncio, os
from praisonaiagents import Agent
from praison_persist import KNOWLEDGE_STORES
from praison_persist_agents.bridge import activate

activate(session_store=object())
agent = Agent(
    name="K",
    instructions="Answer.",
    llm="gpt-4o-mini",
    knowledge={
        "sources": ["The capital of Norway is Oslo."],
        "vector_store": {
            "provider": "praison_persist",
            "config": {"url": "duckdb:///agent.db", "collection_name": "facts"},
        },
        "embedder_config": {"provider": "openai", "config": {"model": "m", "base_url": os.environ["OPENAI_BASE_URL"]}},
    },
)
asyncio.run(agent.achat("What is the capital of Norway?"))
with KNOWLEDGE_STORES.create("duckdb", path="agent.db") as store:
    print([document.content for document in store.iter_documents("facts")])
"""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of the plugin's wheel and its driver, beside the installed packages."""
    folder = tmp_path_factory.mktemp("plugin")
    shutil.copytree(EXAMPLE, folder / "plugin", ignore=shutil.ignore_patterns("__pycache__", ".*_cache"))
    for command in (
        ("build", "--quiet", "--wheel", "--out-dir", "wheels", "plugin"),
        ("pip", "install", "--quiet", "--python", sys.executable, "--target", "site", "--no-deps", "duckdb>=1.1"),
    ):
        wheels = map(str, (folder / "wheels").glob("*.whl"))
        subprocess.run([UV, *command, *wheels], cwd=folder, check=True, timeout=600)
    return folder / "site"


def run(code: str, site: Path, folder: Path) -> list[str]:
    environment = {**os.environ, "PYTHONPATH": str(site), "PRAISONAI_HOME": str(folder / "home")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout.splitlines()


def test_praisonai_opens_it_by_its_name_and_by_the_generic_backend_and_activated(site: Path, tmp_path: Path) -> None:
    own, generic, activated = run(REGISTRY, site, tmp_path)
    assert own == "DuckdbKnowledgeStore ['praison_persist.knowledge']"
    assert generic == "[('praisonai.persistence.knowledge.base', 'A', {'n': None})] 2"
    assert activated == "[('praisonai.persistence.knowledge.base', 'A', {'n': None})] 3"


def test_an_agent_keeps_its_knowledge_in_it_and_finds_it(site: Path, tmp_path: Path, model: object) -> None:
    assert run(AGENT, site, tmp_path)[-1] == "['The capital of Norway is Oslo.']"
    assert "Oslo" in model.messages[-1]["content"]  # type: ignore[attr-defined]
