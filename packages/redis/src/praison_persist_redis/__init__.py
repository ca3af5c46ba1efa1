"""Redis stores for praison-persist."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .async_store import AsyncRedisStateStore as AsyncRedisStateStore
    from .store import RedisStateStore as RedisStateStore

__all__ = ["AsyncRedisStateStore", "RedisStateStore"]

# The blocking store needs no asyncio.
__getattr__ = lazy_exports(__name__, {"AsyncRedisStateStore": "async_store", "RedisStateStore": "store"})
