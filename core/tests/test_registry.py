"""Registries: registration at run time, names and aliases, errors for people, URLs, threads."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from praison_persist import (
    CONVERSATION_STORES,
    KNOWLEDGE_STORES,
    STATE_STORES,
    ConfigurationError,
    PluginRegistry,
    StoreRegistry,
    UnknownBackendError,
)


class Store:
    def __init__(self, url=None, **options):
        self.url, self.options = url, options


class Other(Store):
    pass


@pytest.fixture
def registry():
    return PluginRegistry()


@pytest.fixture
def stores():
    return StoreRegistry("conversation")


def test_names_are_case_folded_everywhere(registry):
    registry.register("MyDB", Store, aliases=("MD",))
    assert isinstance(registry.create("mydb", url="u"), Store)
    assert registry.resolve("mD") is Store
    assert registry.list_registered() == ["mydb"]
    assert registry.list_aliases() == {"md": "mydb"}
    assert registry.has("MYDB")
    assert registry.is_available("MYDB")


@pytest.mark.parametrize("aliases", [None, (), [], ("a", "b"), ["a", "b"], {"a", "b"}, "a", iter(("a",))])
def test_aliases_may_be_none_a_sequence_or_one_string(registry, aliases):
    expected = {"a", "b"} if isinstance(aliases, (tuple, list, set)) and aliases else {"a"} if aliases else set()
    registry.register("abc", Store, aliases=aliases)
    assert registry.list_aliases().keys() == expected


@pytest.mark.parametrize("name", ["", " ", "a b", "a\n", " a", "a:b", "a@b", "redis://h", "a=b", None, 3, b"a"])
def test_a_malformed_name_is_refused_and_changes_nothing(registry, name):
    with pytest.raises(ConfigurationError):
        registry.register(name, Store)
    with pytest.raises(ConfigurationError):
        registry.register("good", Store, aliases=("fine", name))
    assert registry.list_all_names() == []


@pytest.mark.parametrize("factory", [42, None, "module:factory"])
def test_a_factory_must_be_callable(registry, factory):
    with pytest.raises(ConfigurationError, match="must be callable"):
        registry.register("bad", factory)
    assert not registry.has("bad")


@pytest.mark.parametrize("taken", ["a", "alias"])
def test_an_alias_cannot_be_taken_from_another_name(registry, taken):
    registry.register("a", Store, aliases=("alias",))
    with pytest.raises(ConfigurationError, match=f"'{taken}' of 'b' is taken by 'a'"):
        registry.register("b", Other, aliases=(taken,))
    assert not registry.has("b")
    assert registry.resolve("alias") is Store


def test_a_name_that_was_an_alias_is_freed_for_the_new_registration(registry):
    registry.register("a", Store, aliases=("b", "c"))
    registry.register("b", Other)
    assert registry.resolve("b") is Other
    assert registry.list_aliases() == {"c": "a"}


def test_registering_again_replaces_the_factory_and_keeps_the_aliases(registry):
    registry.register("a", Store, aliases=("b",))
    registry.register("a", Other, aliases=("b", "c", "a"))
    assert registry.resolve("b") is Other
    assert registry.list_aliases() == {"b": "a", "c": "a"}


def test_unregister_removes_a_name_with_its_aliases_or_one_alias(registry):
    registry.register("a", Store, aliases=("b", "c"))
    assert registry.unregister("B")
    assert registry.list_all_names() == ["a", "c"]
    assert registry.unregister("a")
    assert registry.list_all_names() == []
    assert not registry.unregister("a")


def test_an_unknown_name_lists_what_there_is_and_the_nearest(registry):
    registry.register("mydatabase", Store)
    with pytest.raises(ValueError, match=r"unknown plugin 'mydatabse'. Registered: mydatabase\nHint: did you mean"):
        registry.create("mydatabse")
    with pytest.raises(UnknownBackendError, match=r"Registered: none$"):
        PluginRegistry().resolve("x")


@pytest.mark.parametrize("name", ["postgresql://me:s3cret@h/db", "me:s3cret@h", "host=h password=s3cret"])
def test_a_url_given_as_a_name_is_not_repeated(stores, name):
    with pytest.raises(UnknownBackendError, match="create_from_url") as caught:
        stores.create(name)
    assert "s3cret" not in str(caught.value)


def test_an_unknown_first_party_backend_gives_the_exact_pip_command(stores, monkeypatch):
    from praison_persist import first_party

    monkeypatch.setitem(first_party.BACKENDS["conversation"], "pocketdb", "praison-persist-pocketdb")
    monkeypatch.setitem(first_party.SCHEMES["conversation"], "pocket", "praison-persist-pocketdb")
    for ask in (lambda: stores.create("PocketDB"), lambda: stores.create_from_url("pocket+x://h")):
        with pytest.raises(UnknownBackendError) as caught:
            ask()
        assert caught.value.hint == "pip install praison-persist-pocketdb"
    with pytest.raises(UnknownBackendError, match=r"did you mean 'pocketdb'\? pip install praison-persist-pocketdb"):
        stores.create("poketdb")


def test_a_backend_of_another_kind_is_pointed_out(stores):
    with pytest.raises(UnknownBackendError, match="'qdrant' is a knowledge backend: use KNOWLEDGE_STORES"):
        stores.create("qdrant")


def test_a_store_factory_always_gets_url(stores):
    stores.register_store("mine", Store)
    assert stores.create("mine").url is None
    assert stores.create("mine", url="u", a=1).options == {"a": 1}


def test_a_generic_registry_passes_only_what_it_was_given(registry):
    registry.register("mapping", dict)
    assert registry.create("mapping", a=1) == {"a": 1}
    assert registry.create("mapping") == {}


@pytest.mark.parametrize("kind", ["", "bogus", "Conversation", None])
def test_a_store_registry_needs_one_of_the_three_kinds(kind):
    with pytest.raises(ConfigurationError, match="'conversation', 'knowledge' or 'state'"):
        StoreRegistry(kind)


def test_the_three_registries_are_the_defaults_of_their_classes():
    assert [r.kind for r in (CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES)] == [
        "conversation",
        "knowledge",
        "state",
    ]
    for stores in (CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES):
        assert stores.default() is stores


def test_a_private_registry_does_not_touch_the_default_one(stores):
    stores.register("privately", Store)
    assert not CONVERSATION_STORES.has("privately")


def test_describe_tells_what_is_registered(stores):
    stores.register("mine", Store, aliases=("m", "my"))
    info = stores.describe("M")
    assert (info.name, info.kind, info.aliases, info.origin) == ("mine", "conversation", ("m", "my"), "registered")
    assert (info.distribution, info.version, info.entry_point, info.problem) == (None, None, None, None)
    with pytest.raises(AttributeError):
        info.name = "x"
    with pytest.raises(UnknownBackendError):
        stores.describe("nosuch")


def test_a_url_finds_the_backend_registered_under_its_scheme(stores):
    stores.register("mine", Store, aliases=("m",))
    for url in ("mine://h/db", "MINE+driver://h/db", "m://h"):
        assert stores.create_from_url(url, a=1).url == url
    assert stores.create_from_url("https://h", backend="mine").url == "https://h"


@pytest.mark.parametrize("url", [":memory:", "chat.db", "/a/chat.SQLite", "chat.sqlite3", "sqlite+aiosqlite:///x"])
def test_paths_and_memory_mean_sqlite_where_it_is_registered(stores, url):
    stores.register("sqlite", Store)
    assert stores.create_from_url(url).url == url
    with pytest.raises(UnknownBackendError, match="no knowledge backend for sqlite"):
        StoreRegistry("knowledge").create_from_url(url)


def test_an_unknown_scheme_lists_the_known_ones_and_hides_the_url(stores):
    stores.register("mine", Store)
    with pytest.raises(UnknownBackendError, match=r"for nosuch:// URLs. Known schemes: .*mine") as caught:
        stores.create_from_url("nosuch://me:s3cret@h")
    assert "s3cret" not in str(caught.value)
    with pytest.raises(UnknownBackendError, match="create\\(name, url"):
        stores.create_from_url("https://my-qdrant.example:6333")
    with pytest.raises(ConfigurationError, match="no scheme"):
        stores.create_from_url("chat")


def run_at_once(count, work):
    barrier = threading.Barrier(count)

    def start(number):
        barrier.wait(timeout=60)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(start, range(count)))


def test_fifty_threads_register_create_and_list_at_once(stores):
    def work(number):
        for turn in range(20):
            name = f"t{number}-{turn}"
            stores.register(name, Store, aliases=(f"{name}-alias",))
            assert stores.create(f"{name}-alias", url=name).url == name
            assert name in stores.list_registered()
            assert stores.list_aliases()[f"{name}-alias"] == name
            if turn % 2:
                assert stores.unregister(name)
        return number

    run_at_once(50, work)
    mine = [name for name in stores.list_registered() if re.fullmatch(r"t\d+-\d+", name)]
    assert len(mine) == 500
    assert sum(alias.endswith("-alias") for alias in stores.list_aliases()) == 500


def test_default_is_one_instance_per_subclass_from_fifty_threads():
    made = []

    class Slow(PluginRegistry["Store"]):
        def __init__(self):
            threading.Event().wait(0.01)
            super().__init__()
            made.append(self)

    class Another(Slow):
        pass

    got = run_at_once(50, lambda number: (Slow if number % 2 else Another).default())
    assert len(made) == 2
    assert {type(registry) for registry in got} == {Slow, Another}
    assert len({id(registry) for registry in got}) == 2


def test_a_plugin_may_register_while_it_is_resolved(registry):
    def factory():
        registry.register("inner", Store)
        return registry.create("inner")

    registry.register("outer", factory)
    assert isinstance(registry.create("outer"), Store)
