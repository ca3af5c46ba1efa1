"""A PyPI-compatible server on loopback that takes uploads with a token, and copies of this repository to release from.

Starts one process, which ends with the object; never reaches a real index.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UV = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv") or "uv"
LEFT_OUT = shutil.ignore_patterns(
    ".git", "__pycache__", ".*_cache", ".hypothesis", ".cache", ".venv", "dist", "site", "reports", "*.egg-info"
)


class Index:
    """A pypiserver in an environment of its own.

    Attributes:
        url: where it takes uploads.
        simple: its simple API.
        token: what uploads need.
    """

    def __init__(self, folder: Path) -> None:
        self.packages = folder / "packages"
        self.packages.mkdir(parents=True)
        self.token = secrets.token_hex(16)
        subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, folder / "venv"], check=True)
        python = folder / "venv" / "bin" / "python"
        subprocess.run([UV, "pip", "install", "--quiet", "--python", python, "pypiserver[passlib]>=2.4"], check=True)
        digest = base64.b64encode(hashlib.sha1(self.token.encode()).digest()).decode()
        (folder / "users").write_text(f"__token__:{{SHA}}{digest}\n")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/"
        self.simple = f"{self.url}simple/"
        command = [
            folder / "venv" / "bin" / "pypi-server",
            "run",
            "-i",
            "127.0.0.1",
            "-p",
            str(port),
            "--disable-fallback",
        ]
        self._log = (folder / "log").open("wb")
        self._server = subprocess.Popen(
            [*command, "-P", folder / "users", "-a", "update", self.packages], stdout=self._log, stderr=self._log
        )
        self._wait(folder / "log")

    def files(self) -> list[str]:
        """What was uploaded."""
        return sorted(path.name for path in self.packages.iterdir())

    def stop(self) -> None:
        self._server.terminate()
        self._server.wait(30)
        self._log.close()

    def _wait(self, log: Path) -> None:
        until = time.monotonic() + 30
        while time.monotonic() < until and self._server.poll() is None:
            try:
                urllib.request.urlopen(self.simple, timeout=1).close()
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
            else:
                return
        raise AssertionError(f"pypiserver does not answer:\n{log.read_text()}")


class Repository:
    """A copy of this repository's working tree with a history of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        shutil.copytree(ROOT, path, ignore=LEFT_OUT, symlinks=True)
        self.git("init", "--quiet", "--initial-branch", "main")
        self.git("config", "user.name", "a maintainer")
        self.git("config", "user.email", "maintainer@example.invalid")
        self.commit("everything")

    def git(self, *arguments: str) -> str:
        env = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        done = subprocess.run(["git", *arguments], cwd=self.path, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--no-verify", "--no-gpg-sign", "--message", message)

    def write(self, path: str, text: str) -> None:
        (self.path / path).parent.mkdir(parents=True, exist_ok=True)
        (self.path / path).write_text(text)

    def replace(self, path: str, pattern: str, text: str) -> None:
        before = (self.path / path).read_text()
        after = re.sub(pattern, text, before, flags=re.MULTILINE)
        assert after != before, f"{pattern} is not in {path}"
        self.write(path, after)

    def bump(self, package: str, version: str) -> None:
        """What a maintainer does before a release."""
        (about,) = (self.path / package / "src").glob("*/__about__.py")
        self.replace(about.relative_to(self.path).as_posix(), r"^__version__ = .*$", f'__version__ = "{version}"')
        done = self.run("sync")
        assert done.returncode == 0, done.stderr
        self.commit(f"{package} {version}")

    def run(self, script: str, *arguments: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable if script != "sync" else "sh",
            str(self.path / "scripts" / script),
            *map(str, arguments),
        ]
        return subprocess.run(
            command,
            cwd=self.path,
            env={**os.environ, "PYTHON": sys.executable, **env},
            capture_output=True,
            text=True,
            timeout=300,
        )

    def must(self, script: str, *arguments: str | Path, **env: str) -> str:
        done = self.run(script, *arguments, **env)
        assert done.returncode == 0, f"{script} {arguments} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout
