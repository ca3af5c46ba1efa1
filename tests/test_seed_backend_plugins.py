"""The code blocks of PraisonAI's "Backend Plugins" page run here, with only their import paths changed.

What the page leaves open (`my_pkg`, the functions that a block uses without defining them) is filled in; the block
on SQL backends is tested with the SQL base.
"""

import sys
import types

import pytest

from praison_persist import CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES

IMPORT_PATHS = {"praisonai.persistence.registry": "praison_persist", "praisonai._registry": "praison_persist"}

QUICK_START = """
from praisonai.persistence.registry import CONVERSATION_STORES

def my_store_factory(url=None, **kwargs):
    from my_pkg import MyConversationStore
    return MyConversationStore(url=url, **kwargs)

CONVERSATION_STORES.register("mybackend", my_store_factory, aliases=("mb",))

store = CONVERSATION_STORES.create("mb", url="proto://host")
"""

PROCESS_DEFAULT = """
from praisonai._registry import PluginRegistry

class MyRegistry(PluginRegistry["MyThing"]):
    pass

# Thread-safe, per-subclass lazy initialization
reg = MyRegistry.default()

# Alternative registries are independent
class OtherRegistry(PluginRegistry["OtherThing"]):
    pass

other_reg = OtherRegistry.default()  # Different instance
"""

COMMON_PATTERN = """
from praisonai.persistence.registry import CONVERSATION_STORES

class CustomDBConversationStore:
    def __init__(self, url=None, **kwargs):
        self.url = url
        # Initialize your database connection
        
    def save_session(self, session):
        # Save implementation
        pass
        
    def load_session(self, session_id):
        # Load implementation  
        pass

def create_custom_db(url=None, **kwargs):
    return CustomDBConversationStore(url=url, **kwargs)

# Register at runtime
CONVERSATION_STORES.register("customdb", create_custom_db)

# Use it
store = CONVERSATION_STORES.create("customdb", url="custom://localhost:5432/db")
"""  # noqa: W291, W293

REGISTER_ALL = """
# my_storage_package/__init__.py
def register_all_backends():
    from praisonai.persistence.registry import (
        CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES
    )
    
    CONVERSATION_STORES.register("myconv", create_conversation_store)
    KNOWLEDGE_STORES.register("myknow", create_knowledge_store) 
    STATE_STORES.register("mystate", create_state_store)

# Auto-register on import
register_all_backends()
"""  # noqa: W291, W293

LISTING = """
from praisonai.persistence.registry import (
    CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES,
)

print("Conversation backends:", CONVERSATION_STORES.list_registered())
print("Knowledge backends:", KNOWLEDGE_STORES.list_registered())
print("State backends:", STATE_STORES.list_registered())

# Check aliases
print("Aliases:", CONVERSATION_STORES.list_aliases())
"""

# Every alias that the page and the persistence overview name, by kind.
ALIASES = {
    "conversation": {
        "postgres": "neon cockroachdb crdb cockroach xata",
        "async_postgres": "asyncpg postgres_async",
        "sync_sqlite": "sqlite_sync",
        "async_sqlite": "aiosqlite sqlite_async",
    },
}


class MyConversationStore:
    def __init__(self, url=None, **kwargs):
        self.url, self.kwargs = url, kwargs


@pytest.fixture(autouse=True)
def _clean_registries():
    yield
    for stores in (CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES):
        for name in ("mybackend", "customdb", "myconv", "myknow", "mystate"):
            stores.unregister(name)


def run(block, **names):
    for theirs, ours in IMPORT_PATHS.items():
        block = block.replace(f"from {theirs} import", f"from {ours} import")
    assert "praisonai" not in block
    exec(block, names)
    return names


def test_quick_start_registers_and_creates_by_alias(monkeypatch):
    my_pkg = types.ModuleType("my_pkg")
    my_pkg.MyConversationStore = MyConversationStore
    monkeypatch.setitem(sys.modules, "my_pkg", my_pkg)
    store = run(QUICK_START)["store"]
    assert isinstance(store, MyConversationStore)
    assert store.url == "proto://host"


def test_process_default_registries_are_per_subclass():
    names = run(PROCESS_DEFAULT)
    assert names["reg"] is names["MyRegistry"].default()
    assert names["other_reg"] is names["OtherRegistry"].default()
    assert names["reg"] is not names["other_reg"]


def test_common_pattern_registers_at_run_time():
    names = run(COMMON_PATTERN)
    assert type(names["store"]) is names["CustomDBConversationStore"]
    assert names["store"].url == "custom://localhost:5432/db"


def test_register_all_backends_on_import():
    functions = {
        f"create_{kind}_store": lambda url=None, kind=kind, **kwargs: (kind, url)
        for kind in ("conversation", "knowledge", "state")
    }
    run(REGISTER_ALL, **functions)
    assert CONVERSATION_STORES.create("myconv", url="u") == ("conversation", "u")
    assert KNOWLEDGE_STORES.create("myknow") == ("knowledge", None)
    assert STATE_STORES.create("mystate") == ("state", None)


def test_listing_prints_backends_and_aliases(capsys):
    CONVERSATION_STORES.register("mybackend", MyConversationStore, aliases=("mb",))
    run(LISTING)
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "Conversation backends",
        "Knowledge backends",
        "State backends",
        "Aliases",
    ]
    assert "'mybackend'" in lines[0]
    assert "'mb': 'mybackend'" in lines[3]


def test_the_aliases_of_the_document_lead_where_it_says():
    declared = {"conversation": CONVERSATION_STORES, "knowledge": KNOWLEDGE_STORES, "state": STATE_STORES}
    for kind, table in ALIASES.items():
        for name, aliases in table.items():
            for alias in aliases.split():
                assert declared[kind].list_aliases()[alias] == name


def test_the_registry_methods_of_the_document_exist_on_every_registry():
    for stores in (CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES):
        assert stores.list_registered() == sorted(stores.list_registered()) == stores.list_names()
        assert isinstance(stores.list_aliases(), dict)
        assert stores.default() is stores
        with pytest.raises(ValueError, match="Registered: "):
            stores.create("no-such-backend")
