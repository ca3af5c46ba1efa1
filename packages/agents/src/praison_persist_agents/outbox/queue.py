"""A bounded, ordered queue between callers and a database that may be away. Knows no message.

Jobs of one lane (a session) run one after the other; lanes run side by side. A job that the database refuses for the
moment stays at the head of its lane, and is tried again, by a timer also when nobody calls. Writes that wait together
are stored together, where they say how.
"""

from __future__ import annotations

import atexit
import concurrent.futures
import logging
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from itertools import islice
from typing import Any

from praison_persist.background import Threads, background_loop
from praison_persist.errors import ClosedError, PersistError, UnavailableError

from .jobs import QUEUED, Job, Together, settle
from .status import OutboxStatus, QueueFullError, State, is_transient

__all__ = ["Outbox"]

logger = logging.getLogger(__name__)

_TOGETHER = 500
"""Jobs that one attempt takes at most."""


class Outbox:
    """Runs jobs in threads, in the order of their lanes.

    Args:
        limit: most writes that wait while the database is away; None for no bound.
        retry_delay: seconds before the first new attempt, doubled for each up to ``max_delay``.
        max_delay: seconds, the longest pause between attempts.
        workers: lanes that run side by side.
        away_state: what `status` calls it when the database is away.
    """

    def __init__(
        self, *, limit: int | None, retry_delay: float, max_delay: float, workers: int, away_state: State
    ) -> None:
        self._limit = limit
        self._retry_delay = retry_delay
        self._max_delay = max_delay
        self._workers = workers
        self._away_state: State = away_state
        self._used = False
        self._rejected = self._dropped = 0
        self._closed = False
        self._start()
        _outboxes.add(self)

    def _start(self) -> None:
        self._lock = threading.Condition()
        self._lanes: dict[str, deque[Job]] = {}
        self._active: set[str] = set()
        self._threads = Threads(self._workers)
        self._waiting = 0
        self._away_since: float | None = None
        self._attempts = 0
        self._probing = False
        self._last_error: str | None = None

    def after_fork(self) -> None:
        """Begin with an empty queue: what waits in the parent is the parent's to write."""
        self._start()

    # -- callers -------------------------------------------------------------------------------------------------------

    def post(
        self,
        lane: str,
        function: Callable[[], Any],
        *,
        value: Any = None,
        stays: bool = True,
        together: Together | None = None,
    ) -> Future[Any]:
        """Run the function behind what its lane holds.

        Args:
            lane: jobs of one lane never overtake each other.
            function: one attempt; may run again after an error that left its outcome unknown.
            value: what the job stands for, for `pending` and ``together``.
            stays: True for a write: its future ends when it is stored, or, with `QUEUED`, as soon as it has to wait
                for the database. False for a read: its future fails where the database is away.
            together: stores the values of several jobs that were posted with an equal function, in their order. Such
                jobs may overtake those with another one, which have nothing to do with them, but no other job.

        Raises:
            QueueFullError: the bound is reached; nothing was kept.
            ClosedError: `close` was called.
        """
        job = Job(lane, function, value, stays, together, time.monotonic())
        with self._lock:
            if self._closed:
                raise ClosedError("this was closed", hint="create a new one")
            self._used = True
            if stays and self._limit is not None and self._waiting >= self._limit:
                logger.error("a message was refused: %d writes wait already for the database", self._waiting)
                raise QueueFullError(
                    f"{self._waiting} writes wait already for the database; this one was not kept",
                    operation="queue",
                    hint="see status(); bring the database back, or raise queue_limit=",
                )
            if self._away_since is not None and not stays:
                settle(job.future, error=UnavailableError(f"the database is away: {self._last_error}"))
                return job.future
            self._lanes.setdefault(lane, deque()).append(job)
            self._waiting += stays
            if self._away_since is None:
                self._schedule(lane)
            else:
                settle(job.future, QUEUED)
                self._probe_later()
        return job.future

    def pending(self, lane: str, together: Together) -> list[Any]:
        """The values of the writes of a lane that wait and were posted with this function, oldest first."""
        with self._lock:
            return [job.value for job in self._lanes.get(lane, ()) if job.stays and job.together == together]

    @property
    def is_away(self) -> bool:
        """Whether the database gave no answer last."""
        return self._away_since is not None

    def was_late(self, error: PersistError) -> None:
        """A caller waited for the database until its deadline: the next ones do not, until the database answers."""
        self._went_away(error)

    def status(self) -> OutboxStatus:
        """A snapshot."""
        with self._lock:
            waits = [job.since for lane in self._lanes.values() for job in lane if job.stays]
            away = self._away_state if self._away_since is not None else "ok" if self._used else "idle"
            return OutboxStatus(
                state="closed" if self._closed else away,
                queued=len(waits),
                oldest_age=time.monotonic() - min(waits) if waits else 0.0,
                last_error=self._last_error,
                rejected=self._rejected,
                dropped=self._dropped,
            )

    def flush(self, timeout: float) -> bool:
        """Try now, and wait until nothing waits; whether that was reached within ``timeout`` seconds."""
        end = time.monotonic() + timeout
        with self._lock:
            while self._waiting:
                remaining = end - time.monotonic()
                if remaining <= 0:
                    return False
                self._schedule_all()
                self._lock.wait(min(remaining, self._retry_delay if self.is_away else remaining))
        return True

    def close(self, timeout: float, close_stores: Callable[[], None]) -> int:
        """Refuse new jobs, try for ``timeout`` seconds to write what waits, close; how many writes were given up."""
        with self._lock:
            if self._closed:
                return 0
            self._closed = True
        self.flush(timeout)
        with self._lock:
            jobs = [job for lane in self._lanes.values() for job in lane]
            given_up = sum(job.stays for job in jobs)
            self._dropped += given_up
            self._lanes.clear()
            self._waiting = 0
        for job in jobs:
            settle(job.future, error=UnavailableError("closed before this was stored"))
        if given_up:
            logger.error("closed while the database was away: %d writes were given up (%s)", given_up, self._last_error)
        try:
            self._threads.close(close_stores).result(timeout)
        except concurrent.futures.TimeoutError:
            logger.warning("the stores did not close within %g seconds", timeout)
        except RuntimeError:  # the interpreter is exiting: no new threads
            close_stores()
        return given_up

    # -- threads -------------------------------------------------------------------------------------------------------

    def _next(self, lane: str) -> list[Job]:
        """The job at the head of a lane, and those that may be stored together with it."""
        jobs = self._lanes.get(lane)
        if not jobs:
            return []
        head = jobs[0]
        found = [head]
        for job in islice(jobs, 1, _TOGETHER) if head.together is not None else ():
            if job.together is None:
                break
            if job.together == head.together:
                found.append(job)
        return found

    def _schedule(self, lane: str) -> None:
        if lane not in self._active and self._lanes.get(lane):
            self._active.add(lane)
            try:
                self._threads.submit(self._run_lane, lane)
            except RuntimeError:  # the interpreter is exiting: no new threads, see _at_exit
                self._active.discard(lane)

    def _schedule_all(self) -> None:
        for lane in list(self._lanes):
            self._schedule(lane)

    def _run_lane(self, lane: str) -> None:
        """Run the jobs of a lane until it is empty, or the database is away."""
        alone = 0  # so many are tried one by one, since the database refused one of them
        while True:
            with self._lock:
                jobs = self._next(lane)
                if not jobs:
                    self._active.discard(lane)
                    self._lanes.pop(lane, None)
                    return
            try:
                if len(jobs) > 1 and not alone:
                    alone = 0 if self._run_together(jobs) else len(jobs)
                else:
                    alone = max(0, alone - 1)
                    self._run(jobs[0])
            except Exception as error:
                self._went_away(error, lane)
                return

    def _run(self, job: Job) -> None:
        """One attempt; raises where the lane has to wait."""
        try:
            result = job.function()
        except Exception as error:
            if is_transient(error):
                raise
            self._finish([job], error=error)
            return
        self._came_back()
        self._finish([job], result=result)

    def _run_together(self, jobs: list[Job]) -> bool:
        """One attempt for all; False where one of them is refused for good, raises where the lane has to wait."""
        together = jobs[0].together
        assert together is not None  # noqa: S101 - see _next
        try:
            together([job.value for job in jobs])
        except Exception as error:
            if is_transient(error):
                raise
            return False
        self._came_back()
        self._finish(jobs)
        return True

    def _finish(self, done: list[Job], *, result: Any = None, error: Exception | None = None) -> None:
        with self._lock:
            jobs = self._lanes.get(done[0].lane)
            if not jobs or jobs[0] is not done[0]:  # given up meanwhile
                return
            for job in done:
                jobs.remove(job)
                self._waiting -= job.stays
                told = settle(job.future, result, error)
                if error is not None and not told:
                    self._rejected += 1
                    logger.error("the database refused a write for good: %s", error)
            self._lock.notify_all()

    def _went_away(self, error: Exception, lane: str | None = None) -> None:
        """Nobody waits any longer: writes are queued, reads fail. ``lane`` is the one whose attempt ended so."""
        with self._lock:
            if lane is not None:
                self._active.discard(lane)  # before the probe, which passes over lanes that run
            first = self._away_since is None
            if first:
                self._away_since = time.monotonic()
                self._attempts = 0
            self._last_error = str(error)
            for name, jobs in self._lanes.items():
                for job in jobs:
                    settle(job.future, QUEUED, None if job.stays else error)
                self._lanes[name] = deque(job for job in jobs if job.stays)
            self._probe_later()
        if first:
            bound = "as many as memory holds" if self._limit is None else f"at most {self._limit}"
            logger.warning(
                "the database is away; writes wait in this process (%s) and are stored in order when it is back: %s",
                bound,
                error,
            )

    def _came_back(self) -> None:
        with self._lock:
            if self._away_since is None:
                self._last_error = None
                return
            seconds = time.monotonic() - self._away_since
            self._away_since = self._last_error = None
            waiting = self._waiting
            self._schedule_all()
        logger.warning("the database is back after %.1f seconds; %d writes are being stored", seconds, waiting)

    def _probe_later(self) -> None:
        """Have the queue tried again after a pause, by the background loop, which sleeps without a thread of ours."""
        if self._probing or self._closed:
            return
        pause = min(self._max_delay, self._retry_delay * 2.0 ** min(self._attempts, 30))
        self._attempts += 1
        threads, reference = self._threads, weakref.ref(self)

        async def probe() -> None:
            import asyncio

            await asyncio.sleep(pause)
            outbox = reference()
            if outbox is not None and outbox._threads is threads:
                outbox._probe()

        try:
            background_loop().start(probe())
            self._probing = True
        except ClosedError:  # the interpreter is exiting: see _at_exit
            pass

    def _probe(self) -> None:
        with self._lock:
            self._probing = False
            # One lane asks for all: twenty would wait for twenty timeouts.
            lane = next((lane for lane, jobs in self._lanes.items() if jobs), None)
            if lane is not None and self.is_away:
                self._schedule(lane)

    def drain_here(self, timeout: float) -> None:
        """Write what waits, in the calling thread: at exit no other can be had."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            with self._lock:
                lane = next((lane for lane in self._lanes if lane not in self._active), None)
                if lane is None:
                    break
                self._active.add(lane)
            self._run_lane(lane)
            if self.is_away:
                break
        if lost := self.status().queued:
            logger.error("the program ends while the database is away: %d writes are lost", lost)


_outboxes: weakref.WeakSet[Outbox] = weakref.WeakSet()
_EXIT_SECONDS = 5.0


def _after_fork() -> None:
    for outbox in list(_outboxes):
        outbox.after_fork()


@atexit.register
def _at_exit() -> None:
    for outbox in list(_outboxes):
        if outbox.status().queued:
            outbox.drain_here(_EXIT_SECONDS)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
