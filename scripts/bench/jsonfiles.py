"""JSON files: a file of lines, appended to and synced, against the json store."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from praison_persist import CONVERSATION_STORES, ConversationMessage

from . import conversation
from .conversation import Ours, Pair
from .measure import Blocking, Plan, Row
from .messages import LARGE, SMALL, WORKERS, fill, messages

TARGETS = {"growth": 1.1, "append": None, "tail": None, "append together": None, "tail together": None}
BLOCK = 16 * 1024  # bytes that hold the newest 20 messages


class Raw:
    """A file per session with a JSON line per message: no lock, no ids, no session."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def append(self, session_id: str, message: ConversationMessage) -> None:
        with (self._folder / session_id).open("ab") as file:
            file.write(json.dumps({**vars(message), "session_id": session_id}).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def newest(self, session_id: str, limit: int | None) -> list[Any]:
        with (self._folder / session_id).open("rb") as file:
            if limit is not None:
                file.seek(max(0, os.fstat(file.fileno()).st_size - BLOCK))
            lines = file.read().split(b"\n")[:-1]
        return [json.loads(line) for line in (lines if limit is None else lines[-limit:])]

    def sessions(self) -> list[Any]:
        raise NotImplementedError


def run(plan: Plan) -> Iterator[Row]:
    """All rows, in a temporary directory."""
    clock = Blocking()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        small, large = _pair(home / "small", ["s"], SMALL), _pair(home / "large", ["s"], LARGE)
        yield from conversation.rows(clock, small, large, plan, TARGETS)
        many = _pair(home / "many", [f"s-{number}" for number in range(WORKERS)], SMALL)
        yield from conversation.storms(clock, many, range(WORKERS), SMALL, plan, TARGETS)


def _pair(home: Path, sessions: list[str], size: int) -> Pair:
    (home / "raw").mkdir(parents=True)
    for session_id in sessions:
        lines = [json.dumps({**vars(message), "session_id": session_id}) + "\n" for message in messages(size)]
        (home / "raw" / session_id).write_text("".join(lines))
    store = CONVERSATION_STORES.create("json", path=home / "ours")
    store.setup()
    fill(store, sessions, 0)
    for session_id in sessions:
        for message in messages(size) if len(sessions) == 1 else ():
            store.add_message(session_id, message)
        if len(sessions) > 1:
            store.add_messages(session_id, messages(size))
    return Pair(Raw(home / "raw"), Ours(store), ("s", "s"))
