"""LangChain's documents as documents of the contract and back. Pure functions."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any

from langchain_core.documents import Document

from praison_persist.errors import InvalidInputError
from praison_persist.knowledge import KnowledgeDocument

__all__ = ["from_texts", "to_document", "to_knowledge", "with_ids"]


def to_document(document: KnowledgeDocument) -> Document:
    """LangChain's form: id, text, metadata. Its metadata is never None."""
    return Document(id=document.id, page_content=document.content, metadata=document.metadata or {})


def to_knowledge(document: Document, embedding: Sequence[float]) -> KnowledgeDocument:
    """The contract's form of a document that has an id."""
    return KnowledgeDocument(
        id=str(document.id), content=document.page_content, embedding=list(embedding), metadata=document.metadata
    )


def with_ids(documents: Iterable[Document], ids: Sequence[str | None] | None) -> list[Document]:
    """Copies that have ids: the one given, else the document's own, else a new one.

    Raises:
        InvalidInputError: not as many ids as documents.
    """
    documents = list(documents)
    if ids is not None:
        _same_number(ids, documents, "ids")
    return [
        Document(
            id=id_ or document.id or str(uuid.uuid4()), page_content=document.page_content, metadata=document.metadata
        )
        for document, id_ in zip(documents, ids or repeat(None), strict=False)
    ]


def from_texts(texts: Iterable[str], metadatas: Sequence[dict[str, Any]] | None) -> list[Document]:
    """Texts with their metadata as documents.

    Raises:
        InvalidInputError: not as many metadatas as texts.
    """
    texts = list(texts)
    if metadatas:
        _same_number(metadatas, texts, "metadatas")
    return [
        Document(page_content=text, metadata=metadata or {})
        for text, metadata in zip(texts, metadatas or repeat(None), strict=False)
    ]


def _same_number(given: Sequence[Any], wanted: Sequence[Any], what: str) -> None:
    if len(given) != len(wanted):
        raise InvalidInputError(f"{len(given)} {what} for {len(wanted)} documents", hint=f"give each one of the {what}")
