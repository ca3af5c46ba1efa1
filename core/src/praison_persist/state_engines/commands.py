"""The state contract over engines that speak Redis commands: Redis, Valkey, Upstash.

Core commands of Redis 6.2 only, and one short script. No I/O and no client library here.
A value is its JSON text in a Redis string, a hash is a Redis hash of JSON texts. What PraisonAI stored is read: values
wrapped in ``{"value": ..., "__wrapped__": true}``, and text that is no JSON.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Generator, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar, cast

from ..errors import InvalidInputError, PersistError, SerializationError
from ..globs import compile_glob, literal_prefix
from ..jsontext import encode, same_json
from ..operation import operation
from ..state import MISSING, add_integers, holds_hash, holds_value
from ..validation import check_field, check_list, check_ttl
from .naming import Named, check_text, is_storable

__all__ = ["Command", "CommandStates", "Pipeline", "Refusal", "Scan", "match_prefix"]

T = TypeVar("T")
Steps = Generator[Any, Any, T]

Command = tuple["str | int | bytes", ...]
"""A command with its arguments; the key, if any, is the second part, except for ``EVAL``, where it is the fourth."""

_READS = frozenset(
    {
        *("GET", "MGET", "EXISTS", "PTTL", "HGET", "HMGET", "HGETALL", "HLEN", "SMEMBERS", "ZCARD", "ZRANGEBYLEX"),
        *("FT._LIST", "FT.INFO", "FT.SEARCH", "VCARD", "VSIM", "INFO"),
    }
)

_WRAPPED = {"value", "__wrapped__"}

LONGEST = 512 * 2**20
"""Bytes of a value or a field, which is what servers take by default: a longer one makes them hang up.

Source: https://redis.io/docs/latest/develop/data-types/strings/
"""

_SWAP = (
    "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end "
    "redis.call('SET', KEYS[1], ARGV[2], unpack(ARGV, 3)) return 1"
)


class Pipeline(NamedTuple):
    """Send these commands together; the reply to each, in order: ``list``.

    A reply is what the client gives (text as str or bytes, integers, None, lists or dicts), or a `Refusal`.
    """

    commands: tuple[Command, ...]

    @property
    def writes(self) -> bool:
        """Whether one of them changes something."""
        return any(command[0] not in _READS for command in self.commands)


class Refusal(NamedTuple):
    """The server's error reply, such as ``WRONGTYPE Operation against a key ...``."""

    message: str

    @property
    def is_wrong_type(self) -> bool:
        """Whether the key holds something of another type."""
        return "WRONGTYPE" in self.message.partition(" ")[0]


class Scan(NamedTuple):
    """The next page of names that start with this text: ``(names, more)``; ``more`` is None at the end.

    ``after`` is None to begin, then what the page before gave. Names may come twice.
    """

    prefix: str
    after: Any = None


def match_prefix(prefix: str) -> str:
    """The pattern of ``SCAN ... MATCH`` for names that start with this text."""
    return re.sub(r"([\\*?\[\]])", r"\\\1", prefix) + "*"


class CommandStates(Named):
    """Every operation of the state contract.

    Args:
        prefix: what the names of all keys start with (``"praison:"`` in PraisonAI).
        batch: most commands in one `Pipeline`.
        mget: whether one command may name several keys; not so in a cluster.
    """

    def __init__(self, prefix: str = "", *, batch: int = 500, mget: bool = True) -> None:
        super().__init__(prefix)
        self.batch = batch
        self.mget = mget

    # -- values --------------------------------------------------------------------------------------------------

    @operation()
    def get(self, key: str) -> Steps[Any]:
        reply = yield from _ask("GET", self.name_of(key))
        return _stored_value(reply, key)

    @operation()
    def get_many(self, keys: Iterable[str]) -> Steps[dict[str, Any]]:
        wanted = {self.name_of(key): key for key in check_list(keys, "keys")}
        replies = yield from self._get_all(list(wanted))
        found = zip(wanted.values(), replies, strict=True)
        return {key: _stored_value(reply, key) for key, reply in found if reply is not None}

    @operation()
    def set(self, key: str, value: Any, ttl: float | None) -> Steps[None]:
        name, text = self.name_of(key), _encode_value(value)
        # GET makes Redis refuse to replace a hash; its answer, the old value, is of no interest.
        reply = yield from _ask("SET", name, text, *_milliseconds(ttl), "GET")
        _no_hash(reply, key)

    @operation()
    def set_many(self, values: Mapping[str, Any], ttl: float | None) -> Steps[None]:
        texts = {self.name_of(key): _encode_value(value, f"value of {key!r}") for key, value in values.items()}
        options = _milliseconds(ttl)
        replies = yield from self._ask_all([("SET", name, text, *options, "GET") for name, text in texts.items()])
        for key, reply in zip(values, replies, strict=True):
            _no_hash(reply, key)

    @operation(idempotent=False)
    def incr(self, key: str, amount: int) -> Steps[int]:
        name = self.name_of(key)
        add_integers(key, 0, amount)
        while True:
            reply = yield from _ask("INCRBY", name, amount)
            if not isinstance(reply, Refusal):
                return int(reply)
            text = yield from _ask("GET", name)
            if text is None:
                continue  # deleted meanwhile
            total = add_integers(key, _stored_value(text, key), amount)
            if (yield from _swap(name, text, str(total), "KEEPTTL")):  # an integer as PraisonAI wraps it
                return total

    @operation(idempotent=False)
    def compare_and_set(self, key: str, expected: Any, value: Any, ttl: float | None) -> Steps[bool]:
        name, text, options = self.name_of(key), _encode_value(value), _milliseconds(ttl)
        if expected is MISSING:
            return (yield from _ask("SET", name, text, *options, "NX")) is not None
        encode(expected, "expected")
        while True:
            stored = yield from _ask("GET", name)
            if stored is None or not same_json(_stored_value(stored, key), expected):
                _no_hash(stored, key)
                return False
            if (yield from _swap(name, stored, text, *options)):
                return True

    # -- keys ----------------------------------------------------------------------------------------------------

    @operation()
    def delete(self, key: str) -> Steps[bool]:
        return (yield from _ask("DEL", self.name_of(key))) == 1

    @operation()
    def exists(self, key: str) -> Steps[bool]:
        return (yield from _ask("EXISTS", self.name_of(key))) == 1

    @operation()
    def ttl(self, key: str) -> Steps[int | None]:
        left = int((yield from _ask("PTTL", self.name_of(key))))
        return None if left < 0 else max(1, math.ceil(left / 1000))

    @operation()
    def expire(self, key: str, ttl: float) -> Steps[bool]:
        name, seconds = self.name_of(key), check_ttl(ttl)
        if seconds is None:
            raise InvalidInputError("expire takes a ttl in seconds, not None", hint="use set to make a key permanent")
        return (yield from _ask("PEXPIRE", name, _milliseconds(seconds)[1])) == 1

    @operation()
    def keys(self, pattern: str) -> Steps[list[str]]:
        # Redis matches bytes, we match characters: the server narrows down to the literal start, and no further.
        matches = compile_glob(check_text(pattern, "pattern")).fullmatch
        found: set[str] = set()
        more: Any = None
        while True:
            page, more = yield from self._page(literal_prefix(pattern), more)
            found.update(key for key in page if matches(key))
            if more is None:
                return sorted(found)

    @operation(name="scan_prefix")
    def page_keys(self, prefix: str, after: Any) -> Steps[tuple[list[str], Any]]:
        """The next keys that start with the prefix, perhaps some again, and how to go on: None at the end."""
        return (yield from self._page(check_text(prefix, "prefix"), after))

    # -- hashes --------------------------------------------------------------------------------------------------

    @operation()
    def hget(self, key: str, field: str) -> Steps[Any]:
        reply = yield from _ask("HGET", self.name_of(key), check_field(field))
        _no_value(reply, key)
        return None if reply is None else _decode_field(reply)

    @operation()
    def hgetall(self, key: str) -> Steps[dict[str, Any]]:
        reply: Any = yield from _ask("HGETALL", self.name_of(key))
        _no_value(reply, key)
        # A mapping in RESP3, a flat list in RESP2.
        if isinstance(reply, list):
            flat = cast("list[Any]", reply)
            reply = dict(zip(flat[::2], flat[1::2], strict=True))
        return {_text(field): _decode_field(text) for field, text in reply.items()}

    @operation()
    def hset(self, key: str, field: str, value: Any) -> Steps[None]:
        reply = yield from _ask("HSET", self.name_of(key), check_field(field), _fitting(encode(value)))
        _no_value(reply, key)

    @operation()
    def hdel(self, key: str, fields: Iterable[str]) -> Steps[int]:
        name, columns = self.name_of(key), list(dict.fromkeys([check_field(field) for field in fields]))
        reply = yield from (_ask("HDEL", name, *columns) if columns else _ask("HLEN", name))
        _no_value(reply, key)
        return int(reply) if columns else 0

    # -- inside --------------------------------------------------------------------------------------------------

    def _ask_all(self, commands: list[Command]) -> Steps[list[Any]]:
        replies: list[Any] = []
        for start in range(0, len(commands), self.batch):
            replies += yield Pipeline(tuple(commands[start : start + self.batch]))
        return replies

    def _get_all(self, names: list[str]) -> Steps[list[Any]]:
        """The values of the names; ``MGET`` gives None for a hash, so what it did not find is asked for again."""
        if not self.mget:
            return (yield from self._ask_all([("GET", name) for name in names]))
        replies: list[Any] = []
        for start in range(0, len(names), self.batch):
            replies += yield from _ask("MGET", *names[start : start + self.batch])
        absent = [number for number, reply in enumerate(replies) if reply is None]
        again = yield from self._ask_all([("GET", names[number]) for number in absent])
        for number, reply in zip(absent, again, strict=True):
            replies[number] = reply
        return replies

    def _page(self, prefix: str, after: Any) -> Steps[tuple[list[str], Any]]:
        if not is_storable(prefix):
            return [], None
        names, more = yield Scan(self.prefix + prefix, after)
        keys = (self.key_of(_text(name)) for name in names)
        return [key for key in dict.fromkeys(keys) if key is not None and key.startswith(prefix)], more


def _ask(*command: str | int) -> Steps[Any]:
    """The reply to one command; a `Refusal` only where the key is of another type, or holds no integer."""
    (reply,) = yield Pipeline((command,))
    if isinstance(reply, Refusal) and not reply.is_wrong_type and command[0] != "INCRBY":
        raise PersistError(f"the server refused {command[0]}: {reply.message}")
    return reply


def _swap(name: str, old: Any, new: str, *options: str | int) -> Steps[bool]:
    """Replace one value by another, if it is still there."""
    return (yield from _ask("EVAL", _SWAP, 1, name, _text(old), new, *options)) == 1


def _milliseconds(ttl: float | None) -> tuple[str | int, ...]:
    seconds = check_ttl(ttl)
    return () if seconds is None else ("PX", max(1, math.ceil(seconds * 1000)))


def _text(reply: Any) -> str:
    """A reply as text.

    Raises:
        SerializationError: bytes that are no UTF-8, which this project never writes.
    """
    try:
        return reply.decode() if isinstance(reply, bytes) else str(reply)
    except UnicodeDecodeError as exc:
        raise SerializationError(
            "the stored bytes are no UTF-8 text", hint="they were written by something else"
        ) from exc


def _no_hash(reply: Any, key: str) -> None:
    if isinstance(reply, Refusal):
        raise holds_hash(key)


def _no_value(reply: Any, key: str) -> None:
    if isinstance(reply, Refusal):
        raise holds_value(key)


def _encode_value(value: Any, what: str = "value") -> str:
    """JSON text that `_stored_value` gives back exactly; PraisonAI's wrapping is used for what looks wrapped."""
    if _looks_wrapped(value):
        return _fitting(encode({"value": value, "__wrapped__": True}, what), what)
    return _fitting(encode(value, what), what)


def _fitting(text: str, what: str = "value") -> str:
    """The text, if the server takes it.

    Raises:
        InvalidInputError: it is too long.
    """
    if len(text) > LONGEST // 4 and (size := len(text.encode())) > LONGEST:
        raise InvalidInputError(
            f"{what} takes {size} bytes as JSON, and the server takes {LONGEST}", hint="store it in parts"
        )
    return text


def _looks_wrapped(value: Any) -> bool:
    if not isinstance(value, dict) or "__wrapped__" not in value:
        return False
    return cast("dict[Any, Any]", value).keys() == _WRAPPED


def _stored_value(reply: Any, key: str) -> Any:
    if reply is None:
        return None
    _no_hash(reply, key)
    value = _decode_field(reply)
    if _looks_wrapped(value) and value["__wrapped__"] is True:
        return value["value"]
    return value


def _decode_field(reply: Any) -> Any:
    """The value of a JSON text; other text as it is, since PraisonAI's stores keep some strings so."""
    text = reply if type(reply) is str else _text(reply)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
