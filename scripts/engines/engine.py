"""What all engines share: where the URL comes from, and the life of one server process.

An engine only ever ends processes that it started itself, by their ids.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from . import system
from .guardian import STOP_SECONDS, Guardian

STARTUP_SECONDS = 60.0


class EngineError(Exception):
    """An engine that should run does not; says what happened and where its log is."""


class UnavailableError(EngineError):
    """An engine cannot be had on this machine; says why."""


class Engine(ABC):
    """One server: located on the machine, started on a free port of 127.0.0.1, stopped with everything it left.

    Args:
        own: always start a server, even where the environment names one (for tests that kill it).
        durable: False lets the engine trade durability for speed where it can.

    Attributes:
        name: as in ``scripts/engines list``.
        version: of the server; "" until `locate`.
        found: how it was found; "" until `locate`.
        url: of the running server; "" while it is not running.
        slow_to_fetch: takes minutes of work, so that it had better begin while others are fetched and started.
    """

    name: str
    stop_signal = signal.SIGTERM
    startup_seconds = STARTUP_SECONDS
    slow_to_fetch = False

    def __init__(self, *, own: bool = False, durable: bool = True) -> None:
        self.durable = durable
        self.version = ""
        self.found = ""
        self.url = ""
        self._given = "" if own else os.environ.get(self.variable, "")
        self._located = False
        self._process: subprocess.Popen[bytes] | None = None
        self._home: Path | None = None
        self._guardian: Guardian | None = None
        self._port = 0

    # What an engine supplies.

    @abstractmethod
    def _find(self, *, fetch: bool) -> None:
        """Set `version` and `found`, or raise `UnavailableError`; may download only when ``fetch``."""

    @abstractmethod
    def _prepare(self, home: Path) -> None:
        """Fill the fresh directory ``home`` with what the server needs before its first start."""

    @abstractmethod
    def _command(self, home: Path, port: int) -> list[str]:
        """The server's command line, in the foreground, on 127.0.0.1 and that port."""

    @abstractmethod
    def _url(self, port: int) -> str:
        """Where a client finds the server."""

    @abstractmethod
    def _probe(self, url: str) -> bool:
        """Whether the server answers a real query."""

    def _environment(self) -> Mapping[str, str]:
        return os.environ

    @property
    def _uid(self) -> int | None:
        """The user to run as; None for this one."""
        return None

    # What callers use.

    @property
    def variable(self) -> str:
        """The environment variable with the URL of a server that is already there."""
        return f"PRAISON_PERSIST_TEST_{self.name.upper().replace('-', '_')}_URL"

    @property
    def about_variable(self) -> str:
        """The environment variable that may say what that server is, for reports."""
        return f"{self.variable.removesuffix('_URL')}_ABOUT"

    @property
    def log(self) -> Path | None:
        """The server's log, while the engine has a directory of its own."""
        return self._home / "server.log" if self._home else None

    @property
    def pid(self) -> int | None:
        """The process id of the running server that this object started."""
        return self._process.pid if self._process else None

    def alive(self) -> bool:
        """Whether the server that this object started still runs."""
        return self._process is not None and self._process.poll() is None

    def describe(self) -> str:
        """Version and origin in one line."""
        return f"{self.version}, {self.found}"

    def locate(self, *, fetch: bool = True) -> None:
        """Find the engine: in the environment, on this machine, or by fetching it.

        Raises:
            UnavailableError: with the reason.
        """
        if self._given:
            self.version, self.found = os.environ.get(self.about_variable, "given server"), f"${self.variable}"
        elif not self._located:
            self._find(fetch=fetch)
            self._located = fetch

    def start(self) -> str:
        """The URL of the given server, or of our own once it is started and answers a query.

        Raises:
            UnavailableError: it cannot be had here.
            EngineError: it did not come up; the message ends with the last lines of its log.
        """
        if self._process is not None:
            return self.url
        self.locate()
        if self._given:
            self.url = self._given
            return self.url
        began = time.monotonic()
        self._home = system.fresh_directory(f"praison-persist-{self.name}-", self._uid)
        self._guardian = Guardian(self._home, self.stop_signal)
        atexit.register(self.stop)
        try:
            self._say(f"starting {self.describe()}")
            self._prepare(self._home)
            self._start_on_free_port()
        except BaseException:
            self.stop()
            raise
        self._say(f"ready on 127.0.0.1:{self._port} after {time.monotonic() - began:.1f} s")
        return self.url

    def stop(self) -> None:
        """Stop the server and delete its directory; again does nothing."""
        atexit.unregister(self.stop)
        self._end()
        self.url = ""
        if self._guardian is not None:
            self._guardian.dismiss()
        self._guardian = self._home = None

    def kill(self) -> None:
        """SIGKILL the server and its workers, as a crash would; its data stays for `restart`."""
        process = self._running()
        workers = system.children(process.pid)
        process.kill()
        for worker in workers:
            system.kill(worker)
        process.wait()
        system.wait_until_gone(workers)  # they hold the shared memory that a restart needs
        self._watch(None)

    def restart(self) -> str:
        """Start again on the same port and data, stopping the server first if it runs; the same URL."""
        if self._home is None:
            raise EngineError(f"{self.name} was not started, so it cannot be restarted")
        self._end()
        self._launch(self._port)
        return self.url

    # How it is done.

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise EngineError(f"{self.name} is not running, or was not started by this process")
        return self._process

    def _end(self) -> None:
        """Ask the server to stop, and insist after a while."""
        if self._process is not None:
            self._process.send_signal(self.stop_signal)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
            self._watch(None)

    def _start_on_free_port(self, attempts: int = 3) -> None:
        """Another process may take the port between its choice and the server's start, so try again."""
        for attempt in range(1, attempts + 1):
            self._port = system.free_port()
            try:
                self._launch(self._port)
            except EngineError as exc:
                if attempt == attempts or "in use" not in str(exc).lower():
                    raise
            else:
                return

    def _launch(self, port: int) -> None:
        home, log = self._home, self.log
        if home is None or log is None:
            raise EngineError(f"{self.name} has no directory to run in")
        with log.open("ab") as output:
            process = subprocess.Popen(
                self._command(home, port),
                cwd=home,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in the terminal is for us, not for the server
                **system.as_user(self._uid),
            )
        self._watch(process)
        self.url = self._url(port)
        deadline = time.monotonic() + self.startup_seconds
        while not self._probe(self.url):
            if (code := process.poll()) is not None:
                self._watch(None)
                raise EngineError(f"{self.name} ended with code {code} while starting{self._log_tail()}")
            if time.monotonic() > deadline:
                self.kill()
                raise EngineError(f"{self.name} did not answer within {self.startup_seconds:.0f} s{self._log_tail()}")
            time.sleep(0.05)

    def _watch(self, process: subprocess.Popen[bytes] | None) -> None:
        self._process = process
        if self._guardian is not None:
            self._guardian.watch(process.pid if process else 0)

    def _log_tail(self) -> str:
        text = self.log.read_text(errors="replace").strip() if self.log and self.log.exists() else ""
        return "; its log ends:\n  " + "\n  ".join(text.splitlines()[-12:]) if text else ""

    def _say(self, text: str) -> None:
        print(f"  {self.name}: {text}", file=sys.stderr, flush=True)
