"""Entry points: one scan, nothing imported until asked, rivals, aliases, schemes, and plugins that do not work."""

import importlib.metadata
import sys

import pytest

from praison_persist import (
    AmbiguousBackendError,
    BackendNotInstalledError,
    IncompatiblePluginError,
    PluginRegistry,
    StoreRegistry,
    UnknownBackendError,
)
from praison_persist.discovery import refresh


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put a distribution's metadata and modules on sys.path, as an installer does."""
    count = iter(range(100))

    def put(name, entry_points, *, version="1.0", requires=(), modules=None, suffix="dist-info"):
        site = tmp_path / f"site{next(count)}"
        info = site / (f"{name}-{version}.dist-info" if suffix == "dist-info" else f"{name}.egg-info")
        info.mkdir(parents=True)
        header = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        metadata = header + "".join(f"Requires-Dist: {requirement}\n" for requirement in requires) + "\nVersion: 666\n"
        (info / ("METADATA" if suffix == "dist-info" else "PKG-INFO")).write_text(metadata)
        content = entry_points if isinstance(entry_points, bytes) else entry_points.encode()
        (info / "entry_points.txt").write_bytes(content)
        for module, source in (modules or {}).items():
            (site / f"{module}.py").write_text(source)
        monkeypatch.syspath_prepend(str(site))
        refresh()
        return site

    before = set(sys.modules)
    refresh()
    yield put
    monkeypatch.undo()
    for module in set(sys.modules) - before:
        if module.startswith("plug_"):
            del sys.modules[module]
    refresh()


@pytest.fixture
def stores():
    return StoreRegistry("knowledge")


def group(text="", *, aliases="", schemes=""):
    base = "praisonai.knowledge_stores"
    return f"[console_scripts]\nx = y:z\n[{base}]\n{text}\n[{base}.aliases]\n{aliases}\n[{base}.schemes]\n{schemes}\n"


FACTORY = "def create(url=None, **options):\n    return ('made', url, options)\n"


def test_nothing_is_imported_until_the_backend_is_resolved(install, stores):
    install("plug-a", group("Shelf = plug_a:create"), modules={"plug_a": FACTORY})
    assert "shelf" in stores.list_registered()
    assert stores.has("SHELF")
    info = stores.describe("shelf")
    assert (info.distribution, info.version, info.entry_point) == ("plug-a", "1.0", "plug_a:create")
    assert (info.origin, info.problem) == ("entry point", None)
    assert "plug_a" not in sys.modules
    assert stores.create("shelf", size=1) == ("made", None, {"size": 1})


def test_the_disk_is_scanned_once_per_process(install, monkeypatch):
    install("plug-a", group("shelf = plug_a:create"), modules={"plug_a": FACTORY})
    scans = []
    real = importlib.metadata.distributions
    monkeypatch.setattr(importlib.metadata, "distributions", lambda: scans.append(1) or real())
    for kind in ("conversation", "knowledge", "state", "knowledge"):
        registry = StoreRegistry(kind)
        registry.list_registered()
        registry.list_aliases()
    assert len(scans) == 1


def test_aliases_and_schemes_are_data(install, stores):
    entry_points = group("shelf = plug_a:create", aliases="Rack = Shelf", schemes="shelf+x = shelf\nshlf = rack")
    install("plug-a", entry_points, modules={"plug_a": FACTORY})
    assert stores.list_aliases()["rack"] == "shelf"
    assert stores.describe("rack").name == "shelf"
    assert stores.describe("shelf").aliases == ("rack",)
    assert stores.describe("shelf").schemes == ("shelf+x",)
    assert "plug_a" not in sys.modules
    assert stores.create("rack", url="u") == ("made", "u", {})
    for url in ("shelf+x://h", "shelf://h", "shlf://h", "rack://h"):
        assert stores.create_from_url(url)[1] == url


def test_http_hosts_are_found_only_through_a_scheme_entry(install, stores):
    with pytest.raises(UnknownBackendError):
        stores.create_from_url("http://shelf.example")
    install("plug-a", group("shelf = plug_a:create", schemes="http = shelf"), modules={"plug_a": FACTORY})
    assert stores.create_from_url("http://shelf.example")[0] == "made"


def test_an_alias_that_leads_nowhere_says_who_declared_it(install, stores):
    install("plug-a", group(aliases="rack = nowhere"))
    assert "nowhere" in stores.describe("rack").problem
    with pytest.raises(UnknownBackendError, match=r"alias 'rack' of plug-a 1.0 stands for 'nowhere'"):
        stores.create("rack")


def test_registration_at_run_time_beats_entry_points_and_can_be_undone(install, stores):
    install("plug-a", group("shelf = plug_a:create", aliases="rack = shelf"), modules={"plug_a": FACTORY})
    stores.register("shelf", lambda url=None: "mine")
    assert stores.create("shelf") == stores.create("rack") == "mine"
    assert stores.describe("rack").origin == "registered"
    stores.register("rack", lambda url=None: "rack")
    assert stores.create("rack") == "rack"
    assert "rack" not in stores.list_aliases()
    assert stores.unregister("shelf")
    assert stores.create("shelf")[0] == "made"


def test_unregister_hides_an_installed_backend_until_it_is_registered(install, stores):
    install("plug-a", group("shelf = plug_a:create", aliases="rack = shelf"), modules={"plug_a": FACTORY})
    assert stores.unregister("shelf")
    assert not stores.unregister("shelf")
    assert "shelf" not in stores.list_all_names()
    assert "rack" not in stores.list_all_names()
    for name in ("shelf", "rack"):
        with pytest.raises(UnknownBackendError):
            stores.create(name)
    stores.register("shelf", dict)
    assert stores.create("rack") == {"url": None}
    assert StoreRegistry("knowledge").create("shelf")[0] == "made"


def test_two_distributions_that_claim_one_name_are_an_error_of_that_name_only(install, stores):
    install("plug-a", group("shelf = plug_a:create\nown = plug_a:create"), modules={"plug_a": FACTORY})
    install("plug.B", group("SHELF = plug_b:create"), version="2.5", modules={"plug_b": "create = dict"})
    assert "shelf" in stores.list_registered()
    assert stores.create("own")[0] == "made"
    with pytest.raises(AmbiguousBackendError) as caught:
        stores.create("shelf")
    for part in ("plug-a 1.0", "plug.B 2.5", "'plug-a:shelf'", "'plug.B:shelf'", "register()", "uninstall"):
        assert part in str(caught.value)
    info = stores.describe("shelf")
    assert info.distribution is None
    assert "several distributions" in info.problem
    assert stores.create("plug-a:shelf")[0] == "made"
    assert stores.create("Plug_b:Shelf") == {"url": None}
    stores.register("shelf", lambda url=None: "mine")
    assert stores.create("shelf") == "mine"


def test_a_qualified_name_of_the_wrong_distribution_says_which_is_right(install, stores):
    install("plug-a", group("shelf = plug_a:create", aliases="rack = shelf"), modules={"plug_a": FACTORY})
    assert stores.create("plug-a:rack")[0] == "made"
    with pytest.raises(UnknownBackendError, match=r"no installed distribution 'plug-z'.*\n.*by plug-a 1.0"):
        stores.create("plug-z:shelf")


def test_a_name_and_another_distributions_alias_are_rivals_too(install, stores):
    install("plug-a", group("shelf = plug_a:create", aliases="rack = shelf"), modules={"plug_a": FACTORY})
    install("plug-b", group("rack = plug_b:create"), modules={"plug_b": FACTORY})
    with pytest.raises(AmbiguousBackendError, match="'plug-a:rack' or 'plug-b:rack'"):
        stores.create("rack")
    assert stores.create("plug-a:rack")[0] == stores.create("plug-b:rack")[0] == "made"
    assert stores.create("shelf")[0] == "made"


def test_distributions_that_agree_on_an_alias_or_scheme_are_no_rivals(install, stores):
    for name in ("plug-a", "plug-b"):
        own = f"{name} = plug_a:create"
        install(name, group(own, aliases="rack = plug-a", schemes="x = plug-a"), modules={"plug_a": FACTORY})
    assert stores.create("rack")[0] == stores.create_from_url("x://h")[0] == "made"
    install("plug-c", group("c = plug_a:create", aliases="rack = c", schemes="x = c"))
    assert "rack" not in stores.list_aliases()
    for ask in (lambda: stores.create("rack"), lambda: stores.create_from_url("x://h")):
        with pytest.raises(AmbiguousBackendError, match=r"plug-a.*plug-b.*plug-c|plug-c.*plug-b.*plug-a"):
            ask()


def test_one_distribution_seen_twice_is_one_and_the_first_on_the_path_counts(install, stores):
    install("plug_twice", group("shelf = plug_old:create\ngone = plug_old:create"), version="0.9", suffix="egg-info")
    install("Plug-Twice", group("shelf = plug_new:create"), modules={"plug_new": FACTORY})
    assert stores.describe("shelf").version == "1.0"
    assert stores.create("shelf")[0] == "made"
    assert not stores.has("gone")


@pytest.mark.parametrize(
    "line", ["shelf", "shelf =", "shelf = a module", "shelf = plug_a", "shelf = plug_a:", "shelf = :create"]
)
def test_a_malformed_entry_point_is_reported_and_hides_nothing(install, stores, line):
    install("plug-bad", group(f"{line}\nother = plug_a:create"), modules={"plug_a": FACTORY})
    assert {"shelf", "other"} <= set(stores.list_registered())
    assert "module:attribute" in stores.describe("shelf").problem
    with pytest.raises(BackendNotInstalledError, match=r"plug-bad 1.0 cannot be used.*module:attribute"):
        stores.create("shelf")
    assert stores.create("other")[0] == "made"


@pytest.mark.parametrize("name", ["my shelf", "a:b"])
def test_a_malformed_entry_point_name_is_reported(install, stores, name):
    install("plug-bad", group(f"{name} = plug_a:create"))
    assert name in stores.list_registered()
    assert "not a valid name" in stores.describe(name).problem
    with pytest.raises(BackendNotInstalledError, match=r"plug-bad 1.0"):
        stores.create(name)


def test_a_name_declared_twice_with_different_values_is_reported(install, stores):
    install("plug-bad", group("shelf = plug_a:one\nShelf = plug_a:two"))
    assert "declared twice" in stores.describe("shelf").problem


def test_an_unreadable_distribution_hides_no_other(install, stores):
    install("plug-a", group("shelf = plug_a:create"), modules={"plug_a": FACTORY})
    install("plug-bytes", b"[praisonai.knowledge_stores]\n\xff\xfe = x:y\n")
    nameless = install("plug-nameless", group("ghost = plug_a:create"))
    (nameless / "plug-nameless-1.0.dist-info" / "METADATA").write_text("")
    refresh()
    with pytest.warns(ImportWarning, match="cannot read the metadata"):
        assert "shelf" in stores.list_registered()
    assert not stores.has("ghost")


def test_a_missing_driver_names_distribution_version_module_and_command(install, stores):
    modules = {"plug_a": "import plug_nosuch_driver.sub\n"}
    requires = ["praison-persist>=0.1", "plug-nosuch-driver[fast] >=3,<4", 'other ; extra == "x"']
    install("plug-a", group("shelf = plug_a:create"), version="1.2", requires=requires, modules=modules)
    assert stores.has("shelf")
    assert not stores.is_available("shelf")
    with pytest.raises(BackendNotInstalledError) as caught:
        stores.create("shelf")
    assert "plug-a 1.2 cannot be used: importing plug_a failed: module 'plug_nosuch_driver" in str(caught.value)
    assert caught.value.hint == 'pip install "plug-nosuch-driver[fast]>=3,<4"'
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)
    assert isinstance(caught.value, ImportError)


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("import plug_undeclared.x", "pip install plug_undeclared"),
        ("from os import nosuch", 'pip install --force-reinstall "plug-a==1.0"'),
        ("import plug_a_gone", "pip install plug_a_gone"),
        ("from plug_a import nosuch", 'pip install --force-reinstall "plug-a==1.0"'),
        ("raise RuntimeError('boom')", "upgrade it: pip install --upgrade plug-a"),
        ("def other(): ...", 'pip install --force-reinstall "plug-a==1.0"'),
        ("create = 3", "report it to the authors of plug-a"),
        ("syntax error", "upgrade it: pip install --upgrade plug-a"),
    ],
)
def test_a_plugin_that_cannot_be_imported_says_so_and_hides_no_other(install, stores, source, hint):
    install("plug-a", group("shelf = plug_a:create"), modules={"plug_a": source})
    install("plug-b", group("rack = plug_b:create"), modules={"plug_b": FACTORY})
    with pytest.raises(BackendNotInstalledError, match=r"plug-a 1.0 cannot be used") as caught:
        stores.create("shelf")
    assert caught.value.hint == hint
    assert caught.value.backend == "shelf"
    assert stores.create("rack")[0] == "made"


def test_an_exception_at_import_is_chained(install, stores):
    install("plug-a", group("shelf = plug_a:create"), modules={"plug_a": "raise RuntimeError('boom')"})
    with pytest.raises(BackendNotInstalledError, match="RuntimeError: boom") as caught:
        stores.resolve("shelf")
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_a_distribution_whose_own_module_is_gone_is_to_be_reinstalled(install, stores):
    install("plug-a", group("shelf = plug_gone.factory:create"))
    with pytest.raises(BackendNotInstalledError, match="module 'plug_gone' is missing") as caught:
        stores.create("shelf")
    assert caught.value.hint == 'pip install --force-reinstall "plug-a==1.0"'


def test_a_plugin_for_another_api_version_is_refused_with_both_versions(install, stores):
    source = "def create(url=None): ...\ncreate.requires_api = '>=7,<8'\n"
    install("plug-a", group("shelf = plug_a:create"), version="4.2", modules={"plug_a": source})
    with pytest.raises(
        IncompatiblePluginError, match=r"plug-a 4.2 needs plugin API >=7,<8; praison-persist .* has 1.0"
    ):
        stores.create("shelf")


def test_a_plugin_that_imports_what_this_core_lacks_is_incompatible(install, stores):
    install("plug-a", group("shelf = plug_a:create"), modules={"plug_a": "from praison_persist import FromTheFuture"})
    with pytest.raises(IncompatiblePluginError, match="FromTheFuture") as caught:
        stores.create("shelf")
    assert caught.value.hint == "pip install --upgrade praison-persist plug-a"


def test_a_store_factory_reaches_its_class(install, stores):
    source = (
        "from praison_persist import store_factory\n"
        "class Shelf:\n    def __init__(self, url=None, *, size=1): self.url, self.size = url, size\n"
        "class plugin: create = store_factory(Shelf)\n"
    )
    install("plug-a", group("shelf = plug_a:plugin.create [extra]"), modules={"plug_a": source})
    assert stores.create("shelf", size=2).size == 2
    with pytest.raises(TypeError, match="did you mean 'size'"):
        stores.create("shelf", sise=2)


def test_any_registry_can_have_its_own_group(install):
    class Tools(PluginRegistry["object"]):
        entry_point_group = "my_app.tools"

    install("plug-a", "[my_app.tools]\nhammer = builtins:dict\n[my_app.tools.aliases]\nh = hammer\n")
    assert Tools().create("H", a=1) == {"a": 1}
    assert PluginRegistry(entry_point_group="my_app.tools").list_registered() == ["hammer"]
    assert Tools().describe("h").kind is None
