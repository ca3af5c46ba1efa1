"""LangChain vector stores as knowledge stores of praison-persist, and the other way round."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .store import LangChainKnowledgeStore as LangChainKnowledgeStore
    from .vectors import GivenVectors as GivenVectors
    from .vectorstore import KnowledgeVectorStore as KnowledgeVectorStore
    from .vectorstore import as_langchain as as_langchain

__all__ = ["GivenVectors", "KnowledgeVectorStore", "LangChainKnowledgeStore", "as_langchain"]

# Each direction loads without the other.
__getattr__ = lazy_exports(
    __name__,
    {
        "GivenVectors": "vectors",
        "KnowledgeVectorStore": "vectorstore",
        "LangChainKnowledgeStore": "store",
        "as_langchain": "vectorstore",
    },
)
