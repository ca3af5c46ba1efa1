"""A release from tag to `pip install`, by the scripts that the workflows run, on a real package server on loopback."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from release_index import UV, Index, Repository


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    index = Index(tmp_path_factory.mktemp("index"))
    yield index
    index.stop()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository(tmp_path_factory.mktemp("repository") / "praison-persist")


def release(repository: Repository, index: Index, tag: str) -> dict[str, str]:
    """Everything that release.yml does with a tag; the facts that it works with."""
    repository.git("tag", tag)
    facts = json.loads(repository.must("release_check", tag, "--index", index.simple, "--json"))
    dist = repository.path / "dist" / tag
    repository.must("build", facts["package"], "--out", dist)
    # Both resolutions are tried on every wheel in the workflow; one of them is enough to see the way.
    repository.must("verify_wheel", dist / facts["wheel"], "--index", index.simple, "--resolution", "lowest-direct")
    upload = ["publish", *sorted(dist.glob("praison_persist*")), "--to", index.url, "--index", index.simple]
    refused = repository.run(*upload, UV_PUBLISH_TOKEN="", UV_PUBLISH_PASSWORD="")
    assert refused.returncode == 1
    assert "UV_PUBLISH_TOKEN" in refused.stderr
    repository.must(*upload, UV_PUBLISH_TOKEN=index.token)
    return facts


def test_a_tag_becomes_a_package_that_strangers_install(repository: Repository, index: Index, tmp_path: Path) -> None:
    # Qdrant's floor is a core that nobody can install yet.
    early = repository.run("release_check", "packages/qdrant-v0.1.0", "--index", index.simple)
    assert early.returncode == 1
    assert "'praison-persist>=0.1,<1' cannot be installed from the index" in early.stderr

    release(repository, index, "core-v0.1.0")
    before = index.files()
    facts = release(repository, index, "packages/qdrant-v0.1.0")
    assert facts["name"] == "praison-persist-qdrant"
    new = set(index.files()) - set(before)
    assert new == {"praison_persist_qdrant-0.1.0-py3-none-any.whl", "praison_persist_qdrant-0.1.0.tar.gz"}
    assert repository.git("status", "--porcelain") == ""

    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([UV, "venv", "--quiet", "--seed", "--python", sys.executable, tmp_path / "venv"], check=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--extra-index-url", index.simple, "praison-persist-qdrant"]
    subprocess.run(pip, check=True, cwd=tmp_path)
    code = """
from importlib.metadata import version
from praison_persist import KNOWLEDGE_STORES
with KNOWLEDGE_STORES.create("qdrant", url=":memory:") as store:
    store.create_collection("docs", 2)
    print(version("praison-persist-qdrant"), store.list_collections())
"""
    done = subprocess.run([python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "0.1.0 ['docs']", done.stderr

    # The same version again is refused by the index as well as by its tag; the next one waits for the changelog.
    again = repository.run("release_check", "packages/qdrant-v0.1.0", "--index", index.simple)
    assert "0.1.0 was released before" in again.stderr
    repository.bump("packages/qdrant", "0.1.1")
    early = repository.run("release_check", "packages/qdrant-v0.1.1", "--index", index.simple)
    assert "CHANGELOG.md has no section for 0.1.0; merge that release's changelog first" in early.stderr
    repository.must("changelog", "qdrant", "--date", "2030-01-02")
