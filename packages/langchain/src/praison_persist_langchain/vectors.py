"""How a LangChain vector store, which embeds texts itself, takes vectors that exist already.

No store and no engine: an `Embeddings` that gives back what the caller handed over, one call at a time.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from langchain_core.embeddings import Embeddings

from praison_persist.errors import UnsupportedError

__all__ = ["GivenVectors"]

_Pairs = list[tuple[str, list[float]]]


class GivenVectors(Embeddings):
    """The embeddings of a vector store that a `LangChainKnowledgeStore` wraps: documents bring their vectors.

    What is handed over is seen by the caller's context only, so threads and tasks do not mix theirs up.

    Args:
        otherwise: embeds what the vector store is asked for by others, so that it stays of use in LangChain; without
            it that is an `UnsupportedError`.
    """

    def __init__(self, otherwise: Embeddings | None = None) -> None:
        self._otherwise = otherwise
        self._handed: ContextVar[_Pairs | None] = ContextVar("praison_persist_vectors", default=None)

    @contextmanager
    def handed(self, texts: Sequence[str], vectors: Sequence[Sequence[float]]) -> Generator[None]:
        """Inside this block these texts have these vectors, each once, also where two texts are the same."""
        token = self._handed.set([(text, list(vector)) for text, vector in zip(texts, vectors, strict=True)])
        try:
            yield
        finally:
            self._handed.reset(token)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """The vectors of these texts, in whatever portions and order the vector store asks for them."""
        handed = self._handed.get()
        if handed is None:
            return self._other().embed_documents(texts)
        return [_taken(handed, text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        """The vector that was handed over for the query."""
        handed = self._handed.get()
        return self._other().embed_query(text) if handed is None else _taken(handed, text)

    def _other(self) -> Embeddings:
        if self._otherwise is None:
            raise UnsupportedError(
                "this vector store gets vectors, and cannot make them of texts",
                hint="GivenVectors(embeddings) embeds what does not come from praison-persist",
            )
        return self._otherwise


def _taken(handed: _Pairs, text: str) -> list[float]:
    for index, (candidate, _) in enumerate(handed):
        if candidate == text:
            return handed.pop(index)[1]
    raise UnsupportedError("the vector store embeds another text than the one that it was given")
