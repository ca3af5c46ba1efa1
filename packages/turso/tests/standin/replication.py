"""What replicas fetch: the database file of a generation, and the frames of its write-ahead log since.

The log is never checkpointed here, so there is one generation. https://www.sqlite.org/fileformat2.html#walformat
"""

from __future__ import annotations

import json
from pathlib import Path

GENERATION = 1
HEADER = 32
FRAME = 24 + 4096


class Replication:
    """Reads a database that is in WAL mode and keeps its log."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = Path(f"{path}-wal")

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Status, content type and body for a GET."""
        parts = path.strip("/").split("/")
        if parts == ["info"]:
            return self._json(200, {"current_generation": GENERATION})
        if parts == ["export", str(GENERATION)]:
            return 200, "application/octet-stream", self._path.read_bytes()
        if parts[0] == "sync" and len(parts) == 4:
            frames = self._frames(int(parts[2]), int(parts[3]))
            if frames:
                return 200, "application/octet-stream", frames
            return self._json(400, {"generation": GENERATION})
        return self._json(404, {"error": f"no such path: {path}"})

    def _frames(self, first: int, end: int) -> bytes:
        """Committed frames from ``first`` (counted from 1) up to ``end``, cut after a commit."""
        log = self._log.read_bytes() if self._log.exists() else b""
        frames = [log[at : at + FRAME] for at in range(HEADER, len(log) - FRAME + 1, FRAME)]
        committed = max((number for number, frame in enumerate(frames, 1) if any(frame[4:8])), default=0)
        return b"".join(frames[first - 1 : min(end - 1, committed)])

    def _json(self, status: int, answer: object) -> tuple[int, str, bytes]:
        return status, "application/json", json.dumps(answer).encode()
