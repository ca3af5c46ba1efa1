"""Without PraisonAI, `activate` makes the import paths of its documents work; the documents' own code runs here.

Each test runs in a process of its own, since what is imported once stays.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

pytestmark = pytest.mark.skipif(find_spec("praisonai") is not None, reason="PraisonAI is installed: see tests/client")


def run(program, cwd):
    done = subprocess.run([sys.executable, "-c", program], cwd=cwd, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


ACTIVATE = "from praison_persist_agents.bridge import activate, deactivate\nactivation = activate()\n"


def test_before_and_after_there_is_no_praisonai(tmp_path):
    run(
        "import sys\nfrom importlib.util import find_spec\n"
        "assert find_spec('praisonai') is None\n" + ACTIVATE + "assert activation.refused is None\n"
        "assert 'praisonai.persistence.registry' in activation.import_paths\n"
        "assert not activation.stores and not activation.sessions\n"
        "assert activate() is activation\n"
        "import praisonai.persistence.registry\n"
        "assert deactivate() and not deactivate()\n"
        "assert find_spec('praisonai') is None\n"
        "assert not [name for name in sys.modules if name.partition('.')[0] in ('praisonai', 'praisonaiagents')]\n"
        "assert activate() is not activation\n",
        tmp_path,
    )


def test_activation_imports_no_backend(tmp_path):
    run(
        ACTIVATE + "import sys, praisonai.persistence.registry, praisonai.persistence.conversation\n"
        "ours = [n for n in sys.modules if n.startswith('praison_persist_')]\n"
        "backends = [n for n in ours if not n.startswith('praison_persist_agents')]\n"
        "assert not backends, backends\n",
        tmp_path,
    )


def test_activation_without_import_paths_offers_none(tmp_path):
    run(
        "from praison_persist_agents.bridge import activate\n"
        "assert activate(import_paths=False).import_paths == ()\n"
        "try:\n    import praisonai\nexcept ImportError:\n    pass\nelse:\n    raise SystemExit('importable')\n",
        tmp_path,
    )


def test_a_session_store_needs_agents_to_give_it_to(tmp_path):
    run(
        "from praison_persist_agents.bridge import activate\n"
        "try:\n    activate(session_store=object())\n"
        "except ValueError as error:\n    assert 'pip install praisonaiagents' in str(error)\n"
        "else:\n    raise SystemExit('accepted')\n",
        tmp_path,
    )


def test_activation_stands_threads(tmp_path):
    run(
        "import threading\nfrom praison_persist_agents.bridge import activate, deactivate\n"
        "made, errors = [], []\n"
        "def work():\n"
        "    try:\n        made.append(activate())\n    except BaseException as error:\n        errors.append(error)\n"
        "threads = [threading.Thread(target=work) for _ in range(8)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]\n"
        "assert not errors and len(set(map(id, made))) == 1\n"
        "import sys\nassert deactivate() and not deactivate()\n"
        "assert len([f for f in sys.meta_path if type(f).__module__.startswith('praison_persist')]) == 0\n",
        tmp_path,
    )


# -- backend-plugins.txt


def test_document_register_a_custom_backend(tmp_path):
    (tmp_path / "my_pkg.py").write_text(
        "class MyConversationStore:\n    def __init__(self, url=None, **kwargs):\n        self.url = url\n"
    )
    run(
        ACTIVATE + "from praisonai.persistence.registry import CONVERSATION_STORES\n\n"
        "def my_store_factory(url=None, **kwargs):\n"
        "    from my_pkg import MyConversationStore\n"
        "    return MyConversationStore(url=url, **kwargs)\n\n"
        'CONVERSATION_STORES.register("mybackend", my_store_factory, aliases=("mb",))\n\n'
        'store = CONVERSATION_STORES.create("mb", url="proto://host")\n'
        "assert store.url == 'proto://host'\n",
        tmp_path,
    )


def test_document_process_default_registry(tmp_path):
    run(
        ACTIVATE + "from praisonai._registry import PluginRegistry\n\n"
        'class MyRegistry(PluginRegistry["MyThing"]):\n    pass\n\n'
        "# Thread-safe, per-subclass lazy initialization\n"
        "reg = MyRegistry.default()\n\n"
        'class OtherRegistry(PluginRegistry["OtherThing"]):\n    pass\n\n'
        "other_reg = OtherRegistry.default()  # Different instance\n"
        "assert reg is MyRegistry.default() and reg is not other_reg\n",
        tmp_path,
    )


def test_document_custom_storage_backend(tmp_path):
    run(
        ACTIVATE + "from praisonai.persistence.registry import CONVERSATION_STORES\n\n"
        "class CustomDBConversationStore:\n"
        "    def __init__(self, url=None, **kwargs):\n        self.url = url\n"
        "    def save_session(self, session):\n        pass\n"
        "    def load_session(self, session_id):\n        pass\n\n"
        "def create_custom_db(url=None, **kwargs):\n    return CustomDBConversationStore(url=url, **kwargs)\n\n"
        'CONVERSATION_STORES.register("customdb", create_custom_db)\n'
        'store = CONVERSATION_STORES.create("customdb", url="custom://localhost:5432/db")\n'
        "assert store.url == 'custom://localhost:5432/db'\n",
        tmp_path,
    )


def test_document_register_all_backends_on_import(tmp_path):
    package = tmp_path / "my_storage_package"
    package.mkdir()
    (package / "__init__.py").write_text(
        "def create_conversation_store(url=None, **kwargs): return ('c', url)\n"
        "def create_knowledge_store(url=None, **kwargs): return ('k', url)\n"
        "def create_state_store(url=None, **kwargs): return ('s', url)\n\n"
        "def register_all_backends():\n"
        "    from praisonai.persistence.registry import (\n"
        "        CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES\n"
        "    )\n\n"
        '    CONVERSATION_STORES.register("myconv", create_conversation_store)\n'
        '    KNOWLEDGE_STORES.register("myknow", create_knowledge_store)\n'
        '    STATE_STORES.register("mystate", create_state_store)\n\n'
        "# Auto-register on import\nregister_all_backends()\n"
    )
    run(
        ACTIVATE + "import my_storage_package\n"
        "from praison_persist import CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES\n"
        "assert CONVERSATION_STORES.create('myconv', url='u') == ('c', 'u')\n"
        "assert KNOWLEDGE_STORES.create('myknow', url='u') == ('k', 'u')\n"
        "assert STATE_STORES.create('mystate', url='u') == ('s', 'u')\n",
        tmp_path,
    )


def test_document_list_backends(tmp_path):
    printed = run(
        ACTIVATE + "from praisonai.persistence.registry import (\n"
        "    CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES,\n)\n\n"
        'print("Conversation backends:", CONVERSATION_STORES.list_registered())\n'
        'print("Knowledge backends:", KNOWLEDGE_STORES.list_registered())\n'
        'print("State backends:", STATE_STORES.list_registered())\n\n'
        "# Check aliases\n"
        'print("Aliases:", CONVERSATION_STORES.list_aliases())\n',
        tmp_path,
    )
    assert "'sqlite'" in printed
    assert "'neon': 'postgres'" in printed


def test_document_extend_the_sql_base(tmp_path):
    run(
        ACTIVATE + "from praisonai.persistence.conversation._sql_base import _SQLConversationStoreBase\n"
        "from praison_persist.sql import _SQLConversationStoreBase as ours\n"
        "assert _SQLConversationStoreBase is ours and ours.SCHEMA_VERSION == '1.0.0'\n",
        tmp_path,
    )


# -- async-conversation-store.txt

CUSTOM = """
from praisonai.persistence.conversation import AsyncConversationStore, ConversationSession, ConversationMessage
from typing import List, Optional

class CustomAsyncStore(AsyncConversationStore):
    async def create_session(self, session: ConversationSession) -> ConversationSession:
        # Your async implementation
        return session

    async def get_session(self, session_id: str) -> Optional[ConversationSession]:
        # Your async implementation
        return None

    async def add_message(self, session_id: str, message: ConversationMessage) -> ConversationMessage:
        # Your async implementation
        return message

    # ... implement other required methods
    async def update_session(self, session): return session
    async def delete_session(self, session_id): return False
    async def list_sessions(self, user_id=None, agent_id=None, limit=100, offset=0): return []
    async def get_messages(self, session_id, limit=None, before=None, after=None): return []
    async def delete_messages(self, session_id, message_ids=None): return 0

    async def close(self) -> None:
        # Clean up async resources
        pass

# Use your custom store
store = CustomAsyncStore()
"""


def test_document_custom_async_store_serves_the_orchestrator(tmp_path):
    run(
        ACTIVATE + CUSTOM + "import asyncio\nfrom praisonai.persistence import PersistenceOrchestrator\n"
        "orchestrator = PersistenceOrchestrator(conversation_store=store)\n"
        "async def main():\n"
        "    assert await orchestrator.aon_agent_start(None, 's') == []\n"
        "    message = await orchestrator.aon_message('s', 'user', 'hi')\n"
        "    assert message.content == 'hi'\n"
        "asyncio.run(main())\n"
        "assert orchestrator.on_message('s', 'user', 'sync').content == 'sync'\n",
        tmp_path,
    )


def test_document_must_inherit_for_proper_dispatch(tmp_path):
    run(
        ACTIVATE + "from praisonai.persistence.conversation import AsyncConversationStore\n"
        "from praison_persist import AsyncConversationStore as ours\n"
        "assert AsyncConversationStore is ours\n",
        tmp_path,
    )


def test_document_async_postgres_store_and_its_helpers(tmp_path, database_url, fresh_prefix):
    run(
        ACTIVATE + "from praisonai.persistence.conversation import AsyncPostgresConversationStore\n"
        "from praisonai.persistence.conversation import ConversationMessage, ConversationSession\n"
        "import asyncio\n"
        "async def main():\n"
        f'    async with AsyncPostgresConversationStore(url="{database_url}", '
        f'table_prefix="{fresh_prefix}") as store:\n'
        '        session = ConversationSession(session_id="new_session", user_id="user_123")\n'
        "        updated_session = await store.upsert_session(session)  # Creates or updates\n"
        '        session = await store.get_session("new_session")\n'
        "        assert session and updated_session.session_id == session.session_id\n"
        '        message = ConversationMessage(session_id="new_session", role="user", content="Hello")\n'
        '        await store.add_message("new_session", message)\n'
        '        assert [m.content for m in await store.get_messages("new_session")] == ["Hello"]\n'
        "        assert not hasattr(store, 'async_get_session')\n"
        "asyncio.run(main())\n",
        tmp_path,
    )


# -- persistence-overview.txt


def test_document_register_store_is_canonical_and_register_its_alias(tmp_path):
    run(
        ACTIVATE + "from praisonai.persistence.registry import CONVERSATION_STORES\n"
        "CONVERSATION_STORES.register_store('a', lambda url=None: ('a', url), aliases=('aa',))\n"
        "CONVERSATION_STORES.register('b', lambda url=None: ('b', url))\n"
        "assert CONVERSATION_STORES.create('aa') == ('a', None)\n"
        "assert CONVERSATION_STORES.create('b', url='x') == ('b', 'x')\n",
        tmp_path,
    )


def test_document_mysql_new_says_what_to_install_or_gives_the_class(tmp_path):
    run(
        ACTIVATE + "try:\n"
        "    from praisonai.persistence.conversation.mysql_new import MySQLConversationStore\n"
        "except ImportError as error:\n"
        "    assert 'mysql' in str(error) and 'Registered' in str(error), error\n"
        "else:\n"
        "    assert MySQLConversationStore.__name__ == 'MySQLConversationStore'\n",
        tmp_path,
    )


def test_document_table_prefix_of_older_releases_opens_their_tables(tmp_path):
    run(
        ACTIVATE + "from praisonai.persistence.conversation import SQLiteConversationStore, ConversationSession\n"
        "with SQLiteConversationStore(path='old.db', table_prefix='praisonai_') as store:\n"
        "    store.create_session(ConversationSession('s'))\n"
        "import sqlite3\n"
        "rows = sqlite3.connect('old.db').execute('SELECT session_id FROM praisonai_sessions')\n"
        "assert rows.fetchall() == [('s',)]\n",
        tmp_path,
    )


def test_every_import_path_and_every_name_behind_it_can_be_had(tmp_path):
    run(
        ACTIVATE + "from importlib import import_module\n"
        "for name in activation.import_paths:\n"
        "    module = import_module(name)\n"
        "    for attribute in module.__all__:\n"
        "        try:\n            getattr(module, attribute)\n"
        "        except ImportError as error:\n"
        "            assert 'Registered' in str(error), error  # a backend that is not installed\n"
        "import praisonaiagents\n"
        "try:\n    from praisonaiagents import Agent\n"
        "except ImportError as error:\n    assert 'pip install praisonaiagents' in str(error)\n"
        "try:\n    from praisonai.persistence.registry import nonsense\n"
        "except ImportError as error:\n    assert 'nonsense' in str(error)\n",
        tmp_path,
    )


def test_an_installed_praisonai_is_found_before_the_import_paths(tmp_path):
    (tmp_path / "praisonai").mkdir()
    (tmp_path / "praisonai" / "__init__.py").write_text("real = True\n")
    run(
        "import sys\nsys.path.insert(0, '.')\nfrom praison_persist_agents.bridge import activate, shims\n"
        "assert shims.installed('praisonai') and not shims.installed('praisonaiagents')\n"
        "import praisonai\nassert praisonai.real\nassert shims.installed('praisonai')\n",
        tmp_path,
    )
