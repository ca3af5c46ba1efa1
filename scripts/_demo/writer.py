"""A process of its own that appends to one session and notes each message that the store has acknowledged.

Its notes are what the demo holds the store to: a message is noted, and the note is on disk, only after `add_message` returned.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from praison_persist import CONVERSATION_STORES, ConversationMessage

PAUSE = 0.002  # seconds between messages, as tokens arrive


def acknowledged(notes: Path) -> list[str]:
    """The message ids in the notes; a line that SIGKILL cut short is not one."""
    text = notes.read_text() if notes.exists() else ""
    return [line.rstrip("\n") for line in text.splitlines(keepends=True) if line.endswith("\n")]


def main(database: str, session_id: str, role: str, total: int, notes: Path) -> None:
    """Append messages ``<role>-0001`` to ``<role>-<total>``, going on behind the last acknowledged one."""
    store = CONVERSATION_STORES.create("sqlite", path=database)
    done = len(acknowledged(notes))
    with store, notes.open("a") as log:
        # The message after the last acknowledged one may be stored already. It is sent again under the same id,
        # so the store keeps one; that is all a caller has to do.
        for number in range(done + 1, total + 1):
            message = ConversationMessage(
                id=f"{role}-{number:04}", role=role, content=f"part {number} of {total}", metadata={"pid": os.getpid()}
            )
            if number == done + 1:
                message.metadata = _metadata_of(store, session_id, message.id) or message.metadata
            store.add_message(session_id, message)
            log.write(f"{message.id}\n")
            log.flush()
            os.fsync(log.fileno())
            time.sleep(PAUSE)
