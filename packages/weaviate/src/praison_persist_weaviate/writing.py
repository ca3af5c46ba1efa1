"""Objects of one collection, written in requests of a size that servers take, and deleted. Knows one native handle."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from praison_persist.errors import OperationTimeoutError, UnavailableError
from praison_persist.knowledge import KnowledgeDocument
from praison_persist.parts import in_parts
from praison_persist.steps import Steps

from .convert import to_object
from .errors import refusal

__all__ = ["deleted", "indexed", "store"]

_REQUEST_BYTES = 16 * 2**20
"""Most bytes of objects in one request; a server takes 100 MB by default, a proxy less."""

_PAUSE = 0.02


def store(native: Any, documents: Sequence[KnowledgeDocument], write: str, where: str) -> Steps[None]:
    """Write documents over whatever has their ids.

    Args:
        native: of the collection.
        write: names this write.
        where: the server, for errors.

    Raises:
        PersistError: one of them was refused; others may have been written.
    """
    for request in in_parts([to_object(document, write) for document in documents], _bytes_of, _REQUEST_BYTES):
        answer = yield native.data.insert_many(request)
        for failed in answer.errors.values():
            raise refusal(failed.message, where)


def deleted(native: Any, where: Any) -> Steps[int]:
    """Delete what satisfies a native filter; how many there were. Weaviate deletes up to 10,000 at once."""
    removed = 0
    while True:
        answer = yield native.data.delete_many(where)
        removed += answer.successful
        if answer.failed:
            raise UnavailableError(f"Weaviate deleted {removed} documents and failed to delete {answer.failed}")
        if not answer.matches:
            return removed


def indexed(engine: Any, native: Any) -> Steps[None]:
    """Wait until the vectors are in the index.

    Raises:
        OperationTimeoutError: that takes longer than the timeout.
    """
    deadline = time.monotonic() + engine.timeout
    while True:
        shards = yield native.config.get_shards()
        if not any(shard.vector_queue_size or shard.status == "INDEXING" for shard in shards):
            return
        if time.monotonic() > deadline:
            raise OperationTimeoutError(
                "the documents are stored, and Weaviate has not indexed them in time", hint="raise timeout="
            )
        yield engine.pause(_PAUSE)


def _bytes_of(one: Any) -> int:
    """A rough upper bound of what an object takes in a request."""
    properties = one.properties
    text = len(properties["content"]) + len(properties.get("metadata", "")) + 96 * len(properties["words"])
    return 4 * len(one.vector) + 4 * text + 256
