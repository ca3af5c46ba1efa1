"""Records of one namespace, written and deleted, and waiting until that is seen. Knows one index's client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from praison_persist.asking import ask
from praison_persist.errors import NotFoundError, PersistError
from praison_persist.steps import Steps
from praison_persist.waiting import until

from .convert import MARK, Record
from .reading import Space, fetched

__all__ = ["deleted", "gone", "marks_of", "present", "stored", "take_back", "visible"]

_REQUEST_BYTES = 1_900_000
"""Most bytes of records in one request as JSON; Pinecone takes 2 MB."""

_REQUEST_RECORDS = 1000


def stored(space: Space, records: Sequence[Record]) -> Steps[int | None]:
    """Write records over whatever has their ids; the position of the last of it in the namespace's log, if told.

    Raises:
        PersistError: ambiguous where some of the records are written.
    """
    position: int | None = None
    some = False
    for request in _in_requests(records):

        def upsert(part: list[dict[str, Any]] = request) -> Any:
            return space.index.upsert(vectors=part, namespace=space.namespace)

        try:
            answer = yield from ask(space.engine, upsert, write=True)
        except PersistError as error:
            error.ambiguous |= some
            raise
        some = True
        if answer.response_info is not None:
            position = answer.response_info.lsn_committed
    return position


def deleted(space: Space, ids: Sequence[str] | None) -> Steps[None]:
    """Delete the records with these record ids; None for all of the namespace."""
    for start in range(0, 1 if ids is None else len(ids), _REQUEST_RECORDS):
        part: dict[str, Any] = (
            {"delete_all": True} if ids is None else {"ids": list(ids[start : start + _REQUEST_RECORDS])}
        )

        def delete(part: dict[str, Any] = part) -> Any:
            return space.index.delete(namespace=space.namespace, **part)

        try:
            yield from ask(space.engine, delete, write=True)
        except NotFoundError as error:
            if "namespace" not in error.message.lower():
                raise
            return  # a namespace is gone with its last record


def take_back(space: Space, ids: Sequence[str], failure: PersistError) -> Steps[None]:
    """Take back what a failed insert has written; where that fails too, the first error is the one that counts."""
    try:
        yield from deleted(space, ids)
    except PersistError as exc:
        failure.ambiguous = True
        raise failure from exc


def visible(space: Space, position: int, vector: Sequence[float]) -> Steps[None]:
    """Wait until queries see what was written up to a position of the namespace's log."""

    def seen() -> Steps[bool]:
        answer = yield from ask(
            space.engine,
            lambda: space.index.query(vector=list(vector), top_k=1, namespace=space.namespace),
        )
        return answer.response_info is not None and answer.response_info.is_reconciled(position)

    yield from until(
        space.engine.pause, seen, space.engine.remote.timeout, "Pinecone's searches do not see the documents yet"
    )


def present(space: Space, ids: Sequence[str]) -> Steps[None]:
    """Wait until there are records with these ids; for services that tell no position in a log."""

    def seen() -> Steps[bool]:
        return len((yield from fetched(space, ids))) == len(ids)

    yield from until(space.engine.pause, seen, space.engine.remote.timeout, "Pinecone does not show the documents yet")


def marks_of(records: Sequence[Any]) -> dict[str, Any]:
    """Which write brought each record, by id."""
    return {one.id: (one.metadata or {}).get(MARK) for one in records}


def gone(space: Space, marks: Mapping[str, Any]) -> Steps[None]:
    """Wait until deleted records are gone, or another write brought them again; ``marks`` of before."""

    def seen() -> Steps[bool]:
        found = yield from fetched(space, list(marks))
        return all(mark != marks[id_] for id_, mark in marks_of(found).items())

    yield from until(space.engine.pause, seen, space.engine.remote.timeout, "Pinecone still shows deleted documents")


def _in_requests(records: Sequence[Record]) -> Iterator[list[dict[str, Any]]]:
    """Records in requests that Pinecone takes."""
    request: list[dict[str, Any]] = []
    size = 0
    for record in records:
        if request and (len(request) == _REQUEST_RECORDS or size + record.size > _REQUEST_BYTES):
            yield request
            request, size = [], 0
        request.append(record.body)
        size += record.size
    if request:
        yield request
