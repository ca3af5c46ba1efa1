"""The blocking state store: which engine performs the requests."""

from __future__ import annotations

from praison_persist.retry import RetryPolicy
from praison_persist.state_engines import EngineStateStore, VersionedStates

from .options import FirestoreStore
from .settings import Settings

__all__ = ["FirestoreStateStore"]


class FirestoreStateStore(FirestoreStore, EngineStateStore):
    """Values and hashes in a collection of Firestore. Options: `FirestoreStore`."""

    backend = "firestore"

    def _assemble(self, settings: Settings, retry: RetryPolicy) -> None:
        from .engine import FirestoreEngine  # a wrong option needs no client

        EngineStateStore.__init__(self, FirestoreEngine(settings), VersionedStates(), backend=self.backend, retry=retry)
