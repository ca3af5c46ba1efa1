"""From JSON lines into a store. A session is checked whole before anything of it is written. Prints nothing."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

from praison_persist.conversation import ConversationMessage, ConversationSession, check_message, check_session
from praison_persist.errors import InvalidInputError, PersistError
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument

from .conversations import ConversationWriter, OnConflict, Spool
from .jsonl import Line, wrong
from .knowledge import BATCH, KnowledgeWriter
from .states import Entry, StateWriter
from .tally import Advance, Tally

__all__ = ["import_lines"]


def import_lines(
    kind: str,
    lines: Iterator[Line],
    store: Any,
    tally: Tally,
    *,
    on_conflict: OnConflict = "error",
    advance: Advance = lambda _: None,
) -> None:
    """Store what the lines after the header hold.

    Args:
        kind: of the export and of the store.
        lines: those after the header.
        store: a blocking store.
        tally: what to count in; an ``expired`` key is counted and left out.
        on_conflict: what to do with units that are there with other content.
        advance: called with the number of messages, documents or keys done.

    Raises:
        InvalidInputError: a line is wrong, or the end is missing; units before it are stored.
        ConflictError: the destination holds something else, and conflicts are errors.
    """
    reader = {"conversation": _Conversations, "knowledge": _Knowledge, "state": _State}[kind]
    taking = reader(store, tally, on_conflict, advance)
    number = 1
    try:
        for line in lines:
            number = line.number
            if line.type == "end":
                taking.finish()
                _compare(line, tally, sum(1 for _ in lines))
                return
            take = taking.takes.get(line.type)
            if take is None:
                raise wrong(number, f"a line of type {line.type!r} has no place in an export of kind {kind}")
            try:
                take(line)
            except (InvalidInputError, KeyError, TypeError, AttributeError) as error:
                if isinstance(error, InvalidInputError) and (error.backend or error.operation):
                    raise
                what = error.message if isinstance(error, PersistError) else f"{type(error).__name__}: {error}"
                raise wrong(number, what) from error
    finally:
        taking.close()
    raise wrong(number, "the last line of the export is missing: the file was cut off")


def _compare(end: Line, tally: Tally, behind: int) -> None:
    """See that as much was read as was exported."""
    if behind:
        raise wrong(end.number + 1, "something follows the last line of the export")
    for what, count in tally.items.items():
        if what in end.data and end.data[what] != count and not tally.done["skipped"]:
            raise wrong(end.number, f"the export had {end.data[what]} {what}, and {count} were read")
    whole = not (tally.done["skipped"] or tally.done["expired"])
    if whole and "hash" in end.data and end.data["hash"] != str(tally.source):
        raise wrong(end.number, "the content is not what was exported: the hashes differ")


class _Conversations:
    def __init__(self, store: Any, tally: Tally, on_conflict: OnConflict, advance: Advance) -> None:
        self._writer = ConversationWriter(store, tally, on_conflict=on_conflict, whole=True, advance=advance)
        self._session: ConversationSession | None = None
        self._messages = Spool()
        self._ids: set[str] = set()
        self.takes = {"session": self._begin, "message": self._add}

    def _begin(self, line: Line) -> None:
        self.finish()
        self._session = check_session(ConversationSession.from_dict({"session_id": None, **line.data}))

    def _add(self, line: Line) -> None:
        if self._session is None or line.data.get("session_id") != self._session.session_id:
            raise InvalidInputError("a message has to follow its session")
        message = check_message(ConversationMessage.from_dict({"id": None, **line.data}))
        if message.id in self._ids:
            raise InvalidInputError(f"message id {message.id!r} occurs twice in its session")
        self._ids.add(message.id)
        self._messages.append(message)

    def finish(self) -> None:
        if self._session is not None:
            self._writer.write(self._session, self._messages)
        self._messages.close()
        self._session, self._messages, self._ids = None, Spool(), set()

    def close(self) -> None:
        self._messages.close()


class _Knowledge:
    def __init__(self, store: Any, tally: Tally, on_conflict: OnConflict, advance: Advance) -> None:
        self._writer = KnowledgeWriter(store, tally, on_conflict=on_conflict, advance=advance)
        self._collection: str | None = None
        self._batch: list[KnowledgeDocument] = []
        self.takes = {"collection": self._begin, "document": self._add}

    def _begin(self, line: Line) -> None:
        self.finish()
        data = line.data
        info = CollectionInfo(data["name"], data["dimension"], data["distance"], data.get("metadata"))
        self._writer.begin(info)
        self._collection = info.name

    def _add(self, line: Line) -> None:
        if self._collection is None or line.data.get("collection") != self._collection:
            raise InvalidInputError("a document has to follow its collection")
        self._batch.append(KnowledgeDocument.from_dict({"id": None, "content": None, **line.data, "score": None}))
        if len(self._batch) == BATCH:
            self.finish()

    def finish(self) -> None:
        if self._batch and self._collection is not None:
            self._writer.write(self._collection, self._batch)
        self._batch = []

    def close(self) -> None:
        """Nothing is kept aside."""


class _State:
    def __init__(self, store: Any, tally: Tally, on_conflict: OnConflict, advance: Advance) -> None:
        self._writer = StateWriter(store, tally, on_conflict=on_conflict, advance=advance)
        self._tally = tally
        self.takes = {"key": self._add}

    def _add(self, line: Line) -> None:
        data = line.data
        if not isinstance(data["hash"], bool) or (data["hash"] and not isinstance(data["value"], dict)):
            raise InvalidInputError('"hash" tells whether the value is an object of fields')
        ttl = None
        if data["expires_at"] is not None:
            ttl = math.ceil(data["expires_at"] - time.time())
            if ttl <= 0:
                self._tally.items["keys"] += 1
                self._tally.done["expired"] += 1
                return
        self._writer.write(Entry(data["key"], data["value"], data["hash"], ttl, tuple(data["namespace"])))

    def finish(self) -> None:
        """Every key was stored when it came."""

    def close(self) -> None:
        """Nothing is kept aside."""
