"""Knowledge in a DuckDB file."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .knowledge import DuckdbKnowledgeStore as DuckdbKnowledgeStore

# Each module only when it is used: a blocking store needs no asyncio.
_MODULES = {
    "DuckdbKnowledgeStore": "knowledge",
}
__getattr__ = lazy_exports(__name__, _MODULES)
