"""The one error tree of every store.

An error says what happened, on which backend and operation, and what to do next.
It must never carry a secret: build messages from redacted URLs (`praison_persist.urls.redact`).
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "AlreadyExistsError",
    "AmbiguousBackendError",
    "BackendNotInstalledError",
    "ClosedError",
    "ConfigurationError",
    "ConflictError",
    "DimensionMismatchError",
    "IncompatiblePluginError",
    "InvalidInputError",
    "MigrationError",
    "NotFoundError",
    "OperationTimeoutError",
    "PartialWriteError",
    "PersistError",
    "SerializationError",
    "UnavailableError",
    "UnknownBackendError",
    "UnsupportedError",
    "UnsupportedFilterError",
    "WrongTypeError",
]


class PersistError(Exception):
    """Base of every error that a store raises on purpose.

    Attributes:
        backend: canonical backend name (``"postgres"``), or None where no backend is involved.
        operation: contract method (``"add_message"``), or None.
        retryable: True when the same call may succeed later without a change by the caller.
        hint: the next step for a person, or None.
        ambiguous: True when a write may have taken effect although its outcome is unknown.
    """

    retryable: bool = False
    ambiguous: bool = False

    def __init__(
        self,
        message: str,
        *,
        backend: str | None = None,
        operation: str | None = None,
        retryable: bool | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.backend = backend
        self.operation = operation
        self.hint = hint
        if retryable is not None:
            self.retryable = retryable

    def __str__(self) -> str:
        where = ".".join(part for part in (self.backend, self.operation) if part)
        text = f"{where}: {self.message}" if where else self.message
        return f"{text}\nHint: {self.hint}" if self.hint else text

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, self.__dict__.copy())


def _rebuild(cls: type[PersistError], message: str, state: dict[str, Any]) -> PersistError:
    error = cls.__new__(cls)
    Exception.__init__(error, message)
    error.__dict__.update(state)
    return error


class ConfigurationError(PersistError, ValueError):
    """Wrong name, option, URL or combination of options; nothing was opened or written."""


class UnknownBackendError(ConfigurationError):
    """No registered backend has this name or alias."""


class AmbiguousBackendError(ConfigurationError):
    """Two different distributions claim one backend name."""


class IncompatiblePluginError(ConfigurationError):
    """A plugin was written for another API version of praison-persist."""


class BackendNotInstalledError(PersistError, ImportError):
    """The backend is known, but its plugin or driver cannot be imported."""


class InvalidInputError(PersistError, ValueError):
    """An argument is outside the contract; nothing was written."""


class DimensionMismatchError(InvalidInputError):
    """A vector's length is not the collection's dimension; nothing was written."""


class SerializationError(InvalidInputError):
    """A value cannot be stored and read back as itself; nothing was written."""


class UnavailableError(PersistError):
    """The server cannot be reached, or gave up on the connection."""

    retryable = True


class OperationTimeoutError(UnavailableError, TimeoutError):
    """The deadline passed: the outcome of a write is unknown, a retry of an idempotent one is safe."""


class PartialWriteError(PersistError):
    """A write of many batches stopped between two of them.

    Attributes:
        stored: how many items, counted from the first, are stored.
    """

    def __init__(self, message: str, *, stored: int, **about: Any) -> None:
        super().__init__(message, **about)
        self.stored = stored


class ClosedError(PersistError):
    """The store was closed."""


class ConflictError(PersistError):
    """The write contradicts what is stored (same message id with another body, compare-and-set lost)."""


class WrongTypeError(PersistError, TypeError):
    """The key holds another kind of value (a hash where a value is needed, or the reverse); it was not touched."""


class AlreadyExistsError(PersistError):
    """Something with this id or name exists; it was not touched."""


class NotFoundError(PersistError, LookupError):
    """The session, collection or key that the operation needs does not exist."""


class UnsupportedError(PersistError, NotImplementedError):
    """This backend cannot do what was asked; the docs say why."""


class UnsupportedFilterError(UnsupportedError):
    """The filter cannot be evaluated by this backend; nothing was read or deleted."""


class MigrationError(PersistError):
    """The stored schema cannot be brought to the version that this release needs."""
