"""`AsyncPersistDb`: the adapter with coroutines under the protocol's names, for programs that await everything."""

from __future__ import annotations

import functools
from typing import Any

from ..outbox import OutboxStatus
from .database import PersistDb

__all__ = ["AsyncPersistDb"]

_HOOKS = (
    "agent_start",
    "user_message",
    "agent_message",
    "assistant_message",
    "tool_message",
    "tool_call",
    "agent_end",
    "run_start",
    "run_end",
    "trace_start",
    "trace_end",
    "span_start",
    "span_end",
)
_OTHERS = (
    "get_runs",
    "get_traces",
    "export_session",
    "import_session",
    "migrate_schema",
    "check_schema_compatibility",
    "flush",
    "close",
)


class AsyncPersistDb:
    """Satisfies PraisonAI's ``AsyncDbAdapter``: every hook of `PersistDb` as a coroutine, under the name without ``a``.

    PraisonAI's agents do not await such an adapter; give them the `PersistDb` itself, whose ``aon_…`` they do await.

    Args:
        database: made by `db`. Both forms may be used at a time.
    """

    def __init__(self, database: PersistDb) -> None:
        self.wrapped = database

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.wrapped!r})"

    def status(self) -> OutboxStatus:
        """See `PersistDb.status`."""
        return self.wrapped.status()

    async def get_schema_version(self) -> str:
        """See `PersistDb.get_schema_version`."""
        return self.wrapped.get_schema_version()

    async def __aenter__(self) -> AsyncPersistDb:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.wrapped.aclose()


def _coroutine(name: str) -> Any:
    source = getattr(PersistDb, f"a{name}")

    @functools.wraps(source)
    async def method(self: AsyncPersistDb, *args: Any, **kwargs: Any) -> Any:
        return await getattr(self.wrapped, f"a{name}")(*args, **kwargs)

    method.__name__, method.__qualname__ = name, f"AsyncPersistDb.{name}"
    return method


for _name in (*(f"on_{hook}" for hook in _HOOKS), *_OTHERS):
    setattr(AsyncPersistDb, _name, _coroutine(_name))
