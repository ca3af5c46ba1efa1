"""Facts and services of the operating system for engines: ports, users, directories, child processes."""

from __future__ import annotations

import contextlib
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TypedDict
from urllib.parse import urlsplit


class _User(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now.

    Outside the range from which the system serves outgoing connections, so that none takes it while a server restarts.
    """
    while True:
        port = random.randrange(15000, 32000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def answers_http(url: str, path: str = "/") -> bool:
    """Whether a server of ours answers there, whatever it says."""
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=2) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {parts.hostname}\r\nConnection: close\r\n\r\n".encode())
            return connection.recv(4) == b"HTTP"
    except OSError:
        return False


def accepts(url: str) -> bool:
    """Whether a server takes connections there."""
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=2).close()
    except OSError:
        return False
    return True


def unprivileged_uid() -> int | None:
    """The user for servers that refuse to run as root: None unless we are root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("nobody").pw_uid
    except KeyError:
        return 65534


def as_user(uid: int | None) -> _User:
    """Arguments for `subprocess` to run as that user, with its own group only."""
    return _User() if uid is None else _User(user=uid, group=_group(uid), extra_groups=[])


def own(path: Path, uid: int | None) -> None:
    """Give a path to the user."""
    if uid is not None:
        os.chown(path, uid, _group(uid))


def fresh_directory(prefix: str, uid: int | None) -> Path:
    """A new directory that the user can reach; for ourselves only when ``uid`` is None."""
    places = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]
    place = next((p for p in places if uid is None or reachable(p)), places[0])
    path = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
    if uid is not None:
        path.chmod(0o711)
    return path


def reachable(path: Path) -> bool:
    """Whether any user may enter the directory (every parent has the search bit for others)."""
    path = path.resolve()
    return all(parent.stat().st_mode & 0o001 for parent in (path, *path.parents))


def missing_libraries(binary: Path, library_path: str = "") -> list[str]:
    """The shared libraries that the dynamic loader does not find for a binary."""
    if not shutil.which("ldd"):
        return []
    env = {**os.environ, "LD_LIBRARY_PATH": library_path} if library_path else None
    out = subprocess.run(["ldd", str(binary)], capture_output=True, text=True, env=env, check=False).stdout
    return sorted({line.split()[0] for line in out.splitlines() if "not found" in line})


def children(pid: int) -> list[int]:
    """The direct children of a process; [] where the system has no /proc."""
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # the process ended meanwhile
            # The command name, in parentheses, may contain anything; the parent's id is the second field after it.
            if int(entry.read_text(errors="replace").rpartition(")")[2].split()[1]) == pid:
                found.append(int(entry.parent.name))
    return found


def kill(pid: int) -> None:
    """SIGKILL a process that may have ended already."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def wait_until_gone(pids: list[int], seconds: float = 10.0) -> None:
    """Wait for processes that are not our children to end; a zombie holds nothing any more, so it counts as gone."""
    until = time.monotonic() + seconds
    while any(_runs(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state != "Z"


def _group(uid: int) -> int:
    try:
        return pwd.getpwuid(uid).pw_gid
    except KeyError:
        return uid
