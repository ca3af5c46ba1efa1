"""MkDocs' hooks: add generated pages, navigation and the diagram library, and rewrite links. They decide no content."""

from __future__ import annotations

import logging
import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

sys.path.append(str(Path(__file__).resolve().parent.parent))

from engines import EngineError
from engines import packages as registries

from docsite import links, pages

_MERMAID = ["@mermaid-js/tiny@12.0.0"]  # has no dependencies, so that one file is the whole library
_SCRIPT = "assets/mermaid.js"


def on_files(files: Files, config: Any) -> Files:
    """Add what is not in docs."""
    for uri, text in pages.generated().items():
        files.append(File.generated(config, uri, content=text))
    files.append(File.generated(config, _SCRIPT, abs_src_path=str(_mermaid())))
    config["nav"] = pages.navigation({file.src_uri for file in files.documentation_pages()})
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Rewrite the links of pages in docs; notes to the tests of the snippets are not for readers."""
    uri = page.file.src_uri
    if page.file.generated_by is None:
        try:
            markdown = links.rewrite(markdown, source=f"docs/{uri}", page=uri)
        except ValueError as exc:
            logging.getLogger("mkdocs.hooks").warning("%s", exc)
    return re.sub(r"^<!-- .* -->\n", "", markdown, flags=re.MULTILINE)


def on_post_page(output: str, page: Page, **_: Any) -> str:
    """Load the diagram library, which is large, where there is a diagram; elsewhere the theme does not ask for it."""
    if '<pre class="mermaid">' not in output:
        return output
    script = f'<script src="{get_relative_url(_SCRIPT, page.url)}"></script>'
    return output.replace("</body>", f"{script}</body>")


def _mermaid() -> Path:
    """The library that draws diagrams, from npm by way of the cache: the site itself asks nobody for it."""
    try:
        home = registries.npm("mermaid", _MERMAID, fetch=True)
    except EngineError as exc:
        raise PluginError(f"no Mermaid to draw diagrams with: {exc}") from exc
    script = None if home is None else next(iter(home.glob("node_modules/@mermaid-js/tiny/dist/*.tiny.js")), None)
    if script is None:
        raise PluginError(f"{_MERMAID[0]} holds no dist/*.tiny.js")
    return script
