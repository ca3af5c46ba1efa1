"""Sends stored messages to a second place in the background; its faults are logged and never reach the store."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any

from praison_persist.background import Threads

from .protocols import SessionMirrorProtocol
from .records import SessionMessage

__all__ = ["Mirror"]

_logger = logging.getLogger(__name__)

_WAITING, _TRIES, _PAUSE = 1000, 3, 0.05


class Mirror:
    """A mirror with a thread and a bounded queue of its own.

    Args:
        target: where to send; called from one thread only.
    """

    def __init__(self, target: SessionMirrorProtocol) -> None:
        self._target = target
        self._threads = Threads(1)
        self._room = threading.BoundedSemaphore(_WAITING)

    def append(self, session_id: str, messages: Sequence[SessionMessage]) -> None:
        """Queue messages; when the queue is full they are dropped, with a warning."""
        records = [
            {**message.to_dict(), "session_id": session_id, "id": f"{session_id}:{message.timestamp}"}
            for message in messages
        ]
        if not self._room.acquire(blocking=False):
            _logger.warning("the mirror is %d writes behind: %d messages were not sent", _WAITING, len(records))
            return
        self._threads.submit(self._send, session_id, records)

    def _send(self, session_id: str, records: list[dict[str, Any]]) -> None:
        try:
            for attempt in range(1, _TRIES + 1):
                try:
                    self._target.append(session_id, [dict(record) for record in records])
                    return
                except Exception as exc:
                    if attempt == _TRIES:
                        _logger.error("the mirror refused %d messages: %s", len(records), type(exc).__name__)
                        return
                    time.sleep(_PAUSE * attempt)
        finally:
            self._room.release()

    def flush(self, timeout: float | None) -> bool:
        """Whether everything that was queued before is done within ``timeout`` seconds."""
        try:
            self._threads.submit(lambda: None).result(timeout)
        except FutureTimeoutError:
            return False
        return True

    def close(self) -> None:
        """Do what is queued, then give the thread up."""
        self._threads.close(lambda: None).result()
