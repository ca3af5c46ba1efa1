"""The blocking state store: which engine runs the commands."""

from __future__ import annotations

from praison_persist.retry import RetryPolicy
from praison_persist.state_engines import CommandStates, EngineStateStore

from .engine import blocking_engine
from .options import RedisStore
from .settings import Settings

__all__ = ["RedisStateStore"]


class RedisStateStore(RedisStore, EngineStateStore):
    """Values and hashes in Redis 6.2 or newer, or a relative of it. Options: `RedisStore`."""

    backend = "redis"

    def _assemble(self, settings: Settings, prefix: str, retry: RetryPolicy) -> None:
        states = CommandStates(prefix, mget=settings.mode != "cluster")
        EngineStateStore.__init__(self, blocking_engine(settings), states, backend=self.backend, retry=retry)
