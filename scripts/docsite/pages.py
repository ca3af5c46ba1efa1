"""The generated pages of the site, as Markdown by path, and its navigation. Nothing of it is committed."""

from __future__ import annotations

import re
from typing import Any

from workspace import KINDS, Package, read

from . import links, matrix, options
from .conformance import ROOT

_SECTIONS = {
    "Start": ("index.md", "quickstart.md", "concepts.md", "choosing.md"),
    "Use": (
        "filters-and-scores.md",
        "operating.md",
        "security.md",
        "moving.md",
        "from-praisonai.md",
        "agents.md",
        "cli.md",
    ),
    "Extend": ("writing-a-backend.md", "sql-backends.md", "testing-a-backend.md", "testkit.md"),
    "Reference": ("capabilities.md", "api/index.md", "api/sql.md", "api/testkit.md"),
    "Project": (
        "compatibility.md",
        "benchmarks.md",
        "package-status.md",
        "contributing.md",
        "conduct.md",
        "reporting.md",
    ),
}


def generated() -> dict[str, str]:
    """Every page that is not a file in docs."""
    backends = [package for package in read(ROOT).packages if package.is_backend]
    pages = {page: links.rewrite(_read(source), source=source, page=page) for page, source in links.COPIED.items()}
    pages["capabilities.md"] = matrix.capability_page(backends)
    pages["backends/index.md"] = _backend_index(backends)
    pages["adr/index.md"] = _decisions()
    for package in backends:
        pages[f"backends/{package.family}.md"] = _backend(package)
    return pages


def navigation(present: set[str]) -> list[Any]:
    """The navigation over the pages that are present; a page of docs that no section names is put under Project."""
    nav: list[Any] = [{title: [page for page in pages if page in present]} for title, pages in _SECTIONS.items()]
    nav.insert(2, {"Backends": sorted(p for p in present if p.startswith("backends/") and p != "backends/index.md")})
    nav[2]["Backends"].insert(0, "backends/index.md")
    decisions = sorted(page for page in present if page.startswith("adr/") and page != "adr/index.md")
    nav.append({"Decisions": ["adr/index.md", *decisions]})
    named = {page for section in nav for pages in section.values() for page in pages}
    nav[-2]["Project"] += sorted(present - named)
    return nav


def _read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def _backend(package: Package) -> str:
    source, page = f"packages/{package.family}/README.md", f"backends/{package.family}.md"
    parts = [links.rewrite(_read(source), source=source, page=page).rstrip(), "", "## Names", ""]
    parts += ["| kind | name | aliases | URL schemes |", "|---|---|---|---|"]
    for kind in KINDS:
        for name in package.backends(kind):
            cells = [
                ", ".join(f"`{other}`" for other, backend in table.items() if backend == name)
                for table in (package.aliases(kind), package.schemes(kind))
            ]
            parts.append(f"| {kind} | `{name}` | {' | '.join(cells)} |")
    needs = ", ".join(f"`{one}`" for one in package.dependencies)
    parts += ["", f"Python `{package.requires_python}`. Installs {needs}.", "", "## Constructors", ""]
    for kind in KINDS:
        for name in package.backends(kind):
            cls = options.store_class(kind, name)
            parts += [
                f"### {name}, {kind}",
                "",
                f"`{cls.__module__.partition('.')[0]}.{cls.__name__}`",
                "",
                options.table(cls),
            ]
    return "\n".join([*parts, "## Conformance", "", matrix.package_section(package)])


def _backend_index(backends: list[Package]) -> str:
    lines = ["# Backends", "", "| package | conversation | knowledge | state |", "|---|---|---|---|"]
    for package in backends:
        cells = [", ".join(f"`{name}`" for name in package.backends(kind)) for kind in KINDS]
        lines.append(f"| [{package.family}]({package.family}.md) | {' | '.join(cells)} |")
    return "\n".join([*lines, "", "What each of them was measured to do: [capability matrix](../capabilities.md).", ""])


def _decisions() -> str:
    lines = ["# Decisions", "", "Why it is as it is, one page for each decision.", ""]
    for path in sorted((ROOT / "docs/adr").glob("0*.md")):
        title = re.sub(r"^# +(\d+\.)? *", "", path.read_text(encoding="utf-8").splitlines()[0])
        lines.append(f"- {path.name[:4]}: [{title}]({path.name})")
    return "\n".join(lines) + "\n"
