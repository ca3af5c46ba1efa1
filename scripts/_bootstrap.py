"""Makes the tools that `scripts/demo`, `scripts/test` and `scripts/engines` run with, from a bare Python 3.10+.

Standard library only: it runs before anything is installed. Everything it makes lives under the cache directory.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ("hatch>=1.18,<2", "uv>=0.9,<1")
MINIMUM = (3, 10)


def say(text: str = "") -> None:
    """One line of progress, on stderr, at once."""
    print(text, file=sys.stderr, flush=True)


def fail(message: str, *, hint: str = "") -> NoReturn:
    """End the command with a message for a person."""
    say(f"error: {message}")
    if hint:
        say(f"  try: {hint}")
    raise SystemExit(1)


def check_python() -> None:
    """End the command where this Python is too old."""
    if sys.version_info < MINIMUM:
        fail(f"Python {MINIMUM[0]}.{MINIMUM[1]} or newer is needed, this is {sys.version.split()[0]}")


def cache_dir() -> Path:
    """Where all that is downloaded or built is kept: ``$XDG_CACHE_HOME/praison-persist`` (default ``~/.cache``)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if base.startswith("/") else Path.home() / ".cache"
    path = root / "praison-persist"
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Only one process at a time prepares the thing of that name."""
    with (cache_dir() / f"{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def tools() -> Path:
    """The ``bin`` directory of a private environment with hatch and uv; made on first use."""
    check_python()
    home = cache_dir() / f"tools-{sys.implementation.cache_tag}"
    ready = home / ".ready"
    wanted = "\n".join((*TOOLS, sys.version))
    with locked("tools"):
        if not (ready.is_file() and ready.read_text() == wanted):
            say(f"Installing {' and '.join(t.split('>')[0] for t in TOOLS)} into {home} (once)")
            _make_venv(home)
            python = str(home / "bin" / "python")
            try:
                subprocess.run([python, "-m", "pip", "install", "--quiet", *TOOLS], check=True, env=_clean_env())
            except subprocess.CalledProcessError:
                fail("pip could not install hatch and uv", hint="check the network and pip's own configuration")
            ready.write_text(wanted)
    return home / "bin"


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables for tools: caches outside the tree, no Python downloads, the private tools first on PATH."""
    bin_dir = tools()
    env = _clean_env()
    env["PATH"] = f"{bin_dir}{os.pathsep}{env.get('PATH', os.defpath)}"
    env["HATCH_DATA_DIR"] = str(cache_dir() / "hatch")
    env["HATCH_CACHE_DIR"] = str(cache_dir() / "hatch-cache")
    config = cache_dir() / "hatch.toml"
    config.touch()
    env["HATCH_CONFIG"] = str(config)  # Hatch's defaults, whatever the user has set
    env["HATCH_ENV_TYPE_VIRTUAL_UV_PATH"] = str(bin_dir / "uv")
    env["PYRIGHT_PYTHON_CACHE_DIR"] = str(cache_dir() / "pyright")
    env["PYRIGHT_PYTHON_IGNORE_WARNINGS"] = "1"
    env["UV_PYTHON_DOWNLOADS"] = "never"
    env.update(extra or {})
    return env


def run(*command: str, env: Mapping[str, str] | None = None) -> int:
    """Run a tool at the root of the repository, in the foreground; its exit code."""
    return subprocess.run(command, cwd=ROOT, env=environment(env), check=False).returncode


def module(name: str) -> NoReturn:
    """Become a module of `scripts` in the private tools' Python, for commands that need uv or hatch's libraries."""
    env = environment({"PYTHONPATH": str(ROOT / "scripts")})
    python = str(tools() / "python")
    os.execve(python, [python, "-m", name, *sys.argv[1:]], env)


def capture(*command: str) -> tuple[int, str]:
    """Run a tool at the root of the repository; its exit code and all it printed."""
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.returncode, done.stdout.strip()


def must(*command: str) -> None:
    """Run a tool silently; when it fails, show what it printed and end the command."""
    code, output = capture(*command)
    if code != 0:
        say(output)
        fail(f"{' '.join(command)} ended with {code}")


def _clean_env() -> dict[str, str]:
    """This process's variables without those that would point tools at another environment."""
    drop = {"VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH", "PIP_REQUIRE_VIRTUALENV", "PIP_TARGET", "PIP_USER"}
    return {key: value for key, value in os.environ.items() if key not in drop}


def _make_venv(home: Path) -> None:
    """An environment with pip, also where Debian has split ensurepip from Python."""
    create = [sys.executable, "-m", "venv", "--clear"]
    if subprocess.run([*create, str(home)], capture_output=True, env=_clean_env(), check=False).returncode == 0:
        return
    if uv := shutil.which("uv"):
        subprocess.run([uv, "venv", "--quiet", "--seed", "--python", sys.executable, str(home)], check=True)
        return
    hint = "as root: apt-get install python3-venv   (or your system's package with Python's venv and ensurepip)"
    if subprocess.run([*create, "--without-pip", str(home)], capture_output=True, check=False).returncode != 0:
        fail("this Python cannot make virtual environments (no venv module)", hint=hint)
    if not _pip_from_debian(home):
        fail("this Python has no pip to put into a virtual environment (no ensurepip module)", hint=hint)


def _pip_from_debian(home: Path) -> bool:
    """Put pip into the environment from Debian's wheel of it: downloading and unpacking a package needs no root."""
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        return False
    say("This Python has no ensurepip; taking pip from Debian's package python3-pip-whl")
    with tempfile.TemporaryDirectory() as folder:
        got = subprocess.run(
            ["apt-get", "download", "-qq", "python3-pip-whl"], cwd=folder, capture_output=True, text=True, check=False
        )
        if got.returncode != 0:
            say(got.stderr.strip())
            return False
        for deb in Path(folder).glob("*.deb"):
            subprocess.run(["dpkg", "-x", str(deb), folder], check=True)
        wheels = sorted(Path(folder).glob("usr/share/python-wheels/pip-*.whl"))
        if not wheels:
            return False
        install = [
            str(home / "bin" / "python"),
            f"{wheels[-1]}/pip",
            "install",
            "--quiet",
            "--no-index",
            str(wheels[-1]),
        ]
        return subprocess.run(install, check=False, env=_clean_env()).returncode == 0
