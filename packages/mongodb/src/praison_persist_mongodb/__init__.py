"""MongoDB stores for praison-persist."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .async_state_store import AsyncMongoDBStateStore as AsyncMongoDBStateStore
    from .state_store import MongoDBStateStore as MongoDBStateStore

__all__ = ["AsyncMongoDBStateStore", "MongoDBStateStore"]

# The blocking store needs no asyncio.
__getattr__ = lazy_exports(
    __name__, {"AsyncMongoDBStateStore": "async_state_store", "MongoDBStateStore": "state_store"}
)
