"""PraisonAI's classes for knowledge results; equal ones of our own where it is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

__all__ = ["AddResult", "Results", "SearchResult", "SearchResultItem", "results"]


@dataclass
class SearchResultItem:
    """A text that was found.

    Attributes:
        score: higher is nearer, see `praison_persist.scores`; 0.0 where nothing was searched.
        created_at, updated_at: ISO 8601, UTC.
    """

    id: str = ""
    text: str = ""
    score: float = 0.0
    metadata: dict[str, Any] = field(default_factory=dict)
    source: str | None = None
    filename: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


class _Texts:
    """Iterates over the texts, which PraisonAI's asynchronous chat joins up to 1.7.0."""

    results: list[Any]

    def __iter__(self) -> Iterator[str]:
        return (item.text for item in self.results)

    def __len__(self) -> int:
        return len(self.results)


@dataclass
class SearchResult(_Texts):
    """Texts that were found, best first."""

    results: list[SearchResultItem] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    query: str = ""
    total_count: int | None = None


@dataclass
class AddResult:
    """What became of an `add` or `update`."""

    id: str = ""
    success: bool = True
    message: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Results:
    """Makes results of one family of classes."""

    item_class: type[Any]
    search_class: type[Any]
    add_class: type[Any]

    def item(self, fields: dict[str, Any]) -> Any:
        """One text."""
        return self.item_class(**fields)

    def search_result(self, items: list[dict[str, Any]], query: str) -> Any:
        """Several texts."""
        return self.search_class(results=[self.item(fields) for fields in items], query=query, total_count=len(items))

    def add_result(self, identity: str, success: bool, message: str, metadata: dict[str, Any]) -> Any:
        """What became of a change."""
        return self.add_class(id=identity, success=success, message=message, metadata=metadata)


@cache
def results() -> Results:
    """PraisonAI's classes, or ours."""
    try:
        models = import_module("praisonaiagents.knowledge.models")
    except ImportError:
        return Results(SearchResultItem, SearchResult, AddResult)
    found = type("SearchResult", (_Texts, models.SearchResult), {"__module__": __name__})
    return Results(models.SearchResultItem, found, models.AddResult)
