"""store_factory: option checks, PraisonAI's double call, the API handshake; and the functions that create a store."""

import inspect

import pytest

from praison_persist import (
    AsyncConversationStore,
    ConfigurationError,
    IncompatiblePluginError,
    OptionError,
    StoreRegistry,
    UnknownBackendError,
    create_conversation_store,
    create_knowledge_store,
    create_state_store,
    store_factory,
)
from praison_persist.factories import check_api


class Shelf:
    backend = "shelf"

    def __init__(self, url=None, *, pool_size=5, prefix="x_"):
        self.url, self.pool_size, self.prefix = url, pool_size, prefix


class Pathless:
    backend = "pathless"

    def __init__(self, *, size: int):
        self.size = size


def test_options_build_the_store():
    store = store_factory(Shelf)(url="u", pool_size=7)
    assert (store.url, store.pool_size, store.prefix) == ("u", 7, "x_")


@pytest.mark.parametrize("options", [{}, {"url": None}, {"url": "u", "prefix": "y_"}])
def test_a_registry_that_calls_what_it_loaded_once_without_arguments_gets_the_factory(options):
    loaded = store_factory(Shelf)
    store = loaded()(**options)
    assert isinstance(store, Shelf)
    assert store.url == options.get("url")


def test_an_unknown_option_is_a_type_error_that_names_the_nearest():
    with pytest.raises(TypeError, match=r"no option 'pool_sise'.*\n.*did you mean 'pool_size'") as caught:
        store_factory(Shelf)(url="u", pool_sise=1)
    assert isinstance(caught.value, ConfigurationError)
    assert caught.value.backend == "shelf"


def test_an_unlike_option_lists_all_options():
    with pytest.raises(OptionError, match="url, pool_size, prefix"):
        store_factory(Shelf)(zzz=1)


def test_a_missing_option_is_a_typed_error():
    with pytest.raises(OptionError, match="'size'"):
        store_factory(Pathless)(url=None)


def test_url_none_is_not_given_where_the_class_has_no_url_but_a_url_is_refused():
    assert store_factory(Pathless)(url=None, size=3).size == 3
    with pytest.raises(OptionError, match="no option 'url'"):
        store_factory(Pathless)(url="pathless://x", size=3)


def test_a_constructor_that_would_swallow_options_is_refused():
    class Swallows:
        def __init__(self, url=None, **kwargs): ...

    with pytest.raises(TypeError, match=r"name its options, not take \*\*kwargs"):
        store_factory(Swallows)


def test_the_class_its_options_and_its_name_are_visible():
    factory = store_factory(Shelf)
    assert factory.store_class is Shelf
    assert list(factory.options) == ["url", "pool_size", "prefix"]
    assert factory.options["pool_size"].default == 5
    assert store_factory(Pathless).options["size"].default is inspect.Parameter.empty
    assert repr(factory).endswith(".Shelf)")


@pytest.mark.parametrize("requires", [">=1.0,<2", ">=1.0", "==1.0", "<=1.0", ">0.9", ">= 1, < 1.1"])
def test_an_api_in_range_is_accepted(requires):
    assert isinstance(store_factory(Shelf, requires_api=requires)(url=None), Shelf)


@pytest.mark.parametrize(
    ("requires", "upgrade"),
    [
        (">=1.1", "praison-persist"),
        (">=2,<3", "praison-persist"),
        (">1.0", "praison-persist"),
        ("==2.0", "praison-persist"),
        (">=0.1,<1", "shelf-plugin"),
        ("<=0.9", "shelf-plugin"),
        ("==0.9", "shelf-plugin"),
    ],
)
def test_an_api_out_of_range_says_who_wants_what_and_what_to_upgrade(requires, upgrade):
    with pytest.raises(IncompatiblePluginError) as caught:
        check_api(requires, distribution="shelf-plugin", version="3.1")
    assert "shelf-plugin 3.1 needs plugin API" in str(caught.value)
    assert requires in str(caught.value)
    assert "has 1.0" in str(caught.value)
    assert caught.value.hint == f"pip install --upgrade {upgrade}"


def test_a_plugin_that_says_nothing_was_written_for_api_1_whatever_core_is_installed(monkeypatch):
    monkeypatch.setattr("praison_persist.factories.API_VERSION", (2, 0))
    with pytest.raises(IncompatiblePluginError, match=r"needs plugin API >=1\.0,<2; .* has 2\.0"):
        store_factory(Shelf)(url=None)


def test_the_handshake_holds_without_a_registry():
    with pytest.raises(IncompatiblePluginError, match=">=9"):
        store_factory(Shelf, requires_api=">=9")(url=None)


def test_a_malformed_range_fails_where_it_is_written():
    with pytest.raises(TypeError, match="~=1"):
        store_factory(Shelf, requires_api="~=1")


class Plain:
    def __init__(self, url=None, **options):
        self.url, self.options = url, options


def _async_class():
    missing = dict.fromkeys(AsyncConversationStore.__abstractmethods__)
    return type("Async", (AsyncConversationStore,), {**missing, "__init__": Plain.__init__})


@pytest.fixture
def stores():
    registry = StoreRegistry("conversation")
    for name in ("postgres", "sqlite", "sync_sqlite", "json"):
        registry.register(name, type(name, (Plain,), {}), aliases=("neon",) if name == "postgres" else ())
    for name in ("async_postgres", "async_sqlite"):
        registry.register(name, type(name, (_async_class(),), {}))
    return registry


@pytest.mark.parametrize(
    ("backend", "mode", "name"),
    [
        ("sqlite", "auto", "sqlite"),
        ("sqlite", "sync", "sync_sqlite"),
        ("SQLite", "Async", "async_sqlite"),
        ("postgres", "sync", "postgres"),
        ("postgres", "async", "async_postgres"),
        ("neon", "async", "async_postgres"),
        ("async_postgres", "async", "async_postgres"),
        ("async_postgres", "auto", "async_postgres"),
        ("json", "sync", "json"),
    ],
)
def test_mode_chooses_the_form_of_a_backend(stores, backend, mode, name):
    store = create_conversation_store(backend, "u", mode, registry=stores, prefix="p")
    assert type(store).__name__ == name
    assert (store.url, store.options) == ("u", {"prefix": "p"})


@pytest.mark.parametrize(("backend", "mode"), [("json", "async"), ("async_postgres", "sync")])
def test_a_mode_that_the_backend_does_not_have_is_an_error(stores, backend, mode):
    with pytest.raises(ConfigurationError, match=f"'{backend}' has no {mode} form"):
        create_conversation_store(backend, mode=mode, registry=stores)


@pytest.mark.parametrize("mode", ["", "both", None, 1])
def test_an_unknown_mode_is_an_error(stores, mode):
    with pytest.raises(ConfigurationError, match="mode must be"):
        create_conversation_store("json", mode=mode, registry=stores)


@pytest.mark.parametrize(
    ("create", "kind"),
    [
        (create_conversation_store, "conversation"),
        (create_knowledge_store, "knowledge"),
        (create_state_store, "state"),
    ],
)
def test_the_three_functions_pass_url_and_options_on(create, kind):
    registry = StoreRegistry(kind)
    registry.register("mine", Plain)
    assert create("mine", registry=registry).url is None
    assert create("MINE", "u", registry=registry, a=1).options == {"a": 1}
    with pytest.raises(UnknownBackendError, match=f"unknown {kind} backend 'nosuch'"):
        create("nosuch", registry=registry)
