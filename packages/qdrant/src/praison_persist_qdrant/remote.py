"""How a Qdrant server is talked to: deadlines and client options, the same for either client. No I/O."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from praison_persist.errors import UnsupportedError

from .location import Location

__all__ = ["Remote", "check_version"]

OLDEST = (1, 17)
"""The first server that can insert without overwriting (update mode ``insert_only``)."""


@dataclass(frozen=True)
class Remote:
    """Settings of a connection to a server.

    Attributes:
        timeout: seconds that a request may take.
        connect_timeout: seconds for a connection, and for answers that need no work, so that a server which hangs
            is noticed early.
        prefer_grpc, grpc_port: as the client's.
    """

    timeout: float
    connect_timeout: float
    prefer_grpc: bool
    grpc_port: int

    def client_options(self, location: Location, hook: Callable[[Any], Any]) -> dict[str, Any]:
        """Arguments of the client; ``hook`` sees every HTTP request before it is sent."""
        return {
            "url": location.url,
            "api_key": location.api_key,
            "grpc_port": self.grpc_port,
            "prefer_grpc": self.prefer_grpc,
            "timeout": self.timeout,  # it rounds up itself
            "check_compatibility": False,  # would start a thread
            "event_hooks": {"request": [hook]},
        }

    def limit(self, request: Any) -> None:
        """The deadlines of one HTTP request; the client's own timeout knows whole seconds and no phases."""
        quick, slow = self.connect_timeout, self.timeout
        read = min(quick, slow) if request.method == "GET" else slow
        request.extensions["timeout"] = {"connect": quick, "pool": slow, "write": slow, "read": read}


def check_version(version: str, where: str) -> None:
    """Raises:
    UnsupportedError: the server is too old.
    """
    numbers = re.match(r"v?(\d+)\.(\d+)", version)
    if numbers and (int(numbers[1]), int(numbers[2])) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise UnsupportedError(
            f"Qdrant at {where} is version {version}, which cannot insert without overwriting",
            hint=f"upgrade the server to {oldest} or newer",
        )
