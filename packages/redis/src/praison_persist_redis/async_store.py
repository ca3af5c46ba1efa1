"""The asynchronous state store: which engine runs the commands."""

from __future__ import annotations

from praison_persist.retry import RetryPolicy
from praison_persist.state_engines import AsyncEngineStateStore, CommandStates

from .async_engine import async_engine
from .options import RedisStore
from .settings import Settings

__all__ = ["AsyncRedisStateStore"]


class AsyncRedisStateStore(RedisStore, AsyncEngineStateStore):
    """`RedisStateStore` on redis-py's asyncio client, for one event loop after another. Options: `RedisStore`."""

    backend = "async_redis"

    def _assemble(self, settings: Settings, prefix: str, retry: RetryPolicy) -> None:
        states = CommandStates(prefix, mget=settings.mode != "cluster")
        AsyncEngineStateStore.__init__(self, async_engine(settings), states, backend=self.backend, retry=retry)
