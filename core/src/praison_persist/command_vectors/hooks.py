"""The hooks of knowledge stores over Redis commands, for blocking and asynchronous clients alike.

Checks are in `praison_persist.vectorsteps`, keys in `layout`, hashes in `convert`, atomic writes in `scripts`, indexes
in `indexes` and `query`, searches in `searching`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from ..errors import PersistError, UnsupportedError
from ..filters import Filter, matches
from ..knowledge import CollectionInfo, KnowledgeDocument
from ..state_engines.commands import Refusal
from ..steps import Steps
from ..vectorsteps import already_exists
from .base import PAGE, text_of
from .convert import from_fields, to_fields
from .indexes import VectorIndex, pairs
from .layout import Place, info_key, names_key
from .scripts import DROP, REMOVE, WRITE
from .searching import SearchingSteps

__all__ = ["CommandVectors"]


class CommandVectors(SearchingSteps):
    """What a backend's store inherits besides its base; it calls `_begin_with` in its constructor."""

    max_batch = 250  # one script writes a batch, and the server does nothing else meanwhile
    max_dimension = 32768

    def _about(self) -> Steps[dict[str, str | None]]:
        if not self._one_server:
            return {"server": self._product}
        (reply,) = yield from self._ok([("INFO", "server")])
        versions = dict(re.findall(r"(\w+)_version:(\S+)", text_of(reply)))
        number = versions.get(self._product.lower(), versions.get("redis", ""))
        return {"server": f"{self._product} {number}".strip()}

    def _close(self) -> Steps[None]:
        yield self._ask.close()

    # -- collections ---------------------------------------------------------------------------------------------

    def _create(self, info: CollectionInfo) -> Steps[bool]:
        index = yield from self._choose(info)
        place = Place.new(self._prefix, info, index.kind)
        yield from self._ok([("SADD", names_key(self._prefix), info.name)])
        (created,) = yield self._ask(("SET", place.key, place.text, "NX"), idempotent=False)
        if created is None:
            return False
        try:
            yield from self._make(place)
        except PersistError:
            yield self._ask(("EVAL", DROP, 1, place.key, place.text))
            raise
        return True

    def _choose(self, info: CollectionInfo) -> Steps[VectorIndex]:
        """The first index of those wanted that can do the distance and that the server has."""
        able = [one for one in self._wanted if info.distance in one.distances]
        for one in able:
            if (yield from self._has(one)):
                return one
        tried = " nor ".join(one.kind for one in able)
        raise UnsupportedError(
            f"{self._product} has no index {tried} for distance {info.distance}",
            hint=f"index= can be {', '.join(self._indexes)}; flat needs nothing of the server",
        )

    def _has(self, index: VectorIndex) -> Steps[bool]:
        probe = index.probe(self._prefix)
        if probe is None:
            return True
        if index.kind not in self._probed:
            (reply,) = yield self._ask(probe)
            self._probed[index.kind] = not isinstance(reply, Refusal)
        return self._probed[index.kind]

    def _drop(self, name: str) -> Steps[bool]:
        self._places.pop(name, None)
        if (yield self._describe(name)) is None:
            return False
        place = self._places.pop(name)
        (gone,) = yield from self._ok([("EVAL", DROP, 1, place.key, place.text)])
        if not gone:
            return False
        # Nobody writes into this generation any more; what is left takes room, but is never seen.
        for command in self._indexes[place.kind].drop(place):
            yield self._ask(command)
        after = None
        while True:
            ids, after = yield from self._ids(place, PAGE, after)
            yield from self._ok([("DEL", place.documents + id_) for id_ in ids])
            if after is None:
                break
        yield from self._ok([("DEL", place.ids), ("DEL", place.vectors)])
        return True

    def _describe(self, name: str) -> Steps[CollectionInfo | None]:
        (text,) = yield from self._ok([("GET", info_key(self._prefix, name))])
        if text is None:
            self._places.pop(name, None)
            return None
        place = Place.stored(self._prefix, name, text)
        if place.kind not in self._indexes:
            raise UnsupportedError(f"collection {name!r} has an index {place.kind!r}, which this store does not know")
        self._places[name] = place
        return place.info

    def _names(self) -> Steps[list[str]]:
        (members,) = yield from self._ok([("SMEMBERS", names_key(self._prefix))])
        names = sorted(text_of(member) for member in members)
        there = yield from self._ok([("EXISTS", info_key(self._prefix, name)) for name in names])
        return [name for name, found in zip(names, there, strict=True) if found]

    # -- writing -------------------------------------------------------------------------------------------------

    def _insert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Steps[None]:
        taken = yield from self._write(info, documents, "insert")
        if taken:
            raise already_exists([documents[int(number)].id for number in taken])

    def _upsert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Steps[None]:
        yield from self._write(info, documents, "upsert")

    def _write(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument], how: str) -> Steps[list[Any]]:
        place = self._place(info)
        index = self._indexes[place.kind]
        options = index.options
        arguments: list[str | int | bytes] = [-1] if options is None else [len(options), *options]
        for document in documents:
            fields = {**to_fields(document, cosine=info.distance == "cosine"), **index.fields(document.metadata)}
            arguments += [document.id, 2 * len(fields)]
            for name, value in fields.items():
                arguments += [name, value]
            if options is not None:
                arguments += [fields["embedding"], index.attributes(document.metadata)]
        keys = [place.key, place.ids, place.vectors, *(place.documents + document.id for document in documents)]
        (reply,) = yield from self._ok(
            [("EVAL", WRITE, len(keys), *keys, place.text, how, *arguments)], idempotent=how == "upsert"
        )
        if isinstance(reply, list):
            return cast("list[Any]", reply)
        if text_of(reply) == "gone":
            raise self._gone(info.name)
        return []

    def _remove(self, info: CollectionInfo, ids: Sequence[str] | None, condition: Filter | None) -> Steps[int]:
        removed, after = 0, None
        while True:
            page, after = (ids, None) if ids is not None else (yield from self._ids(self._place(info), PAGE, after))
            if condition is None:
                removed += yield from self._delete(info, dict.fromkeys(page, "*"))
            else:
                rows = yield from self._read(info, page, "metadata")
                matching = {
                    id_: "=" + text_of(metadata or b"")
                    for id_, (metadata, exists) in rows.items()
                    if exists and matches(condition, from_fields(id_, {"metadata": metadata}).metadata)
                }
                removed += yield from self._delete(info, matching)
            if after is None:
                return removed

    def _delete(self, info: CollectionInfo, expected: Mapping[str, str]) -> Steps[int]:
        """Delete these documents, each only if its metadata is still what was read."""
        place = self._place(info)
        if not expected:
            return 0
        keys = [place.key, place.ids, place.vectors, *(place.documents + id_ for id_ in expected)]
        in_set = int(self._indexes[place.kind].options is not None)
        arguments = [part for pair in expected.items() for part in pair]
        (reply,) = yield from self._ok(
            [("EVAL", REMOVE, len(keys), *keys, place.text, in_set, *arguments)], idempotent=False
        )
        if not isinstance(reply, int):
            raise self._gone(info.name)
        return reply

    # -- reading -------------------------------------------------------------------------------------------------

    def _fetch(self, info: CollectionInfo, ids: Sequence[str]) -> Steps[list[KnowledgeDocument]]:
        place = self._place(info)
        text, *replies = yield from self._ok([("GET", place.key), *(("HGETALL", place.documents + id_) for id_ in ids)])
        self._check(place, text)
        rows = zip(ids, replies, strict=True)
        return [from_fields(id_, pairs(reply)) for id_, reply in rows if reply]

    def _count(self, info: CollectionInfo, condition: Filter | None) -> Steps[int]:
        if condition is None:
            return (yield from self._size(info))
        count, after = 0, None
        while True:
            ids, after = yield from self._ids(self._place(info), PAGE, after)
            rows = yield from self._read(info, ids, "metadata")
            count += sum(
                matches(condition, from_fields(id_, {"metadata": metadata}).metadata)
                for id_, (metadata, exists) in rows.items()
                if exists
            )
            if after is None:
                return count

    def _page(
        self, info: CollectionInfo, condition: Filter | None, size: int, after: Any
    ) -> Steps[tuple[list[KnowledgeDocument], Any]]:
        ids, after = yield from self._ids(self._place(info), min(size, PAGE), after)
        found = yield from self._fetch(info, ids)
        return [document for document in found if matches(condition, document.metadata)], after
