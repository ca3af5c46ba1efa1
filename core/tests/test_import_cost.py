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
    from praison_persist import errors, factories

    declared = {
        name
        for module in (errors, factories)
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, errors.PersistError)
    }
    assert set(praison_persist.__all__) == {*PUBLIC.split(), *declared}


@pytest.mark.parametrize("name", praison_persist.__all__)
def test_every_public_name_is_importable_listed_and_stable(name):
    assert getattr(praison_persist, name) is getattr(praison_persist, name)
    assert name in dir(praison_persist)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nosuch'"):
        _ = praison_persist.nosuch


def _print_costs():
    """Medians in milliseconds of fresh interpreters; for people, since a clock is no test."""
    from statistics import median
    from time import perf_counter

    def cost(code):
        def once():
            start = perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            return (perf_counter() - start) * 1000

        return median(once() for _ in range(31))

    nothing = cost("pass")
    for code in (
        "import praison_persist",
        "from praison_persist import CONVERSATION_STORES",
        "from praison_persist import CONVERSATION_STORES as c; c.list_registered()",
        "import importlib.metadata, dataclasses, threading",
        "import importlib.metadata; importlib.metadata.entry_points()",
    ):
        spent = cost(code)
        print(f"{spent:7.1f} ms  {spent / nothing:5.2f} x `python -c pass`  {code}")


if __name__ == "__main__":
    _print_costs()
