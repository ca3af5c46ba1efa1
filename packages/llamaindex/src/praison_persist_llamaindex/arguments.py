"""What a query of LlamaIndex asks for, checked and in the contract's words. Pure functions.

LlamaIndex's vector stores ignore what they do not know; here it is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llama_index.core.vector_stores.types import VectorStoreQuery, VectorStoreQueryMode

from praison_persist.errors import InvalidInputError, UnsupportedError
from praison_persist.keywords import named
from praison_persist.knowledge import SearchMode
from praison_persist.validation import check_limit, check_number

from .convert import SOURCE
from .filters import to_filters

__all__ = ["Asked", "Diversity", "asked", "restricted"]


@dataclass(frozen=True)
class Diversity:
    """Maximal marginal relevance.

    Attributes:
        fetch: how many of the nearest documents are looked at.
        threshold: 1 looks at the nearness to the query only, 0 at the distance from what is chosen only.
    """

    fetch: int
    threshold: float


@dataclass(frozen=True)
class Asked:
    """What a query is.

    Attributes:
        vector: the query's embedding; None for ``mode="keyword"``.
        text: the words, for the modes that look for them.
        mode: as of `KnowledgeStore.search`.
        limit: most documents.
        filters: as of `praison_persist.filters`.
        ids: only these documents; None for all.
        score_threshold: on the contract's score.
        diversity: choose among the nearest by it.
    """

    vector: Sequence[float] | None
    text: str | None
    mode: SearchMode
    limit: int
    filters: dict[str, Any] | None
    ids: Sequence[str] | None
    score_threshold: float | None
    diversity: Diversity | None


def asked(query: VectorStoreQuery, keywords: dict[str, Any]) -> Asked:
    """The query of LlamaIndex; keywords are ``score_threshold`` and, for ``mmr``, those of its own vector stores.

    Empty ``doc_ids`` and ``node_ids`` restrict nothing: an index whose vector store keeps the text always sends some.

    Raises:
        InvalidInputError: a value that is no such value, or one that has no meaning in this mode.
        UnsupportedError: a mode that no knowledge store has, or a wish that none can meet.
        TypeError: an unknown keyword.
    """
    given = named(keywords, score_threshold=None, mmr_threshold=None, mmr_prefetch_factor=None, mmr_prefetch_k=None)
    modes = VectorStoreQueryMode
    found = _MODES.get(query.mode)
    if found is None:
        raise UnsupportedError(
            f"knowledge stores have no mode {modes(query.mode).value!r}",
            hint=f"there are {', '.join(mode.value for mode in _MODES)}",
        )
    wishes = ("alpha", "output_fields", "embedding_field", *(("sparse_top_k",) if query.mode is modes.HYBRID else ()))
    for name in wishes:
        if getattr(query, name) is not None:
            raise UnsupportedError(f"{name}= cannot be met: engines combine and choose fields in their own way")
    limit = {
        modes.HYBRID: query.hybrid_top_k,
        modes.SPARSE: query.sparse_top_k,
        modes.TEXT_SEARCH: query.sparse_top_k,
    }.get(query.mode)
    limit = check_limit(query.similarity_top_k if limit is None else limit, "similarity_top_k") or 0
    if found == "vector" and query.query_embedding is None:
        raise InvalidInputError("this query has no embedding", hint="query_embedding= is the vector to look for")
    if found != "vector" and query.node_ids:
        raise UnsupportedError(f"node_ids restrict searches by vector only, not mode {query.mode.value!r}")
    return Asked(
        vector=None if found == "keyword" else query.query_embedding,
        text=None if found == "vector" else query.query_str,
        mode=found,
        limit=limit,
        filters=_filters(query),
        ids=query.node_ids or None,
        score_threshold=given["score_threshold"],
        diversity=_diversity(query, limit, given),
    )


def restricted(filters: dict[str, Any] | None, wanted: dict[str, Any]) -> dict[str, Any]:
    """Both conditions."""
    return {"$and": [filters, wanted]} if filters else wanted


def _filters(query: VectorStoreQuery) -> dict[str, Any] | None:
    filters = to_filters(query.filters)
    return restricted(filters, {SOURCE: {"$in": query.doc_ids}}) if query.doc_ids else filters


def _diversity(query: VectorStoreQuery, limit: int, given: dict[str, Any]) -> Diversity | None:
    threshold = query.mmr_threshold if given["mmr_threshold"] is None else given["mmr_threshold"]
    factor, fetch = given["mmr_prefetch_factor"], given["mmr_prefetch_k"]
    if query.mode is not VectorStoreQueryMode.MMR:
        if any(value is not None for value in (threshold, factor, fetch)):
            raise InvalidInputError("mmr_threshold and mmr_prefetch have no meaning without mode 'mmr'")
        return None
    if factor is not None and fetch is not None:
        raise InvalidInputError("mmr_prefetch_factor and mmr_prefetch_k cannot go together")
    if not 0 <= check_number(0.5 if threshold is None else threshold, "mmr_threshold") <= 1:
        raise InvalidInputError(f"mmr_threshold is from 0 to 1, got {threshold!r}")
    if fetch is None:
        fetch = int(limit * check_number(4.0 if factor is None else factor, "mmr_prefetch_factor"))
    return Diversity(max(limit, check_limit(fetch, "mmr_prefetch_k") or 0), 0.5 if threshold is None else threshold)


_MODES: dict[VectorStoreQueryMode, SearchMode] = {
    VectorStoreQueryMode.DEFAULT: "vector",
    VectorStoreQueryMode.MMR: "vector",
    VectorStoreQueryMode.TEXT_SEARCH: "keyword",
    VectorStoreQueryMode.SPARSE: "keyword",
    VectorStoreQueryMode.HYBRID: "hybrid",
}
