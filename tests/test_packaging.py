"""Every distribution, built as a wheel and installed alone into a clean environment, does what it promises."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
PROJECTS = [ROOT / "core", *sorted(path.parent for path in (ROOT / "packages").glob("*/pyproject.toml"))]
UV = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv") or "uv"

PROBE = """
import json, sys
from importlib.metadata import distribution
from praison_persist import CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES, API_VERSION

kinds = {"conversation": CONVERSATION_STORES, "knowledge": KNOWLEDGE_STORES, "state": STATE_STORES}
found = {kind: stores.list_registered() for kind, stores in kinds.items()}
assert not any(name.startswith("praison_persist_") for name in sys.modules), "listing imported a plugin"
for kind, stores in kinds.items():
    for name in (*found[kind], *stores.list_aliases()):
        assert stores.describe(name).problem is None, stores.describe(name)
        stores.resolve(name)
print(json.dumps(found))
"""

ROUND_TRIPS = {
    "praison-persist-agents": """
from praison_persist_agents import DefaultSessionStore, SessionStoreProtocol
store = DefaultSessionStore(session_dir="sessions")
assert isinstance(store, SessionStoreProtocol)
store.add_message("s", "user", "hi")
assert store.get_chat_history("s") == [{"role": "user", "content": "hi"}]
""",
    "praison-persist-cli": """
import json, subprocess, sys
command = [sys.executable, "-m", "praison_persist_cli", "backends", "--json"]
done = subprocess.run(command, capture_output=True, text=True)
assert done.returncode == 0, done.stderr
json.loads(done.stdout)
""",
    "praison-persist-redis": """
from praison_persist import STATE_STORES
from praison_persist.errors import UnavailableError
with STATE_STORES.create_from_url("redis://u:secret@127.0.0.1:1/0", max_retries=0) as store:
    assert "secret" not in repr(store)
    try:
        store.get("k")
    except UnavailableError as error:
        assert "secret" not in str(error)
    else:
        raise AssertionError("nothing listens there")
""",
    "praison-persist-memory": """
from praison_persist import CONVERSATION_STORES, STATE_STORES, ConversationMessage, ConversationSession
with CONVERSATION_STORES.create("memory") as store:
    store.create_session(ConversationSession("s"))
    store.add_message("s", ConversationMessage(role="user", content="hi"))
    assert [m.content for m in store.get_messages("s")] == ["hi"]
with STATE_STORES.create("memory") as state:
    state.set("k", [1])
    assert state.get("k") == [1]
""",
    "praison-persist-sqlite": """
from praison_persist import CONVERSATION_STORES, STATE_STORES, ConversationMessage, ConversationSession
with CONVERSATION_STORES.create_from_url("sqlite:///c.db") as store:
    store.create_session(ConversationSession("s"))
    store.add_message("s", ConversationMessage(role="user", content="hi"))
with CONVERSATION_STORES.create("sync_sqlite", path="c.db") as store:
    assert [m.content for m in store.get_messages("s")] == ["hi"]
with STATE_STORES.create("sqlite", path="c.db") as state:
    assert state.incr("n") == 1
""",
    "praison-persist-turso": """
from praison_persist import CONVERSATION_STORES, STATE_STORES, ConversationMessage, ConversationSession
assert repr(CONVERSATION_STORES.create_from_url("libsql://db.turso.io")).endswith("('https://db.turso.io:443')")
with CONVERSATION_STORES.create("turso", url="file:c.db") as store:
    store.create_session(ConversationSession("s"))
    store.add_message("s", ConversationMessage(role="user", content="hi"))
    assert [m.content for m in store.get_messages("s")] == ["hi"]
with STATE_STORES.create("libsql", local_path="c.db") as state:
    assert state.incr("n") == 1
""",
    "praison-persist-json": """
from praison_persist import CONVERSATION_STORES, ConversationMessage, ConversationSession
with CONVERSATION_STORES.create("json", path="chats") as store:
    store.create_session(ConversationSession("s"))
    store.add_message("s", ConversationMessage(role="user", content="hi"))
    assert [m.content for m in store.get_messages("s")] == ["hi"]
""",
    "praison-persist-qdrant": """
from praison_persist import KNOWLEDGE_STORES, KnowledgeDocument
with KNOWLEDGE_STORES.create("qdrant", path="vectors") as store:
    store.create_collection("docs", 2)
    store.insert("docs", [KnowledgeDocument("a", "x", [1.0, 0.0]), KnowledgeDocument("b", "y", [0.0, 1.0])])
    assert [d.id for d in store.search("docs", [1.0, 0.1], limit=1)] == ["a"]
""",
    "praison-persist-cassandra": """
from praison_persist import KNOWLEDGE_STORES, UnavailableError
store = KNOWLEDGE_STORES.create("cassandra", url="cassandra://u:secret@127.0.0.1:1/d")
try:
    store.list_collections()
except UnavailableError as error:
    assert "secret" not in str(error)
else:
    raise AssertionError("nothing listens there")
store.close()
""",
    "praison-persist-postgres": """
from praison_persist import CONVERSATION_STORES, UnavailableError
store = CONVERSATION_STORES.create("neon", url="postgresql://u:secret@127.0.0.1:1/d", max_retries=0)
try:
    store.get_session("s")
except UnavailableError as error:
    assert "secret" not in str(error)
else:
    raise AssertionError("a dead server answered")
""",
    "praison-persist-supabase": """
from praison_persist import CONVERSATION_STORES, UnavailableError
store = CONVERSATION_STORES.create("supabase", url="http://127.0.0.1:1", key="secret", max_retries=0)
assert "CREATE OR REPLACE FUNCTION" in store.schema_sql()
try:
    store.get_session("s")
except UnavailableError as error:
    assert "secret" not in str(error)
else:
    raise AssertionError("a dead server answered")
""",
    "praison-persist-surrealdb": """
from praison_persist import CONVERSATION_STORES, KNOWLEDGE_STORES
from praison_persist import ConversationMessage, ConversationSession, KnowledgeDocument
with CONVERSATION_STORES.create_from_url("surrealkv://chats") as store:
    store.create_session(ConversationSession("s"))
    store.add_message("s", ConversationMessage(role="user", content="hi"))
    assert [m.content for m in store.get_messages("s")] == ["hi"]
with KNOWLEDGE_STORES.create("surrealdb_v", url="mem://") as store:
    store.create_collection("docs", 2)
    store.insert("docs", [KnowledgeDocument("a", "x", [1.0, 0.0]), KnowledgeDocument("b", "y", [0.0, 1.0])])
    assert [d.id for d in store.search("docs", [1.0, 0.1], limit=1)] == ["a"]
""",
    "praison-persist-mysql": """
from praison_persist import CONVERSATION_STORES, UnavailableError
store = CONVERSATION_STORES.create_from_url("mysql+pymysql://u:secret@127.0.0.1:1/d", max_retries=0)
try:
    store.get_session("s")
except UnavailableError as error:
    assert "secret" not in str(error)
else:
    raise AssertionError("a dead server answered")
""",
    "praison-persist-singlestore": """
from praison_persist import CONVERSATION_STORES, UnavailableError
store = CONVERSATION_STORES.create_from_url("singlestoredb://u:secret@127.0.0.1:1/d", max_retries=0)
try:
    store.get_session("s")
except UnavailableError as error:
    assert "secret" not in str(error)
else:
    raise AssertionError("a dead server answered")
""",
    "praison-persist-testkit": """
import praison_persist_testkit
""",
    "praison-persist-valkey": """
from praison_persist import STATE_STORES
from praison_persist.errors import UnavailableError
store = STATE_STORES.create("valkey", url="valkey://ada:secret@127.0.0.1:1/2", max_retries=0, connect_timeout=1)
assert "127.0.0.1:1/2" in repr(store) and "secret" not in repr(store)
try:
    store.get("k")
except UnavailableError as error:
    assert error.backend == "valkey" and "secret" not in str(error)
else:
    raise AssertionError("nothing listens there")
""",
    "praison-persist-upstash": """
from praison_persist import STATE_STORES
from praison_persist.errors import UnavailableError
for name in ("upstash", "async_upstash"):
    store = STATE_STORES.create(name, url="http://127.0.0.1:1", token="secret", max_retries=0)
    assert "127.0.0.1:1" in repr(store) and "secret" not in repr(store)
try:
    STATE_STORES.create("upstash", url="http://127.0.0.1:1", token="secret", max_retries=0).get("k")
except UnavailableError as error:
    assert error.backend == "upstash" and "secret" not in str(error)
else:
    raise AssertionError("nothing listens there")
""",
}


def project(path: Path) -> dict[str, object]:
    return tomllib.loads((path / "pyproject.toml").read_text())["project"]


def run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{' '.join(map(str, command[:6]))} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    for path in PROJECTS:
        run(UV, "build", "--wheel", "--out-dir", folder, path)
    return folder


@pytest.mark.parametrize("path", PROJECTS, ids=lambda path: path.name)
def test_a_wheel_installed_alone_works(path: Path, wheels: Path, tmp_path: Path) -> None:
    name = str(project(path)["name"])
    python = tmp_path / "venv" / "bin" / "python"
    run(UV, "venv", "--python", sys.executable, tmp_path / "venv")
    (wheel,) = wheels.glob(f"{name.replace('-', '_')}-[0-9]*.whl")
    run(UV, "pip", "install", "--python", python, "--find-links", wheels, wheel)
    run(UV, "pip", "check", "--python", python)
    found = json.loads(run(python, "-c", PROBE, cwd=tmp_path))
    # The command line brings agents along, and so its generic backend.
    owners = [path, *(other for other in PROJECTS[1:] if str(project(other)["name"]) in requirements(path))]
    declared = {
        kind: sorted(
            {
                name
                for owner in owners
                for name in project(owner).get("entry-points", {}).get(f"praisonai.{kind}_stores", {})
            }
        )
        for kind in found
    }
    assert found == declared
    if name in ROUND_TRIPS:
        run(python, "-c", ROUND_TRIPS[name], cwd=tmp_path)


def requirements(path: Path) -> set[str]:
    """The names of what a package depends on."""
    return {re.split(r"[^A-Za-z0-9._-]", str(each), maxsplit=1)[0] for each in project(path)["dependencies"]}


def test_every_package_has_a_round_trip() -> None:
    assert set(ROUND_TRIPS) == {str(project(path)["name"]) for path in PROJECTS[1:]}


def test_the_core_pulls_nothing_else(wheels: Path, tmp_path: Path) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    run(UV, "venv", "--python", sys.executable, tmp_path / "venv")
    run(UV, "pip", "install", "--python", python, *wheels.glob("praison_persist-[0-9]*.whl"))
    installed = json.loads(run(UV, "pip", "list", "--python", python, "--format", "json"))
    assert [package["name"] for package in installed] == ["praison-persist"]


def test_extras_of_the_core_name_every_package(wheels: Path) -> None:
    extras = project(ROOT / "core")["optional-dependencies"]
    wanted = {path.name: [str(project(path)["name"])] for path in PROJECTS[1:]}
    named = {
        extra: [requirement.partition(">")[0].strip() for requirement in requirements]
        for extra, requirements in extras.items()
        if extra != "all"
    }
    assert named == wanted


@pytest.mark.parametrize("path", PROJECTS, ids=lambda path: path.name)
def test_a_wheel_holds_its_package_its_licence_and_its_types_only(path: Path, wheels: Path) -> None:
    name = str(project(path)["name"]).replace("-", "_")
    (wheel,) = wheels.glob(f"{name}-[0-9]*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {entry.split("/")[0].split("-")[0] for entry in names} == {name}
    assert f"{name}/py.typed" in names
    assert any(entry.endswith("/licenses/LICENSE") for entry in names)
    assert not any("tests" in entry.split("/") for entry in names)
