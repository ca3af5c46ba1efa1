"""Discovery through real installations: throw-away wheels, installed by pip, used by a fresh interpreter."""

import importlib.util
import json
import subprocess
import sys
import textwrap
import zipfile

import pytest

FACTORY = """
class Store:
    def __init__(self, url=None, **options):
        self.url, self.options = url, options

def create_store(url=None, **kwargs): return Store(url, **kwargs)
def create_kstore(url=None, **kwargs): return Store(url, **kwargs)
def create_sstore(url=None, **kwargs): return Store(url, **kwargs)
"""

# The entry points of the "Backend Plugins" document, word for word.
DOCUMENTED = """
[praisonai.conversation_stores]
mybackend = my_pkg.factory:create_store

[praisonai.knowledge_stores]
mybackend = my_pkg.factory:create_kstore

[praisonai.state_stores]
mybackend = my_pkg.factory:create_sstore
"""

NESTED = """
class f:
    class create:
        def __init__(self, url=None): ...
"""

MALFORMED = """
[praisonai.knowledge_stores]
wrong = not a target
fine = malformed:create_kstore
"""


class Site:
    """A directory that works like site-packages, filled by pip."""

    def __init__(self, root):
        self.root = root
        self.packages = root / "site-packages"

    def wheel(self, name, entry_points, files, *, version="1.0", requires=()):
        """Build a wheel; returns its path."""
        stem = f"{name.replace('-', '_')}-{version}"
        info = f"{stem}.dist-info"
        requirements = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
        content = {
            **files,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requirements}",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{info}/entry_points.txt": entry_points,
        }
        path = self.root / f"{stem}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for file, text in content.items():
                archive.writestr(file, text)
            archive.writestr(f"{info}/RECORD", "".join(f"{file},,\n" for file in [*content, f"{info}/RECORD"]))
        return path

    def install(self, *wheels):
        pip = ["-m", "pip"] if importlib.util.find_spec("pip") else ["-m", "uv", "pip"]
        command = [sys.executable, *pip, "install", "--quiet", "--no-index", "--no-deps", "--target", self.packages]
        subprocess.run([*command, *wheels], check=True, capture_output=True, text=True)

    def run(self, code):
        """What `code` assigns to `result`, computed by a fresh interpreter that has this site."""
        start = f"import json, site, sys\nsite.addsitedir({str(self.packages)!r})\n"
        whole = start + textwrap.dedent(code) + "\nprint(json.dumps(result))"
        done = subprocess.run([sys.executable, "-c", whole], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def knowledge(text):
    return f"[praisonai.knowledge_stores]\n{text}\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Every kind of plugin, good and bad, side by side in one installation."""
    site = Site(tmp_path_factory.mktemp("site"))
    source = site.root / "checkout"
    (source / "seen_twice.egg-info").mkdir(parents=True)
    (source / "seen_twice.egg-info" / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: Seen_Twice\nVersion: 0.9\n")
    (source / "seen_twice.egg-info" / "entry_points.txt").write_text(knowledge("twice = seen_twice:create_kstore"))
    (source / "seen_twice.py").write_text(FACTORY)
    aliases = """
[praisonai.knowledge_stores]
named = named_plugin:create_kstore
[praisonai.knowledge_stores.aliases]
Nick = named
[praisonai.knowledge_stores.schemes]
nck = named
"""
    site.install(
        site.wheel("my-pkg", DOCUMENTED, {"my_pkg/__init__.py": "", "my_pkg/factory.py": FACTORY}),
        site.wheel("rival-one", knowledge("shared = rival_one:create_kstore"), {"rival_one.py": FACTORY}),
        site.wheel("rival-two", knowledge("Shared = rival_two:f.create"), {"rival_two.py": NESTED}, version="2.0"),
        site.wheel(
            "broken-plugin",
            knowledge("broken = broken_plugin:create_kstore"),
            {"broken_plugin.py": "import driver_that_nobody_has\n" + FACTORY},
            version="3.1",
            requires=["driver-that-nobody-has>=2"],
        ),
        site.wheel("malformed", MALFORMED, {"malformed.py": FACTORY}),
        site.wheel("named-plugin", aliases, {"named_plugin.py": FACTORY}),
        # What a build backend writes for `pip install -e`: metadata, and a .pth file that leads to the sources.
        site.wheel("seen-twice", knowledge("twice = seen_twice:create_kstore"), {"_seen_twice.pth": f"{source}\n"}),
    )
    # pip refuses a line without "="; other installers unpack it.
    with zipfile.ZipFile(site.wheel("bare-line", knowledge("bare line"), {})) as archive:
        archive.extractall(site.packages)
    return site


def test_a_plugin_written_from_the_document_works_in_all_three_registries(site):
    result = site.run("""
        from praison_persist import CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES
        result = []
        for stores in (CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES):
            assert "mybackend" in stores.list_registered()
            assert "my_pkg" not in sys.modules or result
            store = stores.create("mybackend", url="proto://host", size=3)
            result.append([type(store).__module__, store.url, store.options])
    """)
    assert result == [["my_pkg.factory", "proto://host", {"size": 3}]] * 3


def test_listing_imports_no_plugin(site):
    result = site.run("""
        from praison_persist import KNOWLEDGE_STORES
        names = KNOWLEDGE_STORES.list_registered()
        problems = {name: KNOWLEDGE_STORES.describe(name).problem for name in names}
        plugins = {"my_pkg", "rival_one", "rival_two", "broken_plugin", "malformed", "named_plugin", "seen_twice"}
        result = [names, sorted(plugins & sys.modules.keys()), problems]
    """)
    names, imported, problems = result
    assert {"mybackend", "shared", "broken", "wrong", "bare line", "fine", "named", "twice"} <= set(names)
    assert imported == []
    assert {name for name in names if problems[name]} == {"shared", "wrong", "bare line"}


def test_two_wheels_that_claim_one_name_are_ambiguous_and_selectable(site):
    result = site.run("""
        from praison_persist import KNOWLEDGE_STORES, AmbiguousBackendError
        try:
            KNOWLEDGE_STORES.create("shared")
        except AmbiguousBackendError as exc:
            result = [str(exc)]
        for name in ("rival-one:shared", "rival_two:shared"):
            result.append(type(KNOWLEDGE_STORES.create(name)).__module__)
    """)
    assert "rival-one 1.0" in result[0]
    assert "rival-two 2.0" in result[0]
    assert result[1:] == ["rival_one", "rival_two"]


def test_a_broken_wheel_names_distribution_version_driver_and_command(site):
    result = site.run("""
        from praison_persist import KNOWLEDGE_STORES, BackendNotInstalledError
        try:
            KNOWLEDGE_STORES.create("broken")
        except BackendNotInstalledError as exc:
            result = [exc.message, exc.hint, type(KNOWLEDGE_STORES.create("fine")).__name__]
    """)
    message, hint, other = result
    assert message.startswith("broken-plugin 3.1 cannot be used")
    assert "'driver_that_nobody_has'" in message
    assert hint == 'pip install "driver-that-nobody-has>=2"'
    assert other == "Store"


def test_malformed_entry_points_are_errors_of_their_own_names(site):
    result = site.run("""
        from praison_persist import KNOWLEDGE_STORES, BackendNotInstalledError
        result = []
        for name in ("wrong", "bare line"):
            try:
                KNOWLEDGE_STORES.create(name)
            except BackendNotInstalledError as exc:
                result.append(exc.message)
        result.append(type(KNOWLEDGE_STORES.create("fine")).__name__)
    """)
    assert [message.split(" cannot")[0] for message in result] == ["malformed 1.0", "bare-line 1.0", "Store"]


def test_aliases_and_schemes_of_a_wheel_lead_to_its_backend(site):
    result = site.run("""
        from praison_persist import KNOWLEDGE_STORES as stores
        result = [stores.list_aliases()["nick"], stores.create("nick").url, stores.create_from_url("nck://h").url]
    """)
    assert result == ["named", None, "nck://h"]


def test_an_editable_install_seen_twice_is_one_plugin(site):
    result = site.run("""
        import importlib.metadata
        from praison_persist import KNOWLEDGE_STORES
        seen = [d for d in importlib.metadata.distributions() if d.read_text("entry_points.txt")]
        count = sum("seen_twice:create_kstore" in d.read_text("entry_points.txt") for d in seen)
        info = KNOWLEDGE_STORES.describe("twice")
        result = [count, info.problem, info.version, type(KNOWLEDGE_STORES.create("twice")).__name__]
    """)
    assert result == [2, None, "1.0", "Store"]


def test_listing_with_all_families_installed_imports_none_of_them_nor_their_drivers(site):
    result = site.run("""
        from praison_persist import CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES
        before = {name.partition(".")[0] for name in sys.modules}
        names = [stores.list_all_names() for stores in (CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES)]
        loaded = {name.partition(".")[0] for name in sys.modules} - before
        foreign = loaded - set(sys.stdlib_module_names)
        result = [sorted(foreign), sum(map(len, names))]
    """)
    foreign, count = result
    assert foreign == []
    assert count >= 8
