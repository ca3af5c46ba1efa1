"""The hooks of knowledge stores over Redis commands, for blocking and asynchronous clients alike.

Checks are in `praison_persist.vectorsteps`, keys in `layout`, hashes in `convert`, atomic writes in `scripts`, indexes in
`indexes`.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from ..errors import InvalidInputError, NotFoundError, PersistError, UnavailableError, UnsupportedError
from ..filters import Filter, matches
from ..filtertokens import NOTHING, Tokens, to_tokens, tokens_of
from ..knowledge import CollectionInfo, KnowledgeDocument
from ..overfetch import overfetch
from ..scores import score
from ..state_engines.commands import Command, Refusal
from ..steps import Steps
from ..vectorsteps import VectorSteps, already_exists
from .convert import FIELDS, direction, from_fields, pack, to_fields
from .indexes import FlatIndex, Hit, ServerIndex, VectorIndex, pairs
from .layout import Place, info_key, names_key
from .query import QueryIndex
from .scripts import DROP, REMOVE, WRITE

__all__ = ["CommandVectors"]

_PAGE = 500
_NO_INDEX = re.compile(r"no such index|unknown index|index.*not found", re.IGNORECASE)


class CommandVectors(VectorSteps):
    """What a backend's store inherits besides its base; it calls `_begin_with` in its constructor."""

    max_batch = 250  # one script writes a batch, and the server does nothing else meanwhile
    max_dimension = 32768

    def _begin_with(
        self,
        ask: Any,
        prefix: str,
        known: Sequence[VectorIndex],
        wanted: Sequence[VectorIndex],
        *,
        product: str,
        one_server: bool,
    ) -> None:
        """What the store works with; no I/O.

        Args:
            ask: a `Caller` or `AsyncCaller`.
            prefix: what the names of all keys start with.
            known: every index that a collection may have.
            wanted: those for new collections, the best first.
            product: the server's name for people.
            one_server: no cluster, whose nodes may differ in version.
        """
        super().__init__()
        if not isinstance(prefix, str) or set(prefix) & set("\x00\x1f{}"):
            raise InvalidInputError("prefix must be text without NUL, U+001F and braces")
        self._ask = ask
        self._prefix = prefix
        self._product = product
        self._one_server = one_server
        self._indexes = {one.kind: one for one in known}
        self._wanted = list(wanted)
        self.distances = tuple(dict.fromkeys(distance for one in wanted for distance in one.distances))
        self._places: dict[str, Place] = {}
        self._probed: dict[str, bool] = {}

    def _about(self) -> Steps[dict[str, str | None]]:
        if not self._one_server:
            return {"server": self._product}
        (reply,) = yield from self._ok([("INFO", "server")])
        versions = dict(re.findall(r"(\w+)_version:(\S+)", _text(reply)))
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

    def _make(self, place: Place) -> Steps[None]:
        for command in self._indexes[place.kind].create(place):
            (reply,) = yield self._ask(command)
            if isinstance(reply, Refusal) and "already exists" not in reply.message.lower():
                raise _refused(command, reply)

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
            ids, after = yield from self._ids(place, _PAGE, after)
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
        names = sorted(_text(member) for member in members)
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
            tokens = tokens_of(document.metadata)
            fields = {**to_fields(document, cosine=info.distance == "cosine"), **index.extra(tokens)}
            arguments += [document.id, 2 * len(fields)]
            for name, value in fields.items():
                arguments += [name, value]
            if options is not None:
                arguments += [fields["embedding"], index.attributes(tokens)]
        keys = [place.key, place.ids, place.vectors, *(place.documents + document.id for document in documents)]
        (reply,) = yield from self._ok(
            [("EVAL", WRITE, len(keys), *keys, place.text, how, *arguments)], idempotent=how == "upsert"
        )
        if isinstance(reply, list):
            return reply
        if _text(reply) == "gone":
            raise self._gone(info.name)
        return []

    def _remove(self, info: CollectionInfo, ids: Sequence[str] | None, condition: Filter | None) -> Steps[int]:
        removed, after = 0, None
        while True:
            page, after = (ids, None) if ids is not None else (yield from self._ids(self._place(info), _PAGE, after))
            if condition is None:
                removed += yield from self._delete(info, {id_: "*" for id_ in page})
            else:
                rows = yield from self._read(info, page, "metadata")
                matching = {
                    id_: "=" + _text(metadata or b"")
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

    def _search(
        self,
        info: CollectionInfo,
        vector: Sequence[float],
        limit: int,
        condition: Filter | None,
        threshold: float | None,
    ) -> Steps[list[KnowledgeDocument]]:
        index = self._indexes[self._place(info).kind]
        if not isinstance(index, ServerIndex):
            return (yield from self._search_flat(info, vector, limit, condition, threshold))
        wanted, exact = to_tokens(condition)
        if wanted == NOTHING:
            return []
        count = yield from self._size(info)
        packed = pack(direction(vector)[0] if info.distance == "cosine" else vector)
        look = partial(self._nearest, info, packed, wanted, condition, threshold, count)
        first = min(limit if exact else 4 * limit, count)
        return (yield from overfetch(look, limit, first=first, most=count)) if count else []

    def _nearest(
        self,
        info: CollectionInfo,
        vector: bytes,
        wanted: Tokens,
        condition: Filter | None,
        threshold: float | None,
        count: int,
        size: int,
    ) -> Steps[tuple[list[KnowledgeDocument], bool]]:
        """Those of the ``size`` nearest that match, best first, and whether there may be more."""
        place = self._place(info)
        index: Any = self._indexes[place.kind]
        hits = index.hits(place, (yield from self._query(info, index.search(place, vector, size, wanted, exact=False))))
        if len(hits) < min(size, count) and not index.complete:
            command = index.search(place, vector, size, wanted, exact=True)
            hits = index.hits(place, (yield from self._query(info, command)))
        near = [hit for hit in hits if threshold is None or hit.score >= threshold]
        found = yield from self._documents(info, near)
        matching = [document for document in found if matches(condition, document.metadata)]
        matching.sort(key=lambda document: -(document.score or 0.0))
        return matching, len(hits) >= size and len(near) == len(hits)

    def _query(self, info: CollectionInfo, command: Command) -> Steps[Any]:
        """The reply to a search, if the collection is still what it was."""
        place = self._place(info)
        text, reply = yield self._ask(("GET", place.key), command)
        self._check(place, text)
        if isinstance(reply, Refusal) and _NO_INDEX.search(reply.message):
            yield from self._make(place)
            raise UnavailableError(
                f"the index of {info.name!r} is being built", hint="it was missing; try again in a moment"
            )
        if isinstance(reply, Refusal):
            raise _refused(command, reply)
        return reply

    def _search_text(
        self,
        info: CollectionInfo,
        text: str,
        vector: Sequence[float] | None,
        limit: int,
        condition: Filter | None,
    ) -> Steps[list[KnowledgeDocument]]:
        place = self._place(info)
        index = self._indexes[place.kind]
        if not isinstance(index, QueryIndex) or not index.words:
            raise UnsupportedError(f"collection {info.name!r} has no index of words", hint="it needs index='query'")
        wanted, exact = to_tokens(condition)
        count = yield from self._size(info)
        if wanted == NOTHING or not count or index.search_words(place, text, 1, wanted) is None:
            return []

        def look(size: int) -> Steps[tuple[list[KnowledgeDocument], bool]]:
            command = index.search_words(place, text, size, wanted)
            hits = index.hits_of_words(place, (yield from self._query(info, command or ())))
            found = yield from self._documents(info, hits)
            return [one for one in found if matches(condition, one.metadata)], len(hits) >= size

        return (yield from overfetch(look, limit, first=min(limit if exact else 4 * limit, count), most=count))

    def _search_flat(
        self,
        info: CollectionInfo,
        vector: Sequence[float],
        limit: int,
        condition: Filter | None,
        threshold: float | None,
    ) -> Steps[list[KnowledgeDocument]]:
        count, most = (yield from self._size(info)), self._indexes["flat"]
        if isinstance(most, FlatIndex) and count > most.limit:
            raise UnsupportedError(
                f"collection {info.name!r} has {count} documents and no index; {most.limit} may be searched so",
                hint="copy it into a collection with an index, or raise flat_limit=",
            )
        best: list[tuple[float, int, KnowledgeDocument]] = []
        after, number = None, 0
        while True:
            page, after = yield from self._page(info, condition, _PAGE, after)
            for document in page:
                value = score(info.distance, document.embedding or (), vector)
                if threshold is None or value >= threshold:
                    document.embedding, document.score, number = None, value, number - 1
                    add = heapq.heappush if len(best) < limit else heapq.heappushpop
                    add(best, (value, number, document))
            if after is None:
                return [document for _, _, document in sorted(best, key=lambda row: (-row[0], -row[1]))]

    def _documents(self, info: CollectionInfo, hits: Sequence[Hit]) -> Steps[list[KnowledgeDocument]]:
        """The documents of hits, without those that were deleted meanwhile."""
        bare = [hit.id for hit in hits if hit.fields is None]
        rows = (yield from self._read(info, bare, *FIELDS)) if bare else {}
        found: list[KnowledgeDocument] = []
        for hit in hits:
            fields = hit.fields
            if fields is None:
                *values, exists = rows[hit.id]
                fields = dict(zip(FIELDS, values, strict=True)) if exists else None
            if fields is not None:
                found.append(from_fields(hit.id, fields, score=hit.score))
        return found

    def _fetch(self, info: CollectionInfo, ids: Sequence[str]) -> Steps[list[KnowledgeDocument]]:
        place = self._place(info)
        text, *replies = yield from self._ok(
            [("GET", place.key), *(("HGETALL", place.documents + id_) for id_ in ids)]
        )
        self._check(place, text)
        rows = zip(ids, replies, strict=True)
        return [from_fields(id_, pairs(reply)) for id_, reply in rows if reply]

    def _count(self, info: CollectionInfo, condition: Filter | None) -> Steps[int]:
        if condition is None:
            return (yield from self._size(info))
        count, after = 0, None
        while True:
            ids, after = yield from self._ids(self._place(info), _PAGE, after)
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
        ids, after = yield from self._ids(self._place(info), min(size, _PAGE), after)
        found = yield from self._fetch(info, ids)
        return [document for document in found if matches(condition, document.metadata)], after

    # -- inside --------------------------------------------------------------------------------------------------

    def _place(self, info: CollectionInfo) -> Place:
        """Where the collection is that the caller knows."""
        place = self._places.get(info.name)
        if place is None or place.info != info:
            raise self._gone(info.name)
        return place

    def _ok(self, commands: Sequence[Command], *, idempotent: bool = True) -> Steps[list[Any]]:
        """The replies to commands that no server refuses for a good reason."""
        if not commands:
            return []
        replies: list[Any] = yield self._ask(*commands, idempotent=idempotent)
        for command, reply in zip(commands, replies, strict=True):
            if isinstance(reply, Refusal):
                raise _refused(command, reply)
        return replies

    def _size(self, info: CollectionInfo) -> Steps[int]:
        place = self._place(info)
        text, count = yield from self._ok([("GET", place.key), ("ZCARD", place.ids)])
        self._check(place, text)
        return int(count)

    def _ids(self, place: Place, size: int, after: Any) -> Steps[tuple[list[str], Any]]:
        """The next ids, and how to go on: None at the end."""
        start = "-" if after is None else "(" + after
        (members,) = yield from self._ok([("ZRANGEBYLEX", place.ids, start, "+", "LIMIT", 0, size)])
        ids = [_text(member) for member in members]
        return ids, ids[-1] if len(ids) == size else None

    def _read(self, info: CollectionInfo, ids: Sequence[str], *fields: str) -> Steps[dict[str, list[Any]]]:
        """These fields of each document, and last whether it exists (each has ``created_at``)."""
        place = self._place(info)
        names = (*fields, "created_at")
        commands = [("HMGET", place.documents + id_, *names) for id_ in ids]
        text, *replies = yield from self._ok([("GET", place.key), *commands])
        self._check(place, text)
        return {id_: [*reply[:-1], reply[-1] is not None] for id_, reply in zip(ids, replies, strict=True)}

    def _check(self, place: Place, text: Any) -> None:
        if text is None or isinstance(text, Refusal) or _text(text) != place.text:
            raise self._gone(place.info.name)

    def _gone(self, name: str) -> NotFoundError:
        self._places.pop(name, None)
        return NotFoundError(
            f"collection {name!r} was deleted meanwhile", hint="if it was created anew, the next call finds it"
        )


def _refused(command: Command, reply: Refusal) -> PersistError:
    error = UnsupportedError if "unknown command" in reply.message.lower() else PersistError
    return error(f"the server refused {_text(command[0])}: {reply.message}")


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
