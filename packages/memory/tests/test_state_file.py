"""The file of the state store: durable when acknowledged, never torn, never shared by two processes unnoticed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from praison_persist.errors import (
    ClosedError,
    ConfigurationError,
    InvalidInputError,
    PersistError,
    SerializationError,
    UnavailableError,
    WrongTypeError,
)
from praison_persist_memory import MemoryStateStore
from praison_persist_testkit.faults import exit_code_of

FIXTURE = Path(__file__).parent / "praisonai_4_7_19_state.json"
"""Written by PraisonAI 4.7.19: values a, b, t (with a TTL), gone (expired) and empty, a hash h."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "state.json"


def child(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def data(path: Path) -> Any:
    return json.loads(path.read_text())["data"]


# -- durability ---------------------------------------------------------------------------------------------------


def test_a_process_that_is_killed_loses_no_acknowledged_write(path: Path) -> None:
    script = """
        import itertools, sys
        from praison_persist_memory import MemoryStateStore
        store = MemoryStateStore(sys.argv[1])
        for number in itertools.count():
            store.set(f"key-{number}", number)
            store.hset("hash", str(number), number)
            print(number, flush=True)
    """
    with child(script, path) as process:
        assert process.stdout is not None
        for _ in range(50):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        last = 49 + len(process.stdout.read().splitlines())
    with MemoryStateStore(path) as store:
        assert store.get_many([f"key-{number}" for number in range(last + 1)]) == {
            f"key-{number}": number for number in range(last + 1)
        }
        assert len(store.hgetall("hash")) >= last + 1


def test_every_kind_of_write_is_in_the_file_when_it_returns(path: Path) -> None:
    store = MemoryStateStore(path)
    store.set("a", 1)
    assert data(path) == {"a": 1}
    store.incr("a", 2)
    assert data(path) == {"a": 3}
    store.compare_and_set("a", 3, [4])
    assert data(path) == {"a": [4]}
    store.set_many({"b": None, "c": "ü\ud800"})
    assert data(path) == {"a": [4], "b": None, "c": "ü\ud800"}
    store.hset("h", "f", {"x": 1.0})
    assert data(path)["h"] == {"f": {"x": 1.0}}
    store.hdel("h", "f")
    assert "h" not in data(path)
    store.delete("c")
    assert "c" not in data(path)
    store.namespace("n").set("a", 5)
    assert data(path)["\x1fn\x1fa"] == 5
    before = time.time()
    store.expire("a", 1000)
    assert before + 999 < json.loads(path.read_text())["ttls"]["a"] < before + 1100
    store.clear()
    assert data(path) == {"\x1fn\x1fa": 5}
    store.close()


def test_what_was_saved_comes_back_with_kinds_types_ttls_and_namespaces(path: Path) -> None:
    with MemoryStateStore(path) as store:
        store.set("map", {"f": 1})
        store.set("text", '{"f": 1}')
        store.set("float", 1.0, ttl=1000)
        store.hset("hash", "f", {"x": [None]})
        store.namespace("n").set("map", True)
    with MemoryStateStore(str(path)) as store:
        assert store.keys() == ["float", "hash", "map", "text"]
        assert store.get("map") == {"f": 1}
        assert store.get("text") == '{"f": 1}'
        assert type(store.get("float")) is float
        assert (store.ttl("float") or 0) > 900
        assert store.hgetall("hash") == {"f": {"x": [None]}}
        assert store.namespace("n").get("map") is True
        with pytest.raises(WrongTypeError):
            store.hget("map", "f")
        with pytest.raises(WrongTypeError):
            store.get("hash")


def test_a_save_that_fails_is_an_error_and_the_write_did_not_happen(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with MemoryStateStore(path) as store:
        store.set("key", "old")
        before = path.read_bytes()
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            for write in (
                lambda: store.set("key", "new"),
                lambda: store.incr("count"),
                lambda: store.set_many({"one": 1, "two": 2}),
                lambda: store.delete("key"),
            ):
                with pytest.raises(UnavailableError, match="No space left") as caught:
                    write()
                assert caught.value.backend == "memory"
        assert store.keys() == ["key"]
        assert store.get("key") == "old"
        assert path.read_bytes() == before
        assert sorted(file.name for file in path.parent.iterdir()) == ["state.json", "state.json.lock"]
        assert store.incr("count") == 1


def test_a_value_that_is_not_json_is_refused_and_later_saves_go_on(path: Path) -> None:
    with MemoryStateStore(path) as store:
        with pytest.raises(SerializationError):
            store.set("bad", {1, 2})
        store.set("good", 1)
    assert data(path) == {"good": 1}


def test_an_existing_files_permissions_and_a_symbolic_link_to_it_are_kept(tmp_path: Path) -> None:
    real = tmp_path / "real.json"
    real.write_text("{}")
    real.chmod(0o640)
    link = tmp_path / "link.json"
    link.symlink_to(real)
    with MemoryStateStore(link) as store:
        store.set("key", 1)
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert data(real) == {"key": 1}


# -- when to save -------------------------------------------------------------------------------------------------


def test_without_auto_save_a_write_saves_only_when_the_interval_has_passed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with MemoryStateStore(path, auto_save=False, save_interval=60) as store:
        store.set("a", 1)
        now[0] += 59
        store.set("b", 2)
        assert not path.exists()
        now[0] += 1
        store.set("c", 3)
        assert data(path) == {"a": 1, "b": 2, "c": 3}
        store.set("d", 4)
        assert "d" not in data(path)
        store.flush()
        assert data(path)["d"] == 4
        store.set("e", 5)
    assert data(path)["e"] == 5


def test_nothing_is_written_when_nothing_changed(path: Path) -> None:
    with MemoryStateStore(path) as store:
        store.set("key", 1)
        before = path.stat().st_ino, path.stat().st_mtime_ns
        store.get("key")
        store.delete("absent")
        store.flush()
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == before


def test_the_arguments_are_those_of_praisonai_in_their_order(path: Path) -> None:
    with MemoryStateStore(str(path), True, 60) as store:
        store.set("key", 1)
    assert data(path) == {"key": 1}


def test_constructing_a_store_opens_nothing(path: Path) -> None:
    MemoryStateStore(path)
    assert not path.parent.exists()


@pytest.mark.parametrize(
    "options",
    [{"path": ""}, {"path": 5}, {"auto_save": 1}, {"save_interval": -1}, {"save_interval": "x"}, {"url": "redis://h"}],
)
def test_wrong_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises((ConfigurationError, InvalidInputError)):
        MemoryStateStore(**options)


def test_a_secret_in_a_foreign_url_is_not_shown() -> None:
    with pytest.raises(ConfigurationError) as caught:
        MemoryStateStore(url="redis://:hunter2@host/0")
    assert "hunter2" not in str(caught.value)


# -- more than one store ------------------------------------------------------------------------------------------


def test_two_stores_of_one_process_share_the_file_and_lose_nothing(path: Path) -> None:
    one, other = MemoryStateStore(path), MemoryStateStore(path.parent / "." / "state.json")
    one.set("from_one", 1)
    other.set("from_other", 2)
    assert one.get("from_other") == 2
    one.close()
    other.set("after", 3)
    other.close()
    assert data(path) == {"from_one": 1, "from_other": 2, "after": 3}
    with pytest.raises(ClosedError):
        other.get("after")


def test_a_second_process_gets_an_error_that_names_the_first(path: Path) -> None:
    script = """
        import sys
        from praison_persist_memory import MemoryStateStore
        store = MemoryStateStore(sys.argv[1])
        store.set("theirs", 1)
        print("open", flush=True)
        sys.stdin.read()
        store.close()
    """
    with child(script, path) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "open\n"
        store = MemoryStateStore(path)
        with pytest.raises(UnavailableError, match=f"locked by process {process.pid}") as caught:
            store.set("ours", 2)
        assert caught.value.hint
        process.stdin.close()
        process.wait(30)
        store.set("ours", 2)
        assert store.keys() == ["ours", "theirs"]
        store.close()


def test_a_process_that_died_holds_no_lock(path: Path) -> None:
    script = """
        import os, sys
        from praison_persist_memory import MemoryStateStore
        MemoryStateStore(sys.argv[1]).set("key", 1)
        os._exit(1)
    """
    with child(script, path) as process:
        assert process.wait(30) == 1
    with MemoryStateStore(path) as store:
        assert store.get("key") == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_cannot_write_over_its_parent(path: Path) -> None:
    store = MemoryStateStore(path)
    store.set("key", "parent")
    pid = os.fork()
    if pid == 0:
        errors: list[type[PersistError]] = []
        try:
            for opened in (store, MemoryStateStore(path)):
                try:
                    opened.set("key", "child")
                except PersistError as error:
                    errors.append(type(error))
            store.close()
        finally:
            os._exit(0 if errors == [ClosedError, UnavailableError] else 1)
    assert exit_code_of(pid) == 0
    store.set("more", 1)
    assert data(path) == {"key": "parent", "more": 1}
    store.close()


# -- other files --------------------------------------------------------------------------------------------------


def test_a_file_of_praisonai_opens_and_its_mappings_are_values_or_hashes_until_written(path: Path) -> None:
    path.parent.mkdir()
    shutil.copy(FIXTURE, path)
    with MemoryStateStore(path) as store:
        assert store.keys() == ["a", "b", "empty", "h", "t"]
        assert store.get("a") == {"x": 1}
        assert store.hgetall("h") == {"f": [1]}
        assert (store.get("b"), store.get("empty"), store.get("t")) == ("1", {}, 1.5)
        assert (store.ttl("t") or 0) > 10**6
        store.set("other", 1)
    with MemoryStateStore(path) as store:
        assert store.hget("a", "x") == 1
        assert store.get("h") == {"f": [1]}
        store.set("a", {"x": 2})
        store.hset("h", "g", 3)
        with pytest.raises(WrongTypeError):
            store.hget("a", "x")
        with pytest.raises(WrongTypeError):
            store.get("h")
        assert store.hgetall("h") == {"f": [1], "g": 3}


def test_a_saved_file_is_one_that_praisonai_reads(path: Path) -> None:
    with MemoryStateStore(path) as store:
        store.set("a", {"x": 1}, ttl=1000)
        store.hset("h", "f", 1)
    document = json.loads(path.read_text())
    assert document["data"] == {"a": {"x": 1}, "h": {"f": 1}}
    assert list(document["ttls"]) == ["a"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff", b'{"data": []}', b'{"data": {"a": 1}, "ttls": {"a": "x"}}']
)
def test_a_damaged_file_is_a_typed_error_and_stays_as_it_is(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    store = MemoryStateStore(path)
    with pytest.raises(SerializationError) as caught:
        store.set("key", 1)
    assert str(path) in str(caught.value)
    assert caught.value.hint
    assert path.read_bytes() == content
    path.unlink()
    store.set("key", 1)
    store.close()


def test_a_directory_that_cannot_be_made_is_a_typed_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match="cannot be opened"):
        MemoryStateStore(tmp_path / "file" / "state.json").get("key")
