"""Upstash stores for praison-persist."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .async_store import AsyncUpstashStateStore as AsyncUpstashStateStore
    from .store import UpstashStateStore as UpstashStateStore

__all__ = ["AsyncUpstashStateStore", "UpstashStateStore"]

# The blocking store needs no asyncio.
__getattr__ = lazy_exports(__name__, {"AsyncUpstashStateStore": "async_store", "UpstashStateStore": "store"})
