"""All clauses of knowledge stores in one class."""

from __future__ import annotations

from praison_persist.knowledge import AsyncKnowledgeStore, KnowledgeDocument, KnowledgeStore

from ..lifecycle import Lifecycle
from .build import DOCS, document
from .bulk import Bulk, TextSearching
from .collections import Collections
from .documents import Deleting, Writing
from .fidelity import Fidelity, Refusals
from .filters import Filtering
from .machine import Machine
from .random_filters import RandomFiltering
from .search import Searching

__all__ = ["KnowledgeConformance"]


class KnowledgeConformance(
    Collections,
    Writing,
    Bulk,
    Fidelity,
    Refusals,
    Deleting,
    Searching,
    TextSearching,
    Filtering,
    RandomFiltering,
    Machine,
    Lifecycle,
):
    """Every sentence of the contract of `praison_persist.knowledge.KnowledgeStore`, sync or async.

    Inherit it, give it a ``target`` fixture that yields a `Target` on an empty place, declare deviations, and
    name the filter cases that the engine cannot evaluate in ``unsupported_filters``.
    """

    kind = "knowledge"
    base_classes = (KnowledgeStore, AsyncKnowledgeStore)
    calls = (
        ("list_collections", (), {}),
        ("create_collection", (DOCS, 3), {}),
        ("delete_collection", (DOCS,), {}),
        ("collection_exists", (DOCS,), {}),
        ("describe_collection", (DOCS,), {}),
        ("insert", (DOCS, [document("a")]), {}),
        ("upsert", (DOCS, [document("a")]), {}),
        ("upsert_many", (DOCS, [document("a")]), {}),
        ("search", (DOCS, [1.0, 0.0, 0.0]), {}),
        ("get", (DOCS, ["a"]), {}),
        ("delete", (DOCS, ["a"]), {}),
        ("delete", (DOCS, []), {}),
        ("count", (DOCS,), {}),
        ("iter_documents", (DOCS,), {}),
    )
    mistakes = (
        ("create_collection", ("bad name", 3), {}),
        ("create_collection", ("docs", 0), {}),
        ("create_collection", ("docs", 3, "cosinus"), {}),
        ("insert", ("missing", [KnowledgeDocument(id="a", embedding=[1.0])]), {}),
        ("upsert", ("missing", []), {}),
        ("search", ("missing", [1.0]), {}),
        ("search", ("missing", [1.0]), {"filters": {"a": {"$regex": "x"}}}),
        ("get", ("missing", ["a"]), {}),
        ("delete", ("missing",), {}),
        ("count", ("missing",), {}),
        ("iter_documents", ("missing",), {}),
        ("describe_collection", ("missing",), {}),
    )
