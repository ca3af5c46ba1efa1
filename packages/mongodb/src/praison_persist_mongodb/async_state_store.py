"""The asynchronous state store: which engine keeps the records."""

from __future__ import annotations

from praison_persist.retry import RetryPolicy
from praison_persist.state_engines import AsyncEngineStateStore, RecordStates

from .state_options import MongoDBState

__all__ = ["AsyncMongoDBStateStore"]


class AsyncMongoDBStateStore(MongoDBState, AsyncEngineStateStore):
    """`MongoDBStateStore` on PyMongo's asyncio client, for one event loop after another. Options: `MongoDBState`."""

    backend = "async_mongodb"

    def _assemble(self, states: RecordStates, retry: RetryPolicy, auto_setup: bool) -> None:
        from .async_state_engine import AsyncMongoDBStateEngine  # a wrong option needs no client

        engine = AsyncMongoDBStateEngine(self._settings, self._collection)
        AsyncEngineStateStore.__init__(self, engine, states, backend=self.backend, retry=retry, auto_setup=auto_setup)
