"""The asynchronous state store: which engine performs the requests."""

from __future__ import annotations

from praison_persist.retry import RetryPolicy
from praison_persist.state_engines import AsyncEngineStateStore, VersionedStates

from .options import FirestoreStore
from .settings import Settings

__all__ = ["AsyncFirestoreStateStore"]


class AsyncFirestoreStateStore(FirestoreStore, AsyncEngineStateStore):
    """`FirestoreStateStore` on Google's asyncio client, for one event loop after another. Options: `FirestoreStore`."""

    backend = "async_firestore"

    def _assemble(self, settings: Settings, retry: RetryPolicy) -> None:
        from .async_engine import AsyncFirestoreEngine  # a wrong option needs no client

        AsyncEngineStateStore.__init__(
            self, AsyncFirestoreEngine(settings), VersionedStates(), backend=self.backend, retry=retry
        )
