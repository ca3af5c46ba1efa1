"""Commands over Upstash's blocking REST client. What the commands mean is the concern of core's `CommandStates`."""

from __future__ import annotations

import os
import threading
from typing import Any

import httpx
from upstash_redis import Redis
from upstash_redis.errors import UpstashError

from praison_persist.errors import PersistError
from praison_persist.state_engines import Engine, Scan, match_prefix

from .connecting import PAGE, batches, client_options, equip, expects_body, plain
from .errors import from_error, from_status, reply_of
from .settings import Settings

__all__ = ["UpstashEngine"]


class UpstashEngine(Engine):
    """One client in each process, which all threads share."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._guard = threading.Lock()
        self._clients: dict[int, Redis] = {}  # by process id: a child must not even close its parent's connections

    def perform(self, request: Any) -> Any:
        if isinstance(request, Scan):
            command = ["SCAN", request.after or 0, "MATCH", match_prefix(request.prefix), "COUNT", PAGE]
            cursor, names = self._client.execute(command)  # type: ignore[misc]
            return names, cursor or None
        return [reply for batch in list(batches(request.commands, self.settings)) for reply in self._send(batch)]

    def translate(self, error: Exception) -> PersistError | None:
        return from_error(error, self.settings)

    def close(self) -> None:
        if (client := self._clients.pop(os.getpid(), None)) is not None:
            client.close()

    @property
    def _client(self) -> Redis:
        client = self._clients.get(os.getpid())
        if client is None:
            with self._guard:
                client = self._clients.get(os.getpid())
                if client is None:
                    client = equip(Redis(**client_options(self.settings)), self.settings, self._check)
                    self._clients[os.getpid()] = client
        return client

    def _send(self, batch: list[list[str | int | bytes]]) -> list[Any]:
        try:
            if len(batch) == 1:
                return [plain(batch[0], self._client.execute(batch[0]))]
            pipeline = self._client.pipeline()
            for command in batch:
                pipeline.execute(command)
            return [plain(command, reply) for command, reply in zip(batch, pipeline.exec(), strict=True)]
        except UpstashError as error:
            if len(batch) == 1:
                return [reply_of(error, self.settings)]
        # The client drops all replies when one is an error. Only GET and SET travel together: they may be repeated.
        middle = len(batch) // 2
        return self._send(batch[:middle]) + self._send(batch[middle:])

    def _check(self, response: httpx.Response) -> None:
        if not expects_body(response):
            response.read()
            raise from_status(response, response.text, self.settings)
