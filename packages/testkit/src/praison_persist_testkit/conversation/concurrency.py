"""Clauses on threads, processes and event loops: nothing lost, nothing twice, nothing blocked."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from typing import Any

from praison_persist.errors import AlreadyExistsError, ConflictError

from ..exact import assert_records
from ..running import Handle, Harness, only
from ..suite import Suite, clause
from ..worker import run_workers
from .build import SID, contents, ids, message, messages, new_session, session

__all__ = ["AsyncOnly", "Concurrency"]


def assert_writers(found: list[str], writers: int, each: int) -> None:
    """Every writer's messages ``w-0``, ``w-1`` ... are there once, in that writer's order."""
    assert len(found) == len(set(found)), f"stored twice: {[one for one, n in Counter(found).items() if n > 1]}"
    for writer in range(writers):
        own = [text for text in found if text.startswith(f"{writer}-")]
        assert own == [f"{writer}-{i}" for i in range(each)], f"of writer {writer}"
    assert len(found) == writers * each


class Concurrency(Suite):
    """Many writers."""

    @clause
    async def test_many_writers_of_one_store_lose_nothing(self, harness: Harness) -> None:
        """A store is safe to share: what many write to one session is there once, in the order of each writer."""
        store = harness.opened[0]
        await new_session(store)

        async def write(writer: int) -> None:
            for i in range(50):
                text = f"{writer}-{i}"
                await store.add_message(SID, message(text, id=text))

        only(await harness.together(16, write))
        assert_writers(await contents(store), 16, 50)

    @clause(only="async")
    async def test_many_appends_at_once(self, harness: Harness) -> None:
        """Fifty appends in one `asyncio.gather` are fifty messages."""
        store = harness.opened[0]
        await new_session(store)
        await asyncio.gather(*(store.add_message(SID, item) for item in messages(50)))
        assert sorted(await ids(store)) == sorted(f"m{i}" for i in range(50))

    @clause
    async def test_batches_of_many_writers_stay_whole(self, harness: Harness) -> None:
        """A batch is atomic: concurrent batches lose nothing and each keeps its order."""
        store = harness.opened[0]
        await new_session(store)

        async def write(writer: int) -> None:
            for batch in range(5):
                texts = [f"{writer}-{batch * 10 + i}" for i in range(10)]
                await store.add_messages(SID, [message(text, id=text) for text in texts])

        only(await harness.together(8, write))
        assert_writers(await contents(store), 8, 50)

    @clause
    async def test_changes_of_one_session_are_all_kept(self, harness: Harness) -> None:
        """`change_session` is atomic: of many who each set a key of their own, none takes another's away."""
        store = harness.opened[0]
        await store.create_session(session(metadata={}))

        async def write(writer: int) -> None:
            def change(found: Any) -> None:
                found.metadata[f"{writer}-{len(found.metadata)}"] = writer

            for _ in range(5):
                await store.change_session(SID, change)

        only(await harness.together(8, write))
        stored = await store.get_session(SID)
        assert len(stored.metadata) == 40, "a change took another one away"

    @clause(processes=True)
    async def test_two_processes_lose_nothing(self, harness: Harness) -> None:
        """Two writers in two processes lose nothing and keep their order."""
        store = harness.opened[0]
        await new_session(store)
        await asyncio.to_thread(run_workers, harness.target, "append", 2, {"session_id": SID, "count": 100})
        assert_writers(await contents(store), 2, 100)

    @clause(shared=True)
    async def test_two_stores_lose_nothing(self, harness: Harness) -> None:
        """Two store objects on one database see one session, and both may write to it."""
        stores = [harness.opened[0], harness.open(), harness.open()]
        await new_session(stores[0])

        async def write(writer: int) -> None:
            for i in range(30):
                text = f"{writer}-{i}"
                await stores[writer].add_message(SID, message(text, id=text))

        only(await harness.together(3, write))
        for store in stores:
            assert_writers(await contents(store), 3, 30)

    @clause
    async def test_a_message_added_by_many_at_once_is_stored_once(self, harness: Harness) -> None:
        """`add_message` is idempotent in a race as well: one row, and no caller gets an error."""
        store = harness.opened[0]
        await new_session(store)
        for round_ in range(5):
            results = await harness.together(8, lambda _, n=round_: store.add_message(SID, message("same", id=f"m{n}")))
            assert len(only(results)) == 8
        assert await ids(store) == [f"m{i}" for i in range(5)]

    @clause
    async def test_one_of_many_conflicting_messages_wins(self, harness: Harness) -> None:
        """Of many messages with one id and different bodies one is stored, and the others are a `ConflictError`."""
        store = harness.opened[0]
        await new_session(store)
        for round_ in range(5):
            results = await harness.together(
                8, lambda i, n=round_: store.add_message(SID, message(f"body {i}", id=f"m{n}"))
            )
            winners = only(results, ConflictError)
            assert len(winners) == 1
            assert (await contents(store))[round_:] == [winners[0].content]

    @clause
    async def test_one_of_many_creators_wins(self, harness: Harness) -> None:
        """Of many that create one session one succeeds, and the others get an `AlreadyExistsError`."""
        store = harness.opened[0]
        for round_ in range(5):
            results = await harness.together(8, lambda i, n=round_: store.create_session(session(f"s{n}", name=str(i))))
            winners = only(results, AlreadyExistsError)
            assert len(winners) == 1
            assert (await store.get_session(f"s{round_}")).name == winners[0].name
        assert len(await store.list_sessions()) == 5

    @clause
    async def test_upsert_is_atomic(self, harness: Harness) -> None:
        """`upsert_session` is atomic: of many at once none fails, and the session is one of theirs, whole."""
        store = harness.opened[0]
        for round_ in range(5):
            results = await harness.together(
                8,
                lambda i, n=round_: store.upsert_session(session(f"s{n}", user_id=str(i), name=str(i), state={"i": i})),
            )
            assert len(only(results)) == 8
            found = await store.get_session(f"s{round_}")
            assert found.user_id == found.name == str(found.state["i"])
            assert [one.session_id for one in await store.list_sessions(found.user_id)].count(f"s{round_}") == 1
        assert len(await store.list_sessions()) == 5

    @clause
    async def test_readers_see_whole_batches_in_order(self, harness: Harness) -> None:
        """A reader beside a writer sees a prefix of what was written, never a part of a batch."""
        store = harness.opened[0]
        await new_session(store)

        async def work(i: int) -> list[int]:
            if i == 0:
                for batch in range(20):
                    await store.add_messages(SID, messages(5, f"{batch:02}-"))
                return []
            return [len(found) for _ in range(15) if (found := await ids(store)) == sorted(found) or not found]

        results = only(await harness.together(3, work))
        for sizes in results[1:]:
            assert len(sizes) == 15, "a reader saw messages out of order"
            assert sizes == sorted(sizes)
            assert not [size for size in sizes if size % 5], "a reader saw a part of a batch"

    @clause(shared=True)
    async def test_what_was_written_is_there_in_another_store(self, harness: Harness) -> None:
        """A message is durable when `add_message` returns: another store sees it, and so does one opened later."""
        store, second = harness.opened[0], harness.open()
        written = await new_session(store, count=3)
        assert_records(await second.get_messages(SID), written)
        await second.add_message(SID, message(id="second"))
        await store.close()
        third = harness.open()
        assert await ids(third) == ["m0", "m1", "m2", "second"]
        assert (await third.get_session(SID)).session_id == SID


class AsyncOnly(Suite):
    """What only an async store can get wrong."""

    @clause(only="async")
    async def test_the_event_loop_is_never_blocked(self, store: Handle) -> None:
        """An async store does not block its event loop, neither while it appends 10 MB nor while it reads much."""
        await new_session(store)
        gaps: list[float] = []
        stop = asyncio.Event()

        async def tick() -> None:
            last = time.monotonic()
            while not stop.is_set():
                await asyncio.sleep(0.005)
                gaps.append(time.monotonic() - last)
                last = time.monotonic()

        ticker = asyncio.create_task(tick())
        await store.add_message(SID, message("x" * (10 * 2**20)))
        await store.add_messages(SID, messages(1_000))
        for i in range(100):
            await store.add_message(SID, message(id=f"one {i}"))
        await store.get_messages(SID)
        stop.set()
        await ticker
        assert len(gaps) >= 3, "the loop ran nothing else meanwhile"
        assert max(gaps) < 1.0, f"the loop stood still for {max(gaps):.2f} s"

    @clause(only="async")
    async def test_a_cancelled_append_happened_or_did_not(self, store: Handle) -> None:
        """A cancelled append stored its message once or not at all; a retry makes it once, and the store goes on."""
        await new_session(store)
        for i in range(40):
            task = asyncio.create_task(store.add_message(SID, message(id=f"m{i}")))
            for _ in range(i % 20):
                await asyncio.sleep(0 if i < 20 else 0.0002)
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error
            assert (await ids(store)).count(f"m{i}") <= 1
            await store.add_message(SID, message(id=f"m{i}"))
        found = await ids(store)
        assert sorted(found) == sorted(f"m{i}" for i in range(40))

    @clause(only="async")
    async def test_a_cancelled_batch_is_whole_or_absent(self, store: Handle) -> None:
        """A cancelled batch was appended whole or not at all, and its retry appends what is missing."""
        await new_session(store)
        for i in range(10):
            batch = messages(20, f"{i}-")
            task = asyncio.create_task(store.add_messages(SID, batch))
            await asyncio.sleep(i * 0.0005)
            task.cancel()
            await asyncio.wait([task])
            stored = [id_ for id_ in await ids(store) if id_.startswith(f"{i}-")]
            assert len(stored) in (0, 20)
            await store.add_messages(SID, messages(20, f"{i}-"))
        assert await ids(store) == [f"{i}-{j}" for i in range(10) for j in range(20)]

    @clause(only="async")
    def test_event_loops_may_follow_each_other(self, harness: Harness) -> None:
        """One store may be used from several event loops, one after the other."""
        store = harness.opened[0]
        asyncio.run(_use(store, 0))
        asyncio.run(_use(store, 1))
        harness.run(_use(store, 2))
        failed: list[Any] = []

        def other_thread() -> None:
            try:
                asyncio.run(_use(store, 3))
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=other_thread)
        thread.start()
        thread.join()
        if failed:
            raise failed[0]
        assert harness.run(ids(store)) == [f"m{i}" for i in range(4)]


async def _use(store: Handle, round_: int) -> None:
    if round_ == 0:
        await new_session(store)
    await store.add_message(SID, message(id=f"m{round_}"))
    assert await ids(store) == [f"m{i}" for i in range(round_ + 1)]
