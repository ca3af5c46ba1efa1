"""The older part of a session's archive: an append-only file under ``.archive``.

So adding a message costs the same, however much was archived.

The session's file names it and says how many bytes of it count; the newest archived messages are in the session's file
itself, where PraisonAI reads them. Callers hold the session's lock.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .files import append, make_directory, sync_directory, token
from .records import SessionData, SessionMessage

__all__ = ["INLINE", "Archive", "archive_of", "archives", "forget_archives"]

_logger = logging.getLogger(__name__)

INLINE = 200
"""Archived messages that may stay in the session's file; beyond, all of them move at once."""


@dataclass(frozen=True, slots=True)
class Archive:
    """The part of an archive file that counts.

    Attributes:
        file: name, in the session's directory of archives.
        bytes: how much of it.
    """

    file: str
    bytes: int

    def to_dict(self) -> dict[str, Any]:
        """As the session's file has it."""
        return asdict(self)

    def read(self, path: Path) -> list[SessionMessage]:
        """Its messages, oldest first.

        Args:
            path: the session's file.
        """
        place = archives(path) / Path(self.file).name
        try:
            with place.open("rb") as file:
                lines = file.read(self.bytes).splitlines()
        except FileNotFoundError:
            _logger.warning("the archive %s of a session is not there any more", place)
            return []
        return [SessionMessage.from_dict(json.loads(line)) for line in lines[1:]]

    @staticmethod
    def extended(
        archive: Archive | None, path: Path, session: SessionData, messages: Sequence[SessionMessage]
    ) -> Archive:
        """The archive with these messages added; the old one is as valid as before."""
        lines = [message.to_dict() for message in messages]
        name, end = (Path(archive.file).name, archive.bytes) if archive else (f"{token()}.jsonl", 0)
        if archive is None:
            lines.insert(0, {"session_id": session.session_id, "created_at": session.created_at})
        data = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        directory = archives(path)
        make_directory(directory)
        append(directory / name, end, data)
        if archive is None:
            for changed in (directory, directory.parent, path.parent):
                sync_directory(changed)
        return Archive(name, end + len(data))


def archives(path: Path) -> Path:
    """The directory of a session's archives."""
    return path.parent / ".archive" / path.stem


def archive_of(path: Path, session: SessionData, ours: dict[str, Any] | None) -> Archive | None:
    """The session's archive file, if it has one.

    Args:
        ours: our key in the session's file. PraisonAI drops it; then the archive is found by its first line, which
            names the session and its creation, so that a new session of the same id does not inherit it.
    """
    if ours is not None:
        known = ours.get("archive")
        return Archive(str(known["file"]), int(known["bytes"])) if known else None
    found: list[Archive] = []
    for candidate in _files(path):
        with candidate.open("rb") as file:
            first = file.readline()
            try:
                header = json.loads(first)
            except ValueError:
                continue
            if header == {"session_id": session.session_id, "created_at": session.created_at}:
                rest = file.read()
                found.append(Archive(candidate.name, len(first) + rest.rfind(b"\n") + 1))
    return max(found, key=lambda archive: archive.bytes, default=None)


def forget_archives(path: Path, keep: Archive | None = None) -> None:
    """Delete the archive files of a session, but one."""
    if keep is None:
        shutil.rmtree(archives(path), ignore_errors=True)
        return
    for candidate in _files(path):
        if candidate.name != keep.file:
            candidate.unlink(missing_ok=True)


def _files(path: Path) -> list[Path]:
    try:
        return list(archives(path).iterdir())
    except FileNotFoundError:
        return []
