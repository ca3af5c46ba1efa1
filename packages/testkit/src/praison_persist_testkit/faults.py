"""What fault tests of several packages do: start and kill a server, answer in its place, wait for a forked child.

Checks nothing; the tests say what must hold afterwards.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from praison_persist.errors import PersistError
from praison_persist.knowledge import KnowledgeDocument, KnowledgeStore

__all__ = ["ServerProcess", "answering", "exit_code_of", "written_through_kills"]

_WRITERS = 3
_BATCH = 5
_READY_SECONDS = 30.0


class ServerProcess:
    """A server that belongs to a test, such as a stand-in on options of its own; it listens once this object is made.

    Args:
        command: what starts it on a port of this machine.

    Attributes:
        port: where it listens, after `kill` and `start` too.
    """

    def __init__(self, command: Callable[[int], Sequence[str]]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._command = command(self.port)
        self.start()

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        self._process = subprocess.Popen(self._command)
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError as error:
                code = self._process.poll()
                if code is not None or time.monotonic() > deadline:
                    self.kill()
                    why = "did not listen in time" if code is None else f"ended with exit code {code}"
                    raise RuntimeError(f"{' '.join(self._command)} {why}") from error
                time.sleep(0.02)

    def kill(self) -> None:
        """End it with SIGKILL, if it runs."""
        self._process.kill()
        self._process.wait()


def written_through_kills(
    store: KnowledgeStore, engine: Any, collection: str, rounds: int
) -> tuple[list[str], list[PersistError]]:
    """The ids that three threads were told are stored while the engine was killed and restarted, and their errors.

    Each batch has five ids, ``WRITER-NUMBER-0`` to ``-4``, and vectors of dimension 2; every second one is inserted.

    Args:
        engine: with ``kill`` and ``restart``.
        rounds: how often, each time after another batch was acknowledged, or half a minute.
    """
    acknowledged: list[str] = []
    failures: list[PersistError] = []
    stop = threading.Event()

    def write(writer: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            batch = [KnowledgeDocument(f"{writer}-{number}-{i}", f"text {i}", [1.0, float(i)]) for i in range(_BATCH)]
            try:
                acknowledged.extend(store.upsert(collection, batch) if number % 2 else store.insert(collection, batch))
            except PersistError as error:
                failures.append(error)
                time.sleep(0.05)

    threads = [threading.Thread(target=write, args=(i,)) for i in range(_WRITERS)]
    for thread in threads:
        thread.start()
    for _ in range(rounds):
        known = len(acknowledged)
        deadline = time.monotonic() + 30
        while len(acknowledged) <= known and time.monotonic() < deadline:
            time.sleep(0.05)
        engine.kill()
        engine.restart()
    stop.set()
    for thread in threads:
        thread.join()
    return acknowledged, failures


@contextmanager
def answering(reply: Callable[[str], tuple[int, Any]]) -> Generator[str]:
    """The URL of a web server whose answers are made from the path: a status, and bytes or what becomes JSON."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body = reply(self.path)
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Keep quiet."""

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _answer  # noqa: N815 - names of the base class

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def exit_code_of(child: int, *, within: float = 60.0) -> int:
    """The exit code of a forked child, minus the signal that ended it; one that hangs is killed after so many seconds.

    Raises:
        AssertionError: the child hung.
    """
    end = time.monotonic() + within
    while (ended := os.waitpid(child, os.WNOHANG))[0] == 0:
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise AssertionError(f"the forked child did not end within {within:g} s")
        time.sleep(0.02)
    return os.waitstatus_to_exitcode(ended[1])
