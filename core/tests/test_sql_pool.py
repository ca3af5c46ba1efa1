"""The pool of blocking drivers: how many, for whom, and what a server that is away means for those who wait."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from praison_persist.errors import ClosedError, OperationTimeoutError
from praison_persist.sql import Pool, is_quiet


class Server:
    """What a pool connects to; connections are numbers."""

    def __init__(self) -> None:
        self.numbers = count(1)
        self.open: set[int] = set()
        self.dead: set[int] = set()
        self.away: Exception | None = None
        self.gate: threading.Event | None = None
        self.attempts = 0

    def connect(self) -> int:
        self.attempts += 1
        if self.gate is not None:
            assert self.gate.wait(20)
        if self.away is not None:
            raise self.away
        number = next(self.numbers)
        self.open.add(number)
        return number

    def pool(self, size: int = 2, timeout: float = 20.0, **options: Any) -> Pool[int]:
        usable: Callable[[int], bool] = lambda number: number not in self.dead  # noqa: E731
        return Pool(self.connect, self.open.remove, usable, size=size, timeout=timeout, place="here", **options)


@pytest.fixture
def server() -> Server:
    return Server()


class Caller(threading.Thread):
    """Acquires in a thread; started and known to wait when the constructor returns, unless it was served at once."""

    def __init__(self, pool: Any) -> None:
        super().__init__(daemon=True)
        self.pool, self.got, self.error = pool, 0, None
        before = len(pool._line)
        self.start()
        until(lambda: not self.is_alive() or len(pool._line) > before or pool._opening > 0)

    def run(self) -> None:
        try:
            self.got = self.pool.acquire()
        except Exception as error:
            self.error: Exception | None = error

    def end(self) -> Caller:
        self.join(20)
        assert not self.is_alive()
        return self


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_a_connection_given_back_is_used_again(server: Server) -> None:
    pool = server.pool()
    first = pool.acquire()
    pool.release(first)
    assert pool.acquire() == first
    assert server.attempts == 1


def test_there_are_never_more_than_its_size(server: Server) -> None:
    pool = server.pool(size=3)
    most = 0

    def work() -> None:
        nonlocal most
        for _ in range(50):
            connection = pool.acquire()
            most = max(most, len(server.open))
            pool.release(connection, broken=connection % 3 == 0)

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert 1 <= most <= 3
    pool.close()
    assert server.open == set(), "none was lost, none was left open"


def test_those_who_wait_are_served_in_turn(server: Server) -> None:
    pool = server.pool(size=1)
    held = pool.acquire()
    callers = [Caller(pool) for _ in range(3)]
    for caller in callers:
        pool.release(held)
        assert caller.end().got == held


def test_an_empty_pool_is_waited_for_up_to_the_deadline(server: Server) -> None:
    pool = server.pool(size=1, timeout=0.05)
    held = pool.acquire()
    with pytest.raises(OperationTimeoutError, match=r"no connection to here was free within 0\.05 s"):
        pool.acquire()
    pool.release(held)
    assert pool.acquire() == held, "who gave up is not served any more"


def test_a_broken_connection_makes_room_for_the_next_in_line(server: Server) -> None:
    pool = server.pool(size=1)
    held = pool.acquire()
    caller = Caller(pool)
    pool.release(held, broken=True)
    assert caller.end().got == held + 1
    assert server.open == {held + 1}


def test_an_idle_connection_that_died_is_replaced(server: Server) -> None:
    pool = server.pool()
    first, second = pool.acquire(), pool.acquire()
    pool.release(first)
    pool.release(second)
    server.dead = {first, second}
    assert pool.acquire() == 3
    assert server.open == {3}


def test_without_any_connection_everyone_who_waits_hears_at_once_that_the_server_is_away(server: Server) -> None:
    pool = server.pool(size=1)
    server.gate, server.away = threading.Event(), OSError("refused")
    callers = [Caller(pool) for _ in range(4)]
    server.gate.set()
    assert [str(caller.end().error) for caller in callers] == ["refused"] * 4
    assert server.attempts == 1


def test_a_server_that_came_back_is_used_by_the_next_call(server: Server) -> None:
    pool = server.pool()
    server.away = OSError("refused")
    for _ in range(5):
        with pytest.raises(OSError, match="refused"):
            pool.acquire()
    server.away = None
    assert [pool.acquire(), pool.acquire()] == [1, 2]


def test_a_pool_that_is_busy_is_not_taken_for_one_whose_server_is_away(server: Server) -> None:
    pool = server.pool(size=2)
    held = pool.acquire()
    server.gate, server.away = threading.Event(), OSError("too many connections")
    unlucky = Caller(pool)
    waiting = Caller(pool)
    pool.release(held)
    assert waiting.end().got == held
    server.gate.set()
    assert unlucky.end().error is server.away


def test_an_interrupted_attempt_leaves_its_place_to_the_next(server: Server) -> None:
    pool = server.pool(size=1)

    def interrupt() -> int:
        raise KeyboardInterrupt

    pool._connect = interrupt
    with pytest.raises(KeyboardInterrupt):
        pool.acquire()
    pool._connect = server.connect
    assert pool.acquire() == 1


def test_an_interrupted_wait_loses_no_connection(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = server.pool(size=1)
    held = pool.acquire()
    real = threading.Event.wait

    def interrupted(event: threading.Event, seconds: float | None = None) -> bool:
        monkeypatch.setattr(threading.Event, "wait", real)
        pool.release(held)  # its turn comes in the same moment
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Event, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pool.acquire()
    assert pool.acquire() == held


def test_connections_unused_for_long_are_closed(server: Server) -> None:
    pool = server.pool(idle_seconds=0.01)
    first, second = pool.acquire(), pool.acquire()
    pool.release(first)
    time.sleep(0.05)
    pool.release(second)
    assert server.open == {second}


def test_an_old_connection_is_closed_when_it_is_given_back(server: Server) -> None:
    pool = server.pool(life_seconds=0.01)
    first = pool.acquire()
    time.sleep(0.05)
    pool.release(first)
    assert server.open == set()
    assert pool.acquire() == 2


def test_closing_refuses_those_who_wait_and_closes_the_rest_when_given_back(server: Server) -> None:
    pool = server.pool(size=2)
    first, second = pool.acquire(), pool.acquire()
    pool.release(second)
    assert pool.acquire() == second
    caller = Caller(pool)
    pool.close()
    assert isinstance(caller.end().error, ClosedError)
    with pytest.raises(ClosedError):
        pool.acquire()
    pool.release(first)
    pool.release(second)
    assert server.open == set()


def test_a_socket_is_quiet_until_its_other_end_says_something_or_goes() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        assert is_quiet(ours.fileno())
        theirs.close()
        until(lambda: not is_quiet(ours.fileno()))
