"""What a framework's vector store raises, as the contract's errors. An engine's own classes are not known here."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from ..errors import OperationTimeoutError, PersistError, UnavailableError, UnsupportedError

__all__ = ["translated"]


@contextmanager
def translated(where: str, *, write: bool = False) -> Generator[None]:
    """Around every use of a vector store. Its message stays in ``__cause__``, since it may hold a secret.

    Raises:
        OperationTimeoutError, UnavailableError, PersistError: it failed, by the name of its error; after a write the
            outcome is unknown, and ``ambiguous`` is set.
        UnsupportedError: it does not implement the method.
    """
    try:
        yield
    except PersistError:
        raise
    except NotImplementedError as exc:
        raise UnsupportedError(f"{where} does not implement what is needed here") from exc
    except Exception as exc:
        error = _kind(exc)(
            f"{where} failed with {type(exc).__name__}", hint="the vector store's own error is the cause"
        )
        error.ambiguous = write
        raise error from exc


def _kind(exc: Exception) -> type[PersistError]:
    name = type(exc).__name__
    if isinstance(exc, TimeoutError) or "Timeout" in name:
        return OperationTimeoutError
    if isinstance(exc, OSError) or any(word in name for word in _UNREACHABLE):
        return UnavailableError
    return PersistError


_UNREACHABLE = ("Connect", "Unavailable", "ResponseHandling", "Network", "Transport")
