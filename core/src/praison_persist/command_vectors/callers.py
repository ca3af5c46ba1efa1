"""Pipelines with retries and errors of the contract: what the hooks call, blocking or awaited. Knows no client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..retry import RetryPolicy
from ..state_engines.commands import Command, Pipeline
from ..state_engines.stores import Engine, failure

if TYPE_CHECKING:
    from ..state_engines.async_stores import AsyncEngine

__all__ = ["AsyncCaller", "Caller"]


class Caller:
    """A blocking engine.

    Args:
        engine: performs `Pipeline`; that of the state store.
        retry: what to do after a retryable error.
    """

    def __init__(self, engine: Engine, retry: RetryPolicy) -> None:
        self._engine = engine
        self._retry = retry

    def __call__(self, *commands: Command, idempotent: bool = True) -> list[Any]:
        """The reply to each command; a `Refusal` for an error reply."""
        pipeline = Pipeline(commands)
        return self._retry.call(lambda: self._perform(pipeline), idempotent=idempotent)

    def close(self) -> None:
        """Release the engine."""
        self._engine.close()

    def _perform(self, pipeline: Pipeline) -> list[Any]:
        try:
            return self._engine.perform(pipeline)
        except Exception as error:
            raise failure(error, pipeline, self._engine.translate(error)) from error


class AsyncCaller:
    """An asynchronous engine; arguments as of `Caller`."""

    def __init__(self, engine: AsyncEngine, retry: RetryPolicy) -> None:
        self._engine = engine
        self._retry = retry

    async def __call__(self, *commands: Command, idempotent: bool = True) -> list[Any]:
        """As `Caller`'s."""
        pipeline = Pipeline(commands)
        return await self._retry.acall(lambda: self._perform(pipeline), idempotent=idempotent)

    async def close(self) -> None:
        """Release the engine."""
        await self._engine.close()

    async def _perform(self, pipeline: Pipeline) -> list[Any]:
        try:
            return await self._engine.perform(pipeline)
        except Exception as error:
            raise failure(error, pipeline, self._engine.translate(error)) from error
