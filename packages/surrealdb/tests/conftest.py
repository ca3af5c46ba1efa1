"""What the fault tests do to a server."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from praison_persist_testkit.faults import answering


@pytest.fixture
def freeze() -> Callable[[int], AbstractContextManager[None]]:
    """Stops a process for the length of a block: it keeps its connections and answers nothing."""

    @contextmanager
    def frozen(pid: int) -> Generator[None]:
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    return frozen


@pytest.fixture
def serve_http() -> Iterator[str]:
    """A web server that knows nothing of SurrealDB."""

    with answering(lambda _: (404, b"")) as url:
        yield url
