"""What the entry points of this distribution name; imported only when the store is created."""

from praison_persist import store_factory

from .state_store import MongoDBStateStore

__all__ = ["mongodb"]

mongodb = store_factory(MongoDBStateStore)
