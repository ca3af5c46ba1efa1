"""The blocking store: which engine the hooks use."""

from __future__ import annotations

from praison_persist.vectorstore import VectorStoreBase

from .engine import Engine
from .hooks import PineconeHooks
from .location import Location
from .options import Remote

__all__ = ["PineconeKnowledgeStore"]


class PineconeKnowledgeStore(PineconeHooks, VectorStoreBase):
    """Documents in Pinecone. Options: `PineconeHooks`."""

    backend = "pinecone"

    def _open_engine(self, location: Location, remote: Remote) -> Engine:
        return Engine(location, remote)
