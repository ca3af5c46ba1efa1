"""The documentation site: it builds without warnings, its links and anchors lead somewhere, it needs no other host.

A real browser looks at every page, on a desktop and on a phone, light and dark.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from docsite import browser
from docsite.browser import Browser
from engines import EngineError

ROOT = Path(__file__).resolve().parent.parent
LOOK = (ROOT / "scripts/docsite/look.js").read_text(encoding="utf-8")
WINDOWS = (("dark", 1280), ("dark", 390), ("light", 390), ("light", 1280))
FULL = os.environ.get("PRAISON_PERSIST_FULL") == "1"
REQUIRED = os.environ.get("PRAISON_PERSIST_REQUIRE_ENGINES") == "1"
OPEN_SHADOWS = """{
    const attach = Element.prototype.attachShadow;
    Element.prototype.attachShadow = function (options) { return attach.call(this, {...options, mode: "open"}); };
}"""


class Page(HTMLParser):
    """The ids, links and loaded resources of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.loads: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids.update(value for name in ("id", "name") if (value := values.get(name)))
        if tag == "a" and (link := values.get("href")):
            self.links.add(link)
        loaded = values.get("src") or (values.get("href") if tag == "link" else None)
        if loaded and values.get("rel") not in ("canonical", "prev", "next"):
            self.loads.add(loaded)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "--quiet", "build", "--strict", "--site-dir", str(target)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return target


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html") if path.name != "404.html"}


def test_every_package_with_a_store_has_a_page(site: Path) -> None:
    for family in ("sqlite", "postgres", "qdrant", "redis"):
        text = (site / f"backends/{family}.html").read_text(encoding="utf-8")
        assert 'id="constructors"' in text
        assert 'id="conformance"' in text


def test_links_and_anchors_inside_the_site_lead_somewhere(site: Path, pages: dict[Path, Page]) -> None:
    broken: list[str] = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            anchor = unquote(parts.fragment)
            if not target.is_file() or (anchor and target in pages and anchor not in pages[target].ids):
                broken.append(f"{path.relative_to(site)}: {link}")
    assert not broken


def test_no_page_loads_anything_from_another_host(pages: dict[Path, Page]) -> None:
    assert not [load for page in pages.values() for load in page.loads if urlsplit(load).netloc]


class Quiet(SimpleHTTPRequestHandler):
    """Files of a directory, without a log."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        """Nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a server of the folder's files."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


@pytest.fixture(scope="module")
def tab() -> Iterator[Browser]:
    try:
        with browser.running(fetch=REQUIRED) as one:
            one.call("Page.addScriptToEvaluateOnNewDocument", source=OPEN_SHADOWS)
            yield one
    except EngineError as exc:
        if REQUIRED:
            pytest.fail(f"chromium: {exc} (and PRAISON_PERSIST_REQUIRE_ENGINES=1)", pytrace=False)
        pytest.skip(f"chromium: {exc}")


def complaints(tab: Browser, address: str) -> list[str]:
    """What the tab told of errors, and of other hosts, since it opened the page."""
    found: list[str] = []
    for event in tab.events:
        about = event["params"]
        if event["method"] == "Runtime.exceptionThrown":
            found.append(f"exception: {about['exceptionDetails']}")
        elif event["method"] == "Runtime.consoleAPICalled" and about["type"] == "error":
            found.append(f"console: {about['args']}")
        elif event["method"] == "Log.entryAdded" and about["entry"]["level"] == "error":
            found.append(f"log: {about['entry']['text']} {about['entry'].get('url', '')}")
        elif event["method"] == "Network.requestWillBeSent":
            url = about["request"]["url"]
            if urlsplit(url).scheme not in ("data", "blob") and not url.startswith(f"{address}/"):
                found.append(f"asks another host: {url}")
    return found


def look(tab: Browser, address: str, page: str) -> list[str]:
    """What is wrong with a page in every window; it is loaded once, and follows as a reader changes size and scheme."""
    found: list[str] = []
    for number, (scheme, width) in enumerate(WINDOWS):
        tab.window(width=width, height=900, scheme=scheme)
        if number == 0:
            tab.open(f"{address}/{page}")
        found += [f"{page}, {width} px, {scheme}: {one}" for one in tab.evaluate(LOOK)]
    return found + [f"{page}: {one}" for one in complaints(tab, address)]


def looked_at(pages: dict[Path, Page], site: Path) -> list[str]:
    """Every page; without PRAISON_PERSIST_FULL=1 only the two longest of the folders whose pages are alike."""
    found = sorted(pages, key=lambda page: page.stat().st_size)
    if not FULL:
        alike = {folder: [page for page in found if page.parent == site / folder] for folder in ("backends", "adr")}
        left_out = {page for group in alike.values() for page in group[:-2]}
        found = [page for page in found if page not in left_out]
    return [page.relative_to(site).as_posix() for page in found]


def test_pages_read_well_at_both_widths_and_in_both_colour_schemes(
    site: Path, pages: dict[Path, Page], tab: Browser
) -> None:
    with served(site) as address:
        found = [one for page in looked_at(pages, site) for one in look(tab, address, page)]
    assert not found, "\n".join(found)


BAD = """<!DOCTYPE html><link rel="icon" href="data:,"><meta name="viewport" content="width=device-width">
<script>console.error("broken")</script><script src="missing.js"></script><img src="http://127.0.0.2:9/x.png">
<div class="md-content" style="overflow-x: clip"><p style="color: #999">pale</p><pre>{long}</pre></div>
<div style="width: 2000px; height: 1px"></div><pre class="mermaid">flowchart TB</pre>"""


def test_a_page_with_every_fault_is_told_of_each(tmp_path: Path, tab: Browser) -> None:
    (tmp_path / "bad.html").write_text(BAD.replace("{long}", "long " * 500), encoding="utf-8")
    with served(tmp_path) as address:
        tab.window(width=390, height=900, scheme="dark")
        tab.open(f"{address}/bad.html")
        found = "\n".join([*tab.evaluate(LOOK.replace("30000", "300")), *complaints(tab, address)])
    for fault in (
        "a diagram is not drawn",
        "the page does not follow the reader's colour scheme",
        "px wide, the window 390 px",
        "contrast 2.85: <p> pale",
        "cut off at the right: <pre> long",
        "console: ",
        "log: Failed to load resource",
        "asks another host: http://127.0.0.2:9/x.png",
    ):
        assert fault in found, found
