"""State: key-value with TTL and hashes, the contract that every backend keeps.

Signatures are those of PraisonAI's stores, so code written for them runs here. Abstract methods and
what follows from them only; a backend overrides what its engine does better.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from .errors import InvalidInputError, WrongTypeError
from .health import StoreHealth
from .validation import check_id

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "MAX_INTEGER",
    "MIN_INTEGER",
    "MISSING",
    "NAMESPACE_SEPARATOR",
    "AsyncStateStore",
    "Missing",
    "StateStore",
    "add_integers",
    "holds_hash",
    "holds_value",
    "namespace_prefix",
]

MIN_INTEGER = -(2**63)
MAX_INTEGER = 2**63 - 1
"""`StateStore.incr` stays within signed 64 bits, as Redis does."""

NAMESPACE_SEPARATOR = "\x1f"


class Missing:
    """The type of `MISSING`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()
"""``compare_and_set(key, MISSING, value)``: only if the key does not exist."""


def namespace_prefix(parent: str, name: str) -> str:
    """The key prefix of a namespace inside another: no key of the parent, nor of a sibling, can start with it.

    Raises:
        InvalidInputError: empty name, or one with U+001F.
    """
    check_id(name, "namespace")
    if NAMESPACE_SEPARATOR in name:
        raise InvalidInputError("namespace contains U+001F, which separates namespaces")
    return f"{parent}{NAMESPACE_SEPARATOR}{name}{NAMESPACE_SEPARATOR}"


def add_integers(key: str, current: Any, amount: Any) -> int:
    """The sum for `StateStore.incr`.

    Raises:
        WrongTypeError: the key holds something other than an integer.
        InvalidInputError: ``amount`` is no integer, or the sum leaves signed 64 bits.
    """
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise InvalidInputError(f"amount must be an integer, got {amount!r}")
    if isinstance(current, bool) or not isinstance(current, int):
        raise WrongTypeError(f"key {key!r} holds no integer", hint="incr counts integers only")
    total = current + amount
    if not MIN_INTEGER <= total <= MAX_INTEGER:
        raise InvalidInputError(f"the sum for key {key!r} leaves signed 64 bits; the value was not changed")
    return total


def holds_hash(key: str) -> WrongTypeError:
    """The error for a key that holds a hash where a value is needed."""
    return WrongTypeError(f"key {key!r} holds a hash", hint="use the h... methods, or delete the key first")


def holds_value(key: str) -> WrongTypeError:
    """The error for a key that holds a value where a hash is needed."""
    return WrongTypeError(f"key {key!r} holds a value", hint="use get and set, or delete the key first")


class StateStore(ABC):
    """Values and hashes by key, each with an optional time to live.

    - A value is JSON and comes back with its type: ``"1"`` stays a string, ``1.0`` a float, None a stored None.
    - A key holds a value or a hash, never both: the wrong kind is a `WrongTypeError`.
    - TTLs are seconds (a float is fine), greater than 0; an expired key is gone at once for every method.
    - Keys are exact, 1 to 1024 UTF-8 bytes, without NUL and U+001F.
    - Safe to share between threads and processes; `incr` and `compare_and_set` are atomic.

    Constructors do no I/O. Errors are those of `praison_persist.errors`.
    """

    backend: str = "state"
    """Canonical backend name, for errors and reports."""

    def setup(self) -> None:
        """Create or migrate what the store needs; idempotent, safe when many processes race."""

    @abstractmethod
    def get(self, key: str) -> Any:
        """The value, or None where there is no such key (`exists` tells a stored None apart).

        Raises:
            WrongTypeError: the key holds a hash.
        """

    @abstractmethod
    def set(self, key: str, value: Any, ttl: float | None = None) -> None:
        """Store the value; without ``ttl`` it lives for ever, whatever the key's TTL was.

        Raises:
            SerializationError: the value is not JSON.
            WrongTypeError: the key holds a hash (delete it first).
        """

    @abstractmethod
    def delete(self, key: str) -> bool:
        """Delete a value or hash; whether it existed."""

    @abstractmethod
    def exists(self, key: str) -> bool:
        """Whether the key holds a value or a hash."""

    @abstractmethod
    def keys(self, pattern: str = "*") -> list[str]:
        """The live keys of this namespace that match the glob (see `praison_persist.globs`), sorted."""

    @abstractmethod
    def ttl(self, key: str) -> int | None:
        """Seconds left, rounded up, so at least 1; None where the key lives for ever or does not exist."""

    @abstractmethod
    def expire(self, key: str, ttl: float) -> bool:
        """Give an existing value or hash a new TTL; False where there is no such key."""

    @abstractmethod
    def hget(self, key: str, field: str) -> Any:
        """One field of a hash, or None where the key or the field does not exist.

        Raises:
            WrongTypeError: the key holds a value.
        """

    @abstractmethod
    def hset(self, key: str, field: str, value: Any) -> None:
        """Set one field; creates the hash (without a TTL), keeps the TTL of an existing one.

        Raises:
            WrongTypeError: the key holds a value.
        """

    @abstractmethod
    def hgetall(self, key: str) -> dict[str, Any]:
        """All fields; {} where there is no such key."""

    @abstractmethod
    def hdel(self, key: str, *fields: str) -> int:
        """Delete fields; how many existed. A hash without fields is gone."""

    @abstractmethod
    def incr(self, key: str, amount: int = 1) -> int:
        """Add to an integer value atomically and return the sum; a missing key counts as 0, a TTL is kept.

        Raises:
            WrongTypeError: the key holds something other than an integer.
            InvalidInputError: the sum leaves signed 64 bits.
        """

    @abstractmethod
    def compare_and_set(self, key: str, expected: Any, value: Any, *, ttl: float | None = None) -> bool:
        """Store ``value`` only if the key's value equals ``expected`` (same JSON type and value); whether it did.

        ``expected=MISSING`` stores only if the key does not exist. The TTL is replaced, as `set` does.
        """

    @abstractmethod
    def namespace(self, name: str) -> StateStore:
        """A view with keys of its own: neither sees the other's. Views share the connection; closing one closes all."""

    @abstractmethod
    def close(self) -> None:
        """Release connections; calling it again does nothing, any other call then is a `ClosedError`."""

    def health(self) -> StoreHealth:
        """Ask the server something cheap, and say what is known of it. Creates and migrates nothing in SQL stores."""
        self.exists("praison-persist-health")
        return StoreHealth(self.backend)

    def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """The values of the keys that exist, in one round trip where the engine can."""
        return {key: value for key in keys if (value := self.get(key)) is not None or self.exists(key)}

    def set_many(self, values: Mapping[str, Any], ttl: float | None = None) -> None:
        """Store several values, in one round trip where the engine can."""
        for key, value in values.items():
            self.set(key, value, ttl)

    def scan_prefix(self, prefix: str) -> Iterator[str]:
        """Live keys that start with exactly this text, page by page; never blocks the server."""
        yield from (key for key in self.keys() if key.startswith(prefix))

    def get_json(self, key: str) -> Any:
        """The value; a stored string is parsed as JSON text (as PraisonAI's stores do)."""
        value = self.get(key)
        return json.loads(value) if isinstance(value, str) else value

    def set_json(self, key: str, value: Any, ttl: float | None = None) -> None:
        """Store the value as JSON text, for `get_json`."""
        self.set(key, json.dumps(value), ttl)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()


class AsyncStateStore(ABC):
    """The contract of `StateStore` with the same names, as coroutines (`scan_prefix` is an async iterator)."""

    backend: str = "state"

    async def setup(self) -> None:
        """See `StateStore.setup`."""

    @abstractmethod
    async def get(self, key: str) -> Any:
        """See `StateStore.get`."""

    @abstractmethod
    async def set(self, key: str, value: Any, ttl: float | None = None) -> None:
        """See `StateStore.set`."""

    @abstractmethod
    async def delete(self, key: str) -> bool:
        """See `StateStore.delete`."""

    @abstractmethod
    async def exists(self, key: str) -> bool:
        """See `StateStore.exists`."""

    @abstractmethod
    async def keys(self, pattern: str = "*") -> list[str]:
        """See `StateStore.keys`."""

    @abstractmethod
    async def ttl(self, key: str) -> int | None:
        """See `StateStore.ttl`."""

    @abstractmethod
    async def expire(self, key: str, ttl: float) -> bool:
        """See `StateStore.expire`."""

    @abstractmethod
    async def hget(self, key: str, field: str) -> Any:
        """See `StateStore.hget`."""

    @abstractmethod
    async def hset(self, key: str, field: str, value: Any) -> None:
        """See `StateStore.hset`."""

    @abstractmethod
    async def hgetall(self, key: str) -> dict[str, Any]:
        """See `StateStore.hgetall`."""

    @abstractmethod
    async def hdel(self, key: str, *fields: str) -> int:
        """See `StateStore.hdel`."""

    @abstractmethod
    async def incr(self, key: str, amount: int = 1) -> int:
        """See `StateStore.incr`."""

    @abstractmethod
    async def compare_and_set(self, key: str, expected: Any, value: Any, *, ttl: float | None = None) -> bool:
        """See `StateStore.compare_and_set`."""

    @abstractmethod
    def namespace(self, name: str) -> AsyncStateStore:
        """See `StateStore.namespace`; does no I/O."""

    @abstractmethod
    async def close(self) -> None:
        """See `StateStore.close`."""

    async def health(self) -> StoreHealth:
        """See `StateStore.health`."""
        await self.exists("praison-persist-health")
        return StoreHealth(self.backend)

    async def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """See `StateStore.get_many`."""
        return {key: value for key in keys if (value := await self.get(key)) is not None or await self.exists(key)}

    async def set_many(self, values: Mapping[str, Any], ttl: float | None = None) -> None:
        """See `StateStore.set_many`."""
        for key, value in values.items():
            await self.set(key, value, ttl)

    async def scan_prefix(self, prefix: str) -> AsyncIterator[str]:
        """See `StateStore.scan_prefix`."""
        for key in await self.keys():
            if key.startswith(prefix):
                yield key

    async def get_json(self, key: str) -> Any:
        """See `StateStore.get_json`."""
        value = await self.get(key)
        return json.loads(value) if isinstance(value, str) else value

    async def set_json(self, key: str, value: Any, ttl: float | None = None) -> None:
        """See `StateStore.set_json`."""
        await self.set(key, json.dumps(value), ttl)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.close()
