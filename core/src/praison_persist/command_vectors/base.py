"""What the hooks of knowledge stores over Redis commands share: the store's indexes, its places, careful questions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from ..errors import InvalidInputError, NotFoundError, PersistError, UnsupportedError
from ..knowledge import CollectionInfo
from ..state_engines.commands import Command, Refusal
from ..steps import Steps
from ..vectorsteps import VectorSteps
from .indexes import VectorIndex
from .layout import Place

__all__ = ["PAGE", "PlacedSteps", "refused", "text_of"]

PAGE = 500
"""Documents in one question."""


class PlacedSteps(VectorSteps):
    """Where collections are, and how the server is asked about them."""

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
        if not isinstance(cast(Any, prefix), str) or set(prefix) & set("\x00\x1f{}"):
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
                raise refused(command, reply)
        return replies

    def _make(self, place: Place) -> Steps[None]:
        for command in self._indexes[place.kind].create(place):
            (reply,) = yield self._ask(command)
            if isinstance(reply, Refusal) and "already exists" not in reply.message.lower():
                raise refused(command, reply)

    def _size(self, info: CollectionInfo) -> Steps[int]:
        place = self._place(info)
        text, count = yield from self._ok([("GET", place.key), ("ZCARD", place.ids)])
        self._check(place, text)
        return int(count)

    def _ids(self, place: Place, size: int, after: Any) -> Steps[tuple[list[str], Any]]:
        """The next ids, and how to go on: None at the end."""
        start = "-" if after is None else "(" + after
        (members,) = yield from self._ok([("ZRANGEBYLEX", place.ids, start, "+", "LIMIT", 0, size)])
        ids = [text_of(member) for member in members]
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
        if text is None or isinstance(text, Refusal) or text_of(text) != place.text:
            raise self._gone(place.info.name)

    def _gone(self, name: str) -> NotFoundError:
        self._places.pop(name, None)
        return NotFoundError(
            f"collection {name!r} was deleted meanwhile", hint="if it was created anew, the next call finds it"
        )


def refused(command: Command, reply: Refusal) -> PersistError:
    """The error for a server's error reply that the operation has no use for."""
    error = UnsupportedError if "unknown command" in reply.message.lower() else PersistError
    return error(f"the server refused {text_of(command[0])}: {reply.message}")


def text_of(value: Any) -> str:
    """A reply as text."""
    return value.decode() if isinstance(value, bytes) else str(value)
