"""LlamaIndex vector stores as knowledge stores of praison-persist, and the other way round."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .store import LlamaIndexKnowledgeStore as LlamaIndexKnowledgeStore
    from .vectorstore import KnowledgeVectorStore as KnowledgeVectorStore
    from .vectorstore import as_llamaindex as as_llamaindex

__all__ = ["KnowledgeVectorStore", "LlamaIndexKnowledgeStore", "as_llamaindex"]

# Each direction loads without the other.
__getattr__ = lazy_exports(
    __name__,
    {
        "KnowledgeVectorStore": "vectorstore",
        "LlamaIndexKnowledgeStore": "store",
        "as_llamaindex": "vectorstore",
    },
)
