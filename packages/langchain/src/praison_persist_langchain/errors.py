"""What a vector store raises, as the contract's errors. A partner's own classes are not known here."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from praison_persist.errors import OperationTimeoutError, PersistError, UnavailableError, UnsupportedError

__all__ = ["translated"]


@contextmanager
def translated(where: str, *, write: bool = False) -> Generator[None]:
    """Around every use of a vector store. Its message stays in ``__cause__``, since it may hold a secret.

    Raises:
        OperationTimeoutError, UnavailableError: it failed; after a ``write`` of unknown outcome `ambiguous` is set.
        UnsupportedError: it does not implement the method.
    """
    try:
        yield
    except PersistError:
        raise
    except NotImplementedError as exc:
        raise UnsupportedError(f"{where} does not implement what is needed here") from exc
    except Exception as exc:
        late = isinstance(exc, TimeoutError) or "Timeout" in type(exc).__name__
        error = (OperationTimeoutError if late else UnavailableError)(f"{where} failed with {type(exc).__name__}")
        error.ambiguous = write
        raise error from exc
