"""The blocking store: which engine the hooks use."""

from __future__ import annotations

from praison_persist.vectorstore import VectorStoreBase

from .engine import Engine
from .hooks import ChromaHooks
from .location import Location
from .remote import Remote

__all__ = ["ChromaKnowledgeStore"]


class ChromaKnowledgeStore(ChromaHooks, VectorStoreBase):
    """Documents in Chroma: in memory, in a directory, on a server or in Chroma Cloud. Options: `ChromaHooks`."""

    backend = "chroma"

    def _open_engine(self, location: Location, remote: Remote) -> Engine:
        return Engine(location, remote)
