"""Failures that a test orders, for the next operations of a kind: a refusal, a pause, or a broken connection."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from typing import Any

__all__ = ["BrokenConnectionError", "Faults", "reset"]


class BrokenConnectionError(Exception):
    """The connection is to be closed without an answer."""


class Faults:
    """The ordered failures.

    One is a mapping: ``on`` (``add``, ``set``, ``get``, ``delete``, ``query``, ``manage``), ``times``, ``skip``
    (operations to let pass first), and ``status`` (a refusal's number), ``sleep`` (seconds before the operation),
    ``cut`` (close the connection), ``lose`` (close it after the operation took effect) or ``half`` (reset it in the
    middle of the answer).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ordered: list[dict[str, Any]] = []

    def order(self, fault: dict[str, Any]) -> None:
        """Add one."""
        with self._lock:
            self._ordered.append({"times": 1, "skip": 0, **fault})

    def left(self) -> int:
        """How many operations are still to fail."""
        with self._lock:
            return sum(one["times"] for one in self._ordered)

    def meet(self, what: str) -> dict[str, Any]:
        """The fault of an operation, after its pause; empty for none.

        Raises:
            BrokenConnectionError: that is the fault.
        """
        fault = self._due(what)
        if pause := fault.get("sleep"):
            time.sleep(pause)
        if fault.get("cut"):
            raise BrokenConnectionError
        return fault

    def _due(self, what: str) -> dict[str, Any]:
        with self._lock:
            for one in self._ordered:
                if one["on"] != what:
                    continue
                if one["skip"]:
                    one["skip"] -= 1
                    return {}
                one["times"] -= 1
                if not one["times"]:
                    self._ordered.remove(one)
                return one
        return {}


def reset(connection: socket.socket) -> None:
    """End a connection at once, by a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())
