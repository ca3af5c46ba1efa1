"""Commands over Upstash's asyncio REST client. What the commands mean is the concern of core's `CommandStates`."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from upstash_redis.asyncio import Redis
from upstash_redis.errors import UpstashError

from praison_persist.errors import PersistError
from praison_persist.perloop import PerLoop
from praison_persist.state_engines import AsyncEngine, Scan, match_prefix

from .connecting import PAGE, batches, client_options, equip, expects_body, plain
from .errors import from_error, from_status, reply_of
from .settings import Settings

__all__ = ["AsyncUpstashEngine"]


class AsyncUpstashEngine(AsyncEngine):
    """One client for each event loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._clients = PerLoop(self._open, Redis.close)

    async def perform(self, request: Any) -> Any:
        client = await self._clients.get()
        if isinstance(request, Scan):
            command = ["SCAN", request.after or 0, "MATCH", match_prefix(request.prefix), "COUNT", PAGE]
            cursor, names = await self._within(client.execute(command))
            return names, cursor or None
        replies: list[Any] = []
        for batch in list(batches(request.commands, self.settings)):
            replies += await self._send(client, batch)
        return replies

    def translate(self, error: Exception) -> PersistError | None:
        return from_error(error, self.settings)

    async def close(self) -> None:
        await self._clients.close()

    async def _open(self) -> Redis:
        return equip(Redis(**client_options(self.settings)), self.settings, self._check)

    async def _send(self, client: Redis, batch: list[list[str | int | bytes]]) -> list[Any]:
        try:
            if len(batch) == 1:
                return [plain(batch[0], await self._within(client.execute(batch[0])))]
            pipeline = client.pipeline()
            for command in batch:
                pipeline.execute(command)
            replies = await self._within(pipeline.exec())
            return [plain(command, reply) for command, reply in zip(batch, replies, strict=True)]
        except UpstashError as error:
            if len(batch) == 1:
                return [reply_of(error, self.settings)]
        # The client drops all replies when one is an error. Only GET and SET travel together: they may be repeated.
        middle = len(batch) // 2
        return await self._send(client, batch[:middle]) + await self._send(client, batch[middle:])

    async def _within(self, answer: Any) -> Any:
        """The answer, within the connection's and the answer's time together: httpx counts from byte to byte."""
        return await asyncio.wait_for(answer, self.settings.connect_timeout + self.settings.timeout)

    async def _check(self, response: httpx.Response) -> None:
        if not expects_body(response):
            await response.aread()
            raise from_status(response, response.text, self.settings)
