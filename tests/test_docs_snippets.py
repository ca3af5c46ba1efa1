"""Every Python block of the documentation runs: a page in one process, top to bottom, in a directory of its own.

Two comments on the line before a block change that:

    <!-- needs: postgres -->     URLs of that engine in the block are replaced by the one of a test server
    <!-- not run: reason -->     the block cannot run, and this is why
"""

from __future__ import annotations

import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("README.md", "docs/**/*.md", "core/README.md", "packages/*/README.md")
    for path in ROOT.glob(pattern)
)
URLS = {
    "postgres": r"postgres(?:ql)?://[^\s\"']+",
    "cassandra": r"cassandra://[^\s\"']+",
    "qdrant": r"http://localhost:6333",
    "mysql": r"mysql://[^\s\"']+",
    "redis": r"redis://[^\s\"']+",
    "valkey": r"valkey://[^\s\"']+",
    "weaviate": r"http://localhost:8080",
}
SECONDS = 60


@dataclass(frozen=True)
class Block:
    """A fenced block, with the number of its first line of code."""

    line: int
    code: str
    needs: str | None
    excuse: str | None


def blocks(text: str) -> list[Block]:
    """The Python blocks of a page.

    Raises:
        ValueError: a block does not end, or a comment is neither of the two.
    """
    found: list[Block] = []
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        fence = re.match(r"```(\w*)", lines[number])
        if not fence:
            number += 1
            continue
        end = next((i for i in range(number + 1, len(lines)) if lines[i].rstrip() == "```"), None)
        if end is None:
            raise ValueError(f"the block at line {number + 1} does not end")
        if fence[1] in ("python", "py", "python3"):
            before = lines[number - 1].strip() if number else ""
            needs = re.fullmatch(r"<!-- needs: (\w+) -->", before)
            excuse = re.fullmatch(r"<!-- not run: (.+) -->", before)
            if before.startswith("<!--") and not (needs or excuse):
                raise ValueError(f"line {number}: {before} means nothing here")
            code = "\n".join(lines[number + 1 : end])
            found.append(Block(number + 2, code, needs and needs[1], excuse and excuse[1]))
        number = end + 1
    return found


def script(page: str, parts: list[Block]) -> str:
    """One program of all blocks, in which tracebacks name page and line."""
    sources = [("\n" * (part.line - 1) + part.code + "\n") for part in parts]
    return (
        f"names = {{'__name__': '__main__'}}\n"
        f"for source in {sources!r}:\n"
        f"    exec(compile(source, {page!r}, 'exec'), names)\n"
        f"print('executed', {len(parts)})\n"
    )


@contextmanager
def server(needs: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an engine for one page; a database of its own where the engine has databases."""
    url: str = request.getfixturevalue(f"{needs}_url")
    if needs != "postgres":
        yield url
        return
    import psycopg

    name = f"docs_{secrets.token_hex(6)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(url)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def pages_with_python() -> list[str]:
    return [page for page in PAGES if "```py" in (ROOT / page).read_text(encoding="utf-8")]


@pytest.mark.parametrize("page", pages_with_python())
def test_every_python_block_of_a_page_runs(page: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    parts = [part for part in blocks((ROOT / page).read_text(encoding="utf-8")) if part.excuse is None]
    assert parts, f"{page} has Python blocks, and every one of them is excused"
    needs = {part.needs for part in parts if part.needs}
    assert needs <= URLS.keys(), f"no fixture for {needs - URLS.keys()}"
    assert len(needs) <= 1, "a page may need one engine"
    if needs:
        (name,) = needs
        with server(name, request) as url:
            run(script(page, [with_url(part, URLS[name], url) for part in parts]), len(parts), tmp_path)
    else:
        run(script(page, parts), len(parts), tmp_path)


def with_url(part: Block, pattern: str, url: str) -> Block:
    if part.needs is None:
        return part
    code, replaced = re.subn(pattern, lambda _: url, part.code)
    assert replaced, f"the block at line {part.line} needs {part.needs} and has no URL of it"
    return Block(part.line, code, part.needs, None)


def run(code: str, count: int, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.rstrip().endswith(f"executed {count}"), done.stdout


def test_the_pages_that_show_code_are_found() -> None:
    found = pages_with_python()
    assert {"README.md", "docs/quickstart.md", "core/README.md"} <= set(found)
    packages = [path.name for path in (ROOT / "packages").iterdir() if (path / "pyproject.toml").exists()]
    assert {f"packages/{name}/README.md" for name in packages} <= set(found), "every package shows how it is used"


def test_links_to_files_of_the_repository_lead_somewhere() -> None:
    broken = [
        f"{page}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#\s]+)", (ROOT / page).read_text(encoding="utf-8"))
        if "://" not in target and not (ROOT / page).parent.joinpath(target).exists()
    ]
    assert not broken


def test_blocks_are_found_with_their_comments() -> None:
    page = (
        "<!-- needs: postgres -->\n```python\na = 1\n```\ntext\n<!-- not run: slow -->\n```py\nb\n```\n```sh\nls\n```"
    )
    assert blocks(page) == [Block(3, "a = 1", "postgres", None), Block(8, "b", None, "slow")]


@pytest.mark.parametrize("page", ["```python\na = 1", "<!-- neds: postgres -->\n```python\na = 1\n```"])
def test_a_block_that_would_be_overlooked_is_an_error(page: str) -> None:
    with pytest.raises(ValueError, match="line"):
        blocks(page)


def test_a_failing_block_fails_with_page_and_line(tmp_path: Path) -> None:
    parts = blocks("text\n\n```python\nfine = 1\n```\n\n```python\nfine / 0\n```\n")
    with pytest.raises(AssertionError, match=r'"page.md", line 8[\s\S]*ZeroDivisionError'):
        run(script("page.md", parts), 2, tmp_path)
