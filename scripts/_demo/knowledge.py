"""Step 3: the project's own Markdown, in pieces, in an embedded Qdrant; three questions, one with a filter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from praison_persist import KNOWLEDGE_STORES, KnowledgeDocument

from .embedding import DIMENSION, Embedder
from .report import check, line, quote

COLLECTION = "documentation"
LONGEST = 900  # characters in one piece

QUESTIONS: tuple[tuple[str, Mapping[str, Any] | None], ...] = (
    ("How do I install a backend?", None),
    ("Is an acknowledged message still there after a power cut?", None),
    ("How do I open Qdrant without a server?", {"package": "qdrant"}),
)


def show(folder: Path, repository: Path) -> None:
    """Index, then ask."""
    documents = list(_pieces(repository))
    embedder = Embedder(document.content for document in documents)
    for document in documents:
        document.embedding = embedder.embed(document.content)
    with KNOWLEDGE_STORES.create("qdrant", path=str(folder)) as store:
        store.create_collection(COLLECTION, DIMENSION, distance="cosine")
        store.insert(COLLECTION, documents)
        check("every piece is stored", holds=store.count(COLLECTION) == len(documents))
        files = {(document.metadata or {})["file"] for document in documents}
        line(f"{len(documents)} pieces of {len(files)} files, {DIMENSION} dimensions, on disk, no server")
        for question, filters in QUESTIONS:
            line("")
            line(question + (f"   filter {dict(filters)}" if filters else ""))
            hits = store.search(COLLECTION, embedder.embed(question), limit=2, filters=filters)
            scores = [hit.score for hit in hits]
            check(
                "there is an answer, and the best comes first",
                holds=bool(hits) and scores == sorted(scores, reverse=True),
            )
            for hit in hits:
                metadata = hit.metadata or {}
                check("the filter holds", holds=filters is None or metadata["package"] == "qdrant")
                line(f"  {hit.score:.3f}  {metadata['file']}  {metadata['heading']}")
                quote(hit.content.partition("\n")[2])  # without the heading


def _pieces(repository: Path) -> Iterator[KnowledgeDocument]:
    """Every Markdown file a reader would open, cut at headings and paragraphs."""
    patterns = ("*.md", "docs/**/*.md", "core/README.md", "packages/*/README.md")
    for path in sorted({path for pattern in patterns for path in repository.glob(pattern)}):
        file = path.relative_to(repository)
        package = file.parent.name if str(file).startswith(("core/", "packages/")) else "project"
        for number, (heading, text) in enumerate(_sections(path.read_text(encoding="utf-8"))):
            if re.search(r"\w{3}", text):
                metadata = {"file": str(file), "package": package, "heading": heading}
                yield KnowledgeDocument(id=f"{file}#{number}", content=f"{heading}\n{text}", metadata=metadata)


def _sections(markdown: str) -> Iterator[tuple[str, str]]:
    """Pairs of heading and at most `LONGEST` characters of whole paragraphs (one longer paragraph stays whole)."""
    heading, text, fenced = "", "", False
    for paragraph in re.split(r"\n\s*\n", markdown):
        title = None if fenced else re.match(r"#+ +(.+)", paragraph)
        if text and (title or len(text) + len(paragraph) > LONGEST):
            yield heading, text
            text = ""
        if title:
            heading, paragraph = title[1].strip(), paragraph[title.end() :].strip()
        text = f"{text}\n\n{paragraph}".strip()
        fenced ^= paragraph.count("```") % 2 == 1
    if text:
        yield heading, text
