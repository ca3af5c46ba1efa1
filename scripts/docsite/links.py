"""Links of Markdown files as GitHub shows them, rewritten for the site, where READMEs are pages of their own."""

from __future__ import annotations

import posixpath
import re

_LINK = re.compile(r"(\]\()([^)\s#]+)(#[^)\s]*)?(\))")

COPIED = {
    "agents.md": "packages/agents/README.md",
    "cli.md": "packages/cli/README.md",
    "testkit.md": "packages/testkit/README.md",
    "package-status.md": "PACKAGE_STATUS.md",
    "contributing.md": "CONTRIBUTING.md",
    "conduct.md": "CODE_OF_CONDUCT.md",
    "reporting.md": "SECURITY.md",
}
"""Pages of the site that are other files of the repository."""

_MOVED = {
    "README.md": "index.md",
    "docs/adr": "adr/index.md",
    "core": "api/index.md",
    **{source.removesuffix("/README.md"): page for page, source in COPIED.items()},
}


def site_uri(path: str) -> str | None:
    """Where the site has a file of the repository; None where it has not. A folder stands for its README."""
    path = path.removesuffix("/README.md")
    if path in _MOVED:
        return _MOVED[path]
    if match := re.fullmatch(r"packages/(\w+)", path):
        return f"backends/{match[1]}.md"
    return path.removeprefix("docs/") if path.startswith("docs/") else None


def rewrite(markdown: str, *, source: str, page: str) -> str:
    """The text of a page with its relative links changed from repository paths to site paths.

    Args:
        markdown: the text.
        source: its path in the repository.
        page: its path in the site.

    Raises:
        ValueError: a link leads to a file that is no page.
    """

    def change(match: re.Match[str]) -> str:
        if "://" in match[2] or match[2].startswith("mailto:"):
            return match[0]
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), match[2]))
        uri = site_uri(target)
        if uri is None:
            raise ValueError(f"{source} links to {match[2]}, which is no page of the site")
        relative = posixpath.relpath(uri, posixpath.dirname(page) or ".")
        return f"{match[1]}{relative}{match[3] or ''}{match[4]}"

    parts = re.split(r"(^```[\s\S]*?^```|^    .*$)", markdown, flags=re.MULTILINE)
    return "".join(part if index % 2 else _LINK.sub(change, part) for index, part in enumerate(parts))
