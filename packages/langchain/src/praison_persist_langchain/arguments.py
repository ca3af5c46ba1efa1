"""What a search of LangChain is asked for by keywords. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from praison_persist.keywords import named
from praison_persist.knowledge import SearchMode

__all__ = ["Asked", "asked"]


@dataclass(frozen=True)
class Asked:
    """What a search is asked for besides the query.

    Attributes:
        k: most documents.
        filter: as of `praison_persist.filters`.
        score_threshold: on the contract's score.
        mode: as of `KnowledgeStore.search`; the query is then the text as well.
    """

    k: int
    filter: Mapping[str, Any] | None
    score_threshold: float | None
    mode: SearchMode


def asked(k: int, keywords: dict[str, Any]) -> Asked:
    """The arguments of a search.

    Raises:
        TypeError: an unknown keyword.
    """
    return Asked(k, **named(keywords, filter=None, score_threshold=None, mode="vector"))
