"""The files that PraisonAI's JSON store writes: ``{session id}.json`` with the session and all its messages.

Reads only. Its index, ``_sessions_index.json``, is ignored: it may lag behind the files, and says nothing more.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from praison_persist.errors import InvalidInputError
from praison_persist.validation import check_number

from .log import damaged

INDEX = "_sessions_index.json"
_ID = re.compile(r"[A-Za-z0-9_\-:.]{1,128}")

Signature = tuple[int, int, int]


@dataclass(frozen=True)
class LegacySession:
    """The contents of a file, with what `signature` said of the file when it was read."""

    session: dict[str, Any]
    messages: list[dict[str, Any]]
    signature: Signature


def legacy_path(directory: Path, session_id: str) -> Path | None:
    """Where PraisonAI keeps a session; None for an id that it refuses."""
    if not _ID.fullmatch(session_id) or ".." in session_id or f"{session_id}.json" == INDEX:
        return None
    return directory / f"{session_id}.json"


def signature(status: os.stat_result) -> Signature:
    """Changes whenever PraisonAI replaces the file."""
    return status.st_ino, status.st_mtime_ns, status.st_size


def check_times(path: Path, records: Iterable[dict[str, Any]], name: str) -> None:
    """Raise the error for a damaged file unless every record has the time, as queries compare it."""
    try:
        for record in records:
            check_number(record.get(name), name)
    except InvalidInputError as exc:
        raise damaged(path, exc.message) from exc


def read_legacy(path: Path, session_id: str) -> LegacySession | None:
    """A session with its messages in stored order; None where there is no such file.

    Raises:
        SerializationError: the file is not what PraisonAI writes.
    """
    try:
        with path.open("rb") as file:
            found = signature(os.fstat(file.fileno()))
            content = file.read()
    except FileNotFoundError:
        return None
    try:
        document: Any = json.loads(content)
    except (ValueError, RecursionError) as exc:
        raise damaged(path, f"it is not valid JSON ({exc})") from exc
    session: Any = document.get("session") if isinstance(document, dict) else None
    messages: Any = document.get("messages", []) if isinstance(document, dict) else None
    if not isinstance(session, dict) or not isinstance(messages, list):
        raise damaged(path, "it holds no session with messages")
    if not all(isinstance(message, dict) for message in cast("list[Any]", messages)):
        raise damaged(path, "it holds a message that is not an object")
    if session.get("session_id") != session_id:  # a file system that folds case found the file of another id
        return None
    for number, message in enumerate(cast("list[dict[str, Any]]", messages)):
        message.setdefault("id", f"praisonai-{number}")
        message.setdefault("created_at", session.get("created_at"))
    check_times(path, [session], "updated_at")
    check_times(path, [session, *messages], "created_at")
    return LegacySession(session, messages, found)
