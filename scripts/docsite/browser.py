"""A headless Chromium driven over its DevTools protocol, to look at pages as readers see them. It judges nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engines import UnavailableError, packages
from websockets.sync.client import connect
from websockets.sync.connection import Connection

_SHELL = "usr/lib/chromium/chromium-headless-shell"
_FONTS = """<fontconfig><dir>{home}/usr/share/fonts</dir><cachedir>{scratch}/fonts</cachedir>
<alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias></fontconfig>"""
SECONDS = 60
"""For the browser to start, and for an answer."""


def root(*, fetch: bool) -> Path | None:
    """A root with Debian's browser, its data and a font, from the cache or Debian; None without either.

    Raises:
        UnavailableError: not a Debian, or without package lists.
    """
    # Its data (chromium-common) is what it depends on and no library, so that `debian` would not take it of itself.
    also = ["chromium-common", "fonts-dejavu-core"]
    return packages.debian("chromium-headless-shell", _SHELL, fetch=fetch, also=also)


class Browser:
    """One tab of a running browser."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._last = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        """What the tab told since the last `open`: console, network, page."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol (https://chromedevtools.github.io/devtools-protocol/).

        Raises:
            RuntimeError: the browser refuses.
            TimeoutError: no answer.
        """
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        self._connection.send(json.dumps(message if self._session is None else {**message, "sessionId": self._session}))
        while True:
            answer = self._receive()
            if answer.get("id") == self._last:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def window(self, *, width: int, height: int, scheme: str) -> None:
        """Size in CSS pixels, and the colour scheme that the reader prefers ("light" or "dark")."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def open(self, url: str) -> None:
        """Load a page; back when it and its scripts are loaded."""
        self.events.clear()
        self.call("Page.navigate", url=url)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self._receive()

    def evaluate(self, script: str) -> Any:
        """The value of a JavaScript expression, awaited, as JSON.

        Raises:
            RuntimeError: it throws.
        """
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._connection.recv(timeout=SECONDS))
        if "method" in message and message.get("sessionId") == self._session:
            self.events.append(message)
        return message


@contextmanager
def running(*, fetch: bool) -> Iterator[Browser]:
    """A browser with an empty profile, until the end of the block.

    Raises:
        UnavailableError: there is none, or it does not start.
    """
    home = root(fetch=fetch)
    if home is None:
        raise UnavailableError("no Chromium in the cache")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        fonts = Path(scratch, "fonts.conf")
        fonts.write_text(_FONTS.format(home=home, scratch=scratch))
        libraries = {"LD_LIBRARY_PATH": packages.library_path(home), "FONTCONFIG_FILE": str(fonts)}
        # Its sandbox does not work for root and in most containers; the pages are our own.
        options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
        options += ["--remote-debugging-port=0", f"--user-data-dir={scratch}/profile"]
        with Path(scratch, "log").open("w+") as log:
            process = subprocess.Popen(
                [str(home / _SHELL), *options], env={**os.environ, **libraries}, stdout=log, stderr=log
            )
            try:
                with connect(_address(process, Path(log.name)), max_size=None, compression=None, proxy=None) as link:
                    yield Browser(link)
            finally:
                process.kill()
                process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Where the browser listens, which it says in its log."""
    for _ in range(SECONDS * 10):
        if found := re.search(r"DevTools listening on (ws://\S+)", log.read_text(errors="replace")):
            return found[1]
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        break
    raise UnavailableError(f"Chromium does not start: {log.read_text(errors='replace')[-300:].strip()}")
