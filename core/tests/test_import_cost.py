"""Importing the package is almost free; the public names are exactly those of the design."""

import subprocess
import sys

import pytest

import praison_persist

PUBLIC = """
    CONVERSATION_STORES KNOWLEDGE_STORES STATE_STORES PluginRegistry StoreRegistry store_factory
    create_conversation_store create_knowledge_store create_state_store
    ConversationSession ConversationMessage ConversationStore AsyncConversationStore
    KnowledgeDocument KnowledgeStore AsyncKnowledgeStore StateStore AsyncStateStore
    API_VERSION __version__
"""


def modules_after(code):
    """The modules that a fresh interpreter has loaded after the code."""
    code += "\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.fixture(scope="module")
def bare():
    return modules_after("")


def test_importing_the_package_loads_two_modules_and_nothing_else(bare):
    assert modules_after("import praison_persist") - bare == {"praison_persist", "praison_persist.__about__"}


def test_importing_the_package_leaves_few_modules():
    assert len(modules_after("import praison_persist")) <= 70


def test_using_what_is_registered_loads_no_plugin_machinery(bare):
    loaded = modules_after("from praison_persist import CONVERSATION_STORES as c; c.register('x', dict); c.create('x')")
    assert not (loaded - bare) & {"dataclasses", "inspect", "importlib.metadata", "email", "urllib.parse", "difflib"}


def test_listing_imports_only_the_standard_library(bare):
    code = """
from praison_persist import CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES
for stores in (CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES):
    stores.list_registered(), stores.list_aliases(), [stores.describe(name) for name in stores.list_all_names()]
"""
    foreign = {name.partition(".")[0] for name in modules_after(code) - bare} - set(sys.stdlib_module_names)
    assert foreign == {"praison_persist"}


def test_the_public_names_are_those_of_the_design():
    from praison_persist import PersistError

    def children(cls):
        return {cls.__name__}.union(*(children(child) for child in cls.__subclasses__()))

    core = {name for name in children(PersistError) if hasattr(praison_persist, name)}
    assert set(praison_persist.__all__) == {*PUBLIC.split(), *core}
    for module in ("errors", "factories"):
        declared = vars(__import__(f"praison_persist.{module}", fromlist=["x"]))
        errors = {
            name for name, value in declared.items() if isinstance(value, type) and issubclass(value, PersistError)
        }
        assert errors <= core


@pytest.mark.parametrize("name", praison_persist.__all__)
def test_every_public_name_is_importable_listed_and_stable(name):
    assert getattr(praison_persist, name) is getattr(praison_persist, name)
    assert name in dir(praison_persist)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nosuch'"):
        _ = praison_persist.nosuch
