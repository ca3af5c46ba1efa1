"""MkDocs' hooks: add generated pages, navigation and the diagram library, and rewrite links. They decide no content."""

from __future__ import annotations

import logging
import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

sys.path.append(str(Path(__file__).resolve().parent.parent))

from engines import EngineError
from engines import packages as registries

from docsite import links, pages

_MERMAID = ["@mermaid-js/tiny@12.0.0"]  # has no dependencies, so that one file is the whole library


def on_files(files: Files, config: Any) -> Files:
    """Add what is not in docs."""
    for uri, text in pages.generated().items():
        files.append(File.generated(config, uri, content=text))
    files.append(File.generated(config, "assets/mermaid.js", abs_src_path=str(_mermaid())))
    config["nav"] = pages.navigation({file.src_uri for file in files.documentation_pages()})
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Rewrite the links of pages in docs; notes to the tests of the snippets are not for readers."""
    uri = page.file.src_uri
    if page.file.generated_by is None:
        try:
            markdown = links.rewrite(markdown, source=f"docs/{uri}", page=uri)
        except ValueError as exc:
            logging.getLogger("mkdocs.hooks").warning("%s", exc)
    return re.sub(r"^<!-- .* -->\n", "", markdown, flags=re.MULTILINE)


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
