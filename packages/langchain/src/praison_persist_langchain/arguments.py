"""LangChain hands keywords on unchecked; here each must have a name that is known. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from praison_persist.knowledge import SearchMode
from praison_persist.plugins import nearest

__all__ = ["Asked", "asked", "named"]


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


def named(keywords: dict[str, Any], **defaults: Any) -> dict[str, Any]:
    """The keywords, or their defaults.

    Raises:
        TypeError: an unknown one; the nearest is named.
    """
    for name in keywords:
        if name not in defaults:
            near = nearest(name, defaults)
            meant = f"did you mean {near!r}?" if near else f"there are {', '.join(defaults)}"
            raise TypeError(f"unexpected keyword {name!r}: {meant}")
    return {**defaults, **keywords}
