"""The asynchronous state store: which engine runs the commands."""

from __future__ import annotations

from praison_persist.retry import RetryPolicy
from praison_persist.state_engines import AsyncEngineStateStore, CommandStates

from .options import UpstashStore
from .settings import Settings

__all__ = ["AsyncUpstashStateStore"]


class AsyncUpstashStateStore(UpstashStore, AsyncEngineStateStore):
    """`UpstashStateStore` on the vendor's asyncio client, for one event loop after another. Options: `UpstashStore`."""

    backend = "async_upstash"

    def _assemble(self, settings: Settings, prefix: str, retry: RetryPolicy) -> None:
        from .async_engine import AsyncUpstashEngine  # a wrong option needs no client

        states = CommandStates(prefix)
        AsyncEngineStateStore.__init__(self, AsyncUpstashEngine(settings), states, backend=self.backend, retry=retry)
