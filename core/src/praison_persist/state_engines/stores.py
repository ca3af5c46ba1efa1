"""The blocking store class over an engine: run, retry, name errors, and nothing else."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import PersistError, UnavailableError
from ..lifecycle import Lifecycle
from ..operated import OperatedStateStore
from ..operation import Operation
from ..retry import RetryPolicy
from .requests import Pause, Turn, has_written, is_write
from .turns import Turns

if TYPE_CHECKING:
    from .commands import CommandStates
    from .records import RecordStates

__all__ = ["Engine", "EngineStateStore", "failure"]

T = TypeVar("T")


class Engine(ABC):
    """What a backend supplies for a blocking client library. Its constructor does no I/O."""

    def setup(self) -> None:
        """Create what the store needs (a table, an index); idempotent, safe when many processes race."""

    @abstractmethod
    def perform(self, request: Any) -> Any:
        """The engine's answer to one request of the operations that the store is made with."""

    @abstractmethod
    def translate(self, error: Exception) -> PersistError | None:
        """The contract's error for an error of the library; None for errors that are not the engine's."""

    @abstractmethod
    def close(self) -> None:
        """Release connections; called once."""


def failure(error: Exception, request: Any, translated: PersistError | None, *, written: bool = False) -> PersistError:
    """The contract's error for what went wrong; the error itself where it is not the engine's, or said so itself.

    Args:
        error: what the engine raised.
        request: what it was asked for.
        translated: the error as the engine's package understands it.
        written: an earlier request of the same operation changed something.
    """
    if isinstance(error, PersistError):
        return error
    if translated is None:
        raise error
    if isinstance(translated, UnavailableError) and (written or is_write(request)):
        translated.ambiguous = True  # whether the engine heard us is unknown, or half was done
    return translated


class EngineStateStore(OperatedStateStore):
    """The state contract on a blocking engine.

    Args:
        engine: performs single requests.
        states: the operations; `CommandStates` or `RecordStates`.
        backend: canonical name.
        retry: what to do after a retryable error.
        auto_setup: call the engine's ``setup`` before the first operation.
    """

    def __init__(
        self,
        engine: Engine,
        states: CommandStates | RecordStates,
        *,
        backend: str,
        retry: RetryPolicy,
        auto_setup: bool = False,
    ) -> None:
        self.backend = backend
        self._states = states
        self._run = _Runner(engine, backend, retry, auto_setup)

    def scan_prefix(self, prefix: str) -> Iterator[str]:
        seen: set[str] = set()
        more: Any = None
        while True:
            page, more = self._run(self._states.page_keys(prefix, more))
            yield from (key for key in page if key not in seen)
            if more is None:
                return
            seen.update(page)


class _Runner:
    """Runs operations on the engine; shared by a store and its namespaces."""

    def __init__(self, engine: Engine, backend: str, retry: RetryPolicy, auto_setup: bool) -> None:
        self._engine = engine
        self._retry = retry
        self._lifecycle = Lifecycle(backend)
        self._ready = not auto_setup
        self._guard = threading.Lock()
        self._turns = Turns()

    def __call__(self, work: Operation[T]) -> T:
        with self._lifecycle(work.name):
            if not self._ready:
                with self._guard:
                    if not self._ready:
                        self._setup()
            return self._retry.call(lambda: self._drive(work), idempotent=work.idempotent)

    def setup(self) -> None:
        with self._lifecycle("setup"), self._guard:
            self._setup()

    def close(self) -> None:
        if self._lifecycle.close():
            self._engine.close()

    def _setup(self) -> None:
        self._retry.call(self._set_up)
        self._ready = True

    def _set_up(self) -> None:
        try:
            self._engine.setup()
        except Exception as error:
            raise failure(error, None, self._engine.translate(error)) from error

    def _drive(self, work: Operation[T]) -> T:
        steps = work.start()
        turn: Any = None
        written = False
        try:
            request = next(steps)
            while True:
                try:
                    if type(request) is Turn:
                        turn = self._turns.take(request)
                        reply = turn is not None
                    elif type(request) is Pause:
                        reply = time.sleep(request.seconds)
                    else:
                        try:
                            reply = self._engine.perform(request)
                        except Exception as error:
                            raise failure(error, request, self._engine.translate(error), written=written) from error
                        written = written or has_written(request, reply)
                except PersistError as error:
                    request = steps.throw(error)
                else:
                    request = steps.send(reply)
        except StopIteration as stop:
            return stop.value
        finally:
            if turn is not None:
                self._turns.give(turn)
