"""The messages of one session: an append-only file with one line per append, and what a process knows of it.

A line is a JSON array, its CRC-32 first: ``["1f2e3d4c",{message},…]``. A batch is one line, so it is there whole or
not at all; a line without its line feed was never acknowledged. Callers hold the session's lock to write.
"""

from __future__ import annotations

import os
import threading
import zlib
from collections import OrderedDict
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from praison_persist.errors import PersistError, SerializationError
from praison_persist.jsontext import decode

from .files import append, cut, lines_forward, open_to_append

Message = dict[str, Any]


def frame(texts: Sequence[str]) -> bytes:
    """The line that appends messages, given as JSON texts."""
    payload = ",".join(texts).encode()
    return b'["%08x",%s]\n' % (zlib.crc32(payload), payload)


def unframe(path: Path, offset: int, line: bytes) -> list[Message]:
    """The messages of a line.

    Raises:
        SerializationError: the line is not what `frame` wrote.
    """
    payload = line[12:-1]
    if line[:2] == b'["' and line[10:12] == b'",' and line[-1:] == b"]" and line[2:10] == b"%08x" % zlib.crc32(payload):
        return decode(b"[%s]" % payload)
    raise damaged(path, f"the line at byte {offset} is not as it was written")


def damaged(path: Path, what: str) -> PersistError:
    """The error for a file that cannot be understood; other sessions are not affected."""
    return SerializationError(
        f"{str(path)!r} is damaged: {what}",
        hint="restore the file from a backup, or delete the session; other sessions are not affected",
    )


class MessageLog:
    """What this process knows of a log: where each message id is, up to the end that it has read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._end = 0
        self._offsets: dict[str, int] = {}

    def __contains__(self, message_id: object) -> bool:
        return message_id in self._offsets

    @contextmanager
    def opened(self) -> Generator[BinaryIO]:
        """The file, after reading what other processes appended and cutting off what a crash left behind.

        Raises:
            SerializationError: the file is missing or damaged.
        """
        try:
            file = open_to_append(self._path)
        except FileNotFoundError as exc:
            raise damaged(self._path, "it does not exist any more") from exc
        with file:
            size = os.fstat(file.fileno()).st_size
            if size < self._end:  # somebody restored an older copy
                self._end, self._offsets = 0, {}
            if size > self._end:
                for offset, line in lines_forward(file, self._end):
                    self._learn(offset, (message.get("id") for message in unframe(self._path, offset, line)))
                    self._end = offset + len(line) + 1
                if size > self._end:
                    cut(file, self._end)
            yield file

    def find(self, file: BinaryIO, message_id: str) -> Message | None:
        """The stored message of an id, read from the file."""
        offset = self._offsets.get(message_id)
        if offset is None:
            return None
        _, line = next(lines_forward(file, offset))
        return next(found for found in unframe(self._path, offset, line) if found.get("id") == message_id)

    def append(self, file: BinaryIO, batches: Sequence[dict[str, str]]) -> None:
        """Add JSON texts by message id, one line per batch; all are on disk when this returns."""
        lines = [frame(list(batch.values())) for batch in batches]
        append(file, self._end, b"".join(lines))
        for batch, line in zip(batches, lines, strict=True):
            self._learn(self._end, batch)
            self._end += len(line)

    def _learn(self, offset: int, ids: Iterable[Any]) -> None:
        for message_id in ids:
            self._offsets.setdefault(message_id, offset)


class LogCache:
    """The logs that this process wrote to last."""

    _LIMIT = 128

    def __init__(self) -> None:
        self._logs: OrderedDict[Path, MessageLog] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, path: Path) -> MessageLog:
        """What is known of a log, perhaps nothing."""
        with self._lock:
            log = self._logs.setdefault(path, MessageLog(path))
            self._logs.move_to_end(path)
            if len(self._logs) > self._LIMIT:
                self._logs.popitem(last=False)
            return log
