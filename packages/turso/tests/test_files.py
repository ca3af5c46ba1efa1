"""What a store on a local file does when the file is wrong, busy or damaged, or its process is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.errors import ClosedError, OperationTimeoutError, UnavailableError
from praison_persist_turso import AsyncTursoConversationStore, TursoConversationStore

WRITE = """
import sys
from praison_persist import ConversationMessage
from praison_persist_turso import TursoConversationStore
path, name, count = sys.argv[1:]
with TursoConversationStore(local_path=path) as store:
    for i in range(int(count)):
        store.add_message("s", ConversationMessage(id=f"{name}-{i}", role="user", content="x" * 500))
        print(f"{name}-{i}", flush=True)
"""


def message(id_: str) -> ConversationMessage:
    return ConversationMessage(id=id_, role="user", content="hi")


def writer(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITE, str(path), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process holds the file meanwhile; in this one, two SQLite libraries do not see each other's locks."""
    code = (
        "import sqlite3, sys\nconnection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "connection.execute('BEGIN IMMEDIATE'); print('locked', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield
        process.stdin.close()


def test_a_directory_that_does_not_exist_is_an_error_that_says_so(tmp_path: Path) -> None:
    with TursoConversationStore(local_path=tmp_path / "no" / "it.db", retry_delay=0) as store:
        with pytest.raises(UnavailableError, match="nable to open") as failure:
            store.setup()
        assert "directory" in str(failure.value)


def test_a_file_of_another_kind_is_an_error_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "it.db"
    path.write_text("this is no database, but long enough to have a header" * 100)
    before = path.read_bytes()
    with TursoConversationStore(local_path=path) as store, pytest.raises(UnavailableError, match="not a database"):
        store.setup()
    assert path.read_bytes() == before


def test_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "it.db"
    with TursoConversationStore(local_path=path) as store:
        store.create_session(ConversationSession("s"))
        store.add_messages("s", [message(str(i)) for i in range(500)])
    whole = bytearray(path.read_bytes())
    whole[4096:] = b"\xff" * (len(whole) - 4096)
    path.write_bytes(whole)
    with TursoConversationStore(local_path=path) as store, pytest.raises(UnavailableError, match="restore a backup"):
        store.get_messages("s")


def test_a_file_that_another_process_locks_is_waited_for_up_to_the_deadline(tmp_path: Path) -> None:
    path = tmp_path / "it.db"
    with TursoConversationStore(local_path=path, timeout=0.3) as store:
        store.create_session(ConversationSession("s"))
        with locked(path), pytest.raises(OperationTimeoutError, match="locked"):
            store.add_message("s", message("m"))
        with locked(path):
            assert store.get_messages("s") == [], "reading does not wait"
        store.add_message("s", message("m"))


def test_two_stores_of_one_process_that_write_do_not_stop_each_other(tmp_path: Path) -> None:
    """The engine's own waiting would hold the interpreter's lock, so that the other never ends."""
    path = tmp_path / "it.db"
    with TursoConversationStore(local_path=path) as first, TursoConversationStore(local_path=path) as second:
        first.create_session(ConversationSession("s"))

        def write(store: TursoConversationStore, name: str) -> None:
            for i in range(50):
                store.add_messages("s", [message(f"{name}-{i}-{j}") for j in range(3)])

        threads = [threading.Thread(target=write, args=pair) for pair in ((first, "a"), (second, "b"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(first.get_messages("s")) == 300


def test_waiting_for_another_writer_does_not_stop_the_event_loop(tmp_path: Path) -> None:
    path = tmp_path / "it.db"

    async def main() -> int:
        async with AsyncTursoConversationStore(local_path=path, timeout=20) as store:
            await store.create_session(ConversationSession("s"))
            with locked(path):
                work = asyncio.ensure_future(store.add_message("s", message("m")))
                ticks, end = 0, time.monotonic() + 1.0
                while time.monotonic() < end:
                    await asyncio.sleep(0.01)
                    ticks += 1
                assert not work.done()
            await work
            return ticks

    assert asyncio.run(main()) > 10


def test_two_processes_that_write_keep_every_message(tmp_path: Path) -> None:
    path = tmp_path / "it.db"
    with TursoConversationStore(local_path=path) as store:
        store.create_session(ConversationSession("s"))
        writers = [writer(path, name, 100) for name in "ab"]
        assert [process.wait(120) for process in writers if process.communicate()] == [0, 0]
        assert len(store.get_messages("s")) == 200


def test_what_was_acknowledged_survives_a_killed_writer(tmp_path: Path) -> None:
    path = tmp_path / "it.db"
    with TursoConversationStore(local_path=path) as store:
        store.create_session(ConversationSession("s"))
    process = writer(path, "k", 100_000)
    assert process.stdout is not None
    seen = [process.stdout.readline().strip() for _ in range(50)]
    process.send_signal(signal.SIGKILL)
    seen += process.stdout.read().split("\n")[:-1]
    process.wait()
    with TursoConversationStore(local_path=path) as store:
        stored = [found.id for found in store.get_messages("s")]
        assert stored[: len(seen)] == seen
        assert len(stored) <= len(seen) + 1
        store.add_message("s", message("next"))
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def test_a_closed_store_refuses_instead_of_panicking(tmp_path: Path) -> None:
    store = TursoConversationStore(local_path=tmp_path / "it.db")
    store.setup()
    store.close()
    store.close()
    with pytest.raises(ClosedError):
        store.get_session("s")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_opens_its_own_connection(tmp_path: Path) -> None:
    code = (
        "import os, sys\nfrom praison_persist import *\nfrom praison_persist_turso import TursoConversationStore\n"
        "store = TursoConversationStore(local_path=sys.argv[1]); store.create_session(ConversationSession('s'))\n"
        "pid = os.fork()\n"
        "store.add_message('s', ConversationMessage(role='user', content='hi'))\n"
        "if not pid: os._exit(0)\n"
        "assert os.waitpid(pid, 0)[1] == 0\nassert len(store.get_messages('s')) == 2\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "it.db")], check=True, timeout=60)
