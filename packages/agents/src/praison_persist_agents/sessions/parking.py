"""Messages that could not wait for a session's lock: each in a file of its own until the next writer takes it in."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .files import make_directory, replace, sync_directory, token
from .names import exclusive_name
from .records import SessionMessage

__all__ = ["Parked", "Parking"]


@dataclass(frozen=True, slots=True)
class Parked:
    """What one call of `Parking.park` left."""

    path: Path
    messages: list[SessionMessage]


class Parking:
    """Parked messages of a directory of sessions.

    Args:
        directory: the sessions'; the parked ones are in ``.parked`` in it.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory / ".parked"

    def park(self, session_id: str, messages: Sequence[SessionMessage]) -> None:
        """Put messages aside; durable when this returns."""
        make_directory(self._directory)
        name = f"{self._stem(session_id)}.{time.time_ns():020d}.{os.getpid()}.{token()}.json"
        document = {"session_id": session_id, "messages": [message.to_dict() for message in messages]}
        replace(self._directory / name, json.dumps(document).encode())
        sync_directory(self._directory.parent)

    def of(self, session_id: str) -> list[Parked]:
        """What is parked for a session, oldest first."""
        stem = f"{self._stem(session_id)}."
        found: list[Parked] = []
        for path in sorted(self._files()):
            if path.name.startswith(stem):
                try:
                    document = json.loads(path.read_bytes())
                except FileNotFoundError:  # another process took it in
                    continue
                found.append(Parked(path, [SessionMessage.from_dict(entry) for entry in document["messages"]]))
        return found

    def done(self, parked: Sequence[Parked]) -> None:
        """Remove what was taken in."""
        for item in parked:
            item.path.unlink(missing_ok=True)
        if parked:
            sync_directory(self._directory)

    def session_ids(self) -> set[str]:
        """The sessions that something is parked for."""
        ids: set[str] = set()
        for path in self._files():
            try:
                ids.add(json.loads(path.read_bytes())["session_id"])
            except FileNotFoundError:
                continue
        return ids

    def _files(self) -> Iterator[Path]:
        try:
            yield from (path for path in self._directory.iterdir() if not path.name.startswith("."))
        except FileNotFoundError:
            return

    @staticmethod
    def _stem(session_id: str) -> str:
        return exclusive_name(session_id).removesuffix(".json")
