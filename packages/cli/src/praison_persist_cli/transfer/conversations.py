"""Writing sessions with their messages into a store, so that a second attempt goes on where the first one ended.

A session that is there already must begin as the source's does: its messages are compared, the missing ones appended.
No journal is needed for that, and nothing is ever stored twice. Prints nothing.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from itertools import chain
from time import perf_counter
from typing import IO, Any, Literal

from praison_persist.conversation import ConversationMessage, ConversationSession, ConversationStore
from praison_persist.errors import ConflictError, PersistError, UnsupportedError
from praison_persist.jsontext import decode, encode

from .tally import Advance, Tally, canonical

__all__ = ["PAGE", "ConversationWriter", "OnConflict", "Spool", "record", "session_line"]

OnConflict = Literal["error", "skip", "replace"]

PAGE = 200
BATCH_CHARACTERS = 4_000_000
SPOOL_BYTES = 8_000_000
_TIMES = ("created_at", "updated_at")


def record(item: ConversationSession | ConversationMessage) -> dict[str, Any]:
    """All fields by name, with times as floats; shares its values with the item."""
    found = {f.name: getattr(item, f.name) for f in fields(item)}
    return {name: float(value) if name in _TIMES else value for name, value in found.items()}


def session_line(item: ConversationSession | ConversationMessage, session_id: str) -> bytes:
    """The part of a session's hash that one of its records makes."""
    return canonical({**record(item), "session_id": session_id})


class Spool:
    """Messages kept aside, on disk when they are many."""

    def __init__(self) -> None:
        self._file: IO[str] = tempfile.SpooledTemporaryFile(SPOOL_BYTES, "w+", encoding="utf-8", newline="\n")  # noqa: SIM115
        self.count = 0
        self.characters = 0

    def append(self, message: ConversationMessage) -> None:
        """Keep one more."""
        text = encode(record(message), "message")
        self._file.write(text + "\n")
        self.count += 1
        self.characters += len(text)

    def __iter__(self) -> Iterator[ConversationMessage]:
        """All, in order."""
        self._file.seek(0)
        for text in self._file:
            yield ConversationMessage.from_dict(decode(text, "message"))

    def close(self) -> None:
        """Forget them."""
        self._file.close()


class ConversationWriter:
    """Writes sessions into one store.

    Args:
        store: the destination.
        tally: what to count in.
        on_conflict: what to do with a session that is there with other content.
        whole: take back what was written of a session that fails, and write sessions of moderate size in one call;
            otherwise what was written stays, for a second attempt to go on from.
        advance: called with the number of messages done.
    """

    def __init__(
        self,
        store: ConversationStore,
        tally: Tally,
        *,
        on_conflict: OnConflict = "error",
        whole: bool = False,
        advance: Advance = lambda _: None,
    ) -> None:
        self._store = store
        self._tally = tally
        self._on_conflict = on_conflict
        self._whole = whole
        self._advance = advance

    def write(self, session: ConversationSession, messages: Iterable[ConversationMessage]) -> None:
        """Make the destination hold this session with these messages.

        Args:
            messages: all of them, in order; may be iterated twice.

        Raises:
            ConflictError: it holds another session of that id, and conflicts are errors.
            PersistError: what was written does not read back as it was.
        """
        tally, key = self._tally, session.session_id
        tally.items["sessions"] += 1
        before = tally.items["messages"]
        stored = self._store.get_session(key)
        digest = hashlib.sha256(session_line(session, key))
        source = self._read(key, messages, digest)
        if stored is None:
            self._append(session, source, new=True)
            self._verify(session, digest, "written")
            return
        conflict = self._conflict(session, stored, source)
        if conflict is None:
            first = next(source, None)
            if first is None:
                self._count("present", digest.digest(), digest.digest())
            else:
                self._append(session, chain([first], source), new=False)
                self._verify(session, digest, "written")
        elif self._on_conflict == "error":
            raise ConflictError(
                f"session {key!r} is in the destination with other content: {conflict}",
                hint="--on-conflict skip keeps the destination's session, --on-conflict replace takes the source's",
            )
        elif self._on_conflict == "skip":
            tally.items["messages"] = before
            tally.done["skipped"] += 1
        else:
            tally.items["messages"] = before
            digest = hashlib.sha256(session_line(session, key))
            self._replace(session, stored, lambda: self._read(key, messages, digest))
            self._verify(session, digest, "replaced")

    def _read(self, key: str, messages: Iterable[ConversationMessage], digest: Any) -> Iterator[ConversationMessage]:
        for message in self._tally.timed("read", messages):
            digest.update(session_line(message, key))
            self._tally.items["messages"] += 1
            self._advance(1)
            yield message

    def _conflict(
        self, session: ConversationSession, stored: ConversationSession, source: Iterator[ConversationMessage]
    ) -> str | None:
        """How the stored session differs from the beginning of the source's; advances the source past what is there."""
        if record(stored) != record(session):
            differing = [name for name, value in record(session).items() if record(stored)[name] != value]
            return f"its {' and '.join(differing)} differ"
        key = session.session_id
        present = self._store.iter_messages(key, batch_size=PAGE)
        for number, theirs in enumerate(self._tally.timed("verify", present), 1):
            ours = next(source, None)
            if ours is None:
                return f"it has more messages than the source, from number {number} on"
            if session_line(ours, key) != session_line(theirs, key):
                return f"message {number} ({theirs.id!r}) differs"
        return None

    def _replace(
        self,
        session: ConversationSession,
        stored: ConversationSession,
        messages: Callable[[], Iterator[ConversationMessage]],
    ) -> None:
        """Put the session in the place of the stored one, which comes back if that fails."""
        backup = Spool()
        try:
            for message in self._store.iter_messages(session.session_id, batch_size=PAGE):
                backup.append(message)
            self._store.delete_session(session.session_id)
            try:
                self._append(session, messages(), new=True)
            except BaseException:
                self._store.delete_session(session.session_id)
                self._append(stored, iter(backup), new=True)
                raise
        finally:
            backup.close()

    def _append(self, session: ConversationSession, messages: Iterator[ConversationMessage], *, new: bool) -> None:
        key = session.session_id
        with self._undone(key, new=new) as added:
            if new:
                self._write(lambda: self._store.create_session(replace(session)))
            for batch in self._batches(messages):
                if not new and self._whole:
                    added.extend(message.id for message in batch)
                self._write(lambda batch=batch: self._add(key, batch))

    @contextmanager
    def _undone(self, key: str, *, new: bool) -> Generator[list[str]]:
        """Take the session, or the messages that were added to it, back if the work fails."""
        added: list[str] = []
        try:
            yield added
        except BaseException as failure:
            taken = new and isinstance(failure, PersistError) and failure.operation == "create_session"
            if self._whole and new and not taken:
                self._store.delete_session(key)
            elif self._whole and added:
                self._store.delete_messages(key, added)
            raise

    def _write(self, work: Callable[[], object]) -> None:
        start = perf_counter()
        work()
        self._tally.seconds["write"] += perf_counter() - start

    def _add(self, key: str, batch: list[ConversationMessage]) -> None:
        try:
            self._store.add_messages(key, batch)
        except UnsupportedError:
            for message in batch:
                self._store.add_message(key, message)

    def _batches(self, messages: Iterable[ConversationMessage]) -> Iterator[list[ConversationMessage]]:
        """Parts of a size that memory does not notice."""
        most, longest = (10_000, 2 * BATCH_CHARACTERS) if self._whole else (500, BATCH_CHARACTERS)
        batch: list[ConversationMessage] = []
        size = 0
        for message in messages:
            batch.append(message)
            size += len(message.content) if isinstance(message.content, str) else len(str(message.content))
            if len(batch) == most or size > longest:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _verify(self, session: ConversationSession, expected: Any, done: str) -> None:
        """Read the session back whole, and compare hashes."""
        key = session.session_id
        start = perf_counter()
        stored = self._store.get_session(key)
        found = hashlib.sha256(session_line(stored, key) if stored is not None else b"")
        for message in self._store.iter_messages(key, batch_size=PAGE):
            found.update(session_line(message, key))
        self._tally.seconds["verify"] += perf_counter() - start
        self._count(done, expected.digest(), found.digest())
        if found.digest() != expected.digest():
            raise PersistError(
                f"session {key!r} does not read back from the destination as it was written",
                hint="does another program write to it? look with praison-persist sessions show, then run this again",
            )

    def _count(self, done: str, source: bytes, destination: bytes) -> None:
        self._tally.done[done] += 1
        self._tally.source.add(source)
        self._tally.destination.add(destination)
