"""The blocking state store: which engine keeps the records."""

from __future__ import annotations

from praison_persist.retry import RetryPolicy
from praison_persist.state_engines import EngineStateStore, RecordStates

from .state_options import MongoDBState

__all__ = ["MongoDBStateStore"]


class MongoDBStateStore(MongoDBState, EngineStateStore):
    """Values and hashes in a collection of MongoDB, a document for each key. Options: `MongoDBState`."""

    backend = "mongodb"

    def _assemble(self, states: RecordStates, retry: RetryPolicy, auto_setup: bool) -> None:
        from .state_engine import MongoDBStateEngine  # a wrong option needs no client

        engine = MongoDBStateEngine(self._settings, self._collection)
        EngineStateStore.__init__(self, engine, states, backend=self.backend, retry=retry, auto_setup=auto_setup)
