"""A process of its own that appends to one session and notes each message that the store has acknowledged.

Its notes are what the demo holds the store to: one is written, and on disk, only after `add_message` returned.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from praison_persist import CONVERSATION_STORES, ConversationMessage

PAUSE = 0.002  # seconds between messages, as when an answer streams


def acknowledged(notes: Path) -> list[str]:
    """The message ids in the notes; a line that SIGKILL cut short is none."""
    text = notes.read_text() if notes.exists() else ""
    return [line.rstrip("\n") for line in text.splitlines(keepends=True) if line.endswith("\n")]


def write(database: str, session_id: str, role: str, total: int, notes: Path) -> None:
    """Append messages ``<role>-0001`` to ``<role>-<total>``, starting behind the last acknowledged one."""
    done = acknowledged(notes)
    notes.write_text("".join(f"{message_id}\n" for message_id in done))
    with CONVERSATION_STORES.create("sqlite", path=database) as store, notes.open("a") as log:
        # The next message may have been stored just before the kill. It is sent again with the same id and the same
        # text, and the store keeps one: that is all a resuming program has to do.
        for number in range(len(done) + 1, total + 1):
            message = ConversationMessage(id=f"{role}-{number:04}", role=role, content=f"part {number} of {total}")
            store.add_message(session_id, message)
            log.write(f"{message.id}\n")
            log.flush()
            os.fsync(log.fileno())
            time.sleep(PAUSE)


if __name__ == "__main__":
    write(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), Path(sys.argv[5]))
