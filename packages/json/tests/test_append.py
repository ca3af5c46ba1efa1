"""Appending: what it costs, what several processes keep, what a crash leaves."""

from __future__ import annotations

import io
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any, ClassVar

import pytest

from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.errors import ConflictError, NotFoundError, SerializationError, UnavailableError
from praison_persist_json import JSONConversationStore, files, log, store

WRITERS, EACH = 8, 1_000


def message(id_: str, content: str = "text") -> ConversationMessage:
    return ConversationMessage(id=id_, role="user", content=content, created_at=1.0)


@pytest.fixture
def opened(tmp_path: Path) -> JSONConversationStore:
    opened = JSONConversationStore(tmp_path)
    opened.create_session(ConversationSession("s"))
    return opened


def messages_file(directory: Path) -> Path:
    (found,) = directory.glob("s/messages-*.jsonl")
    return found


# -- cost ---------------------------------------------------------------------------------------------------------


class Counted(io.FileIO):
    """Counts the bytes that pass."""

    passed: ClassVar[dict[str, int]] = {"read": 0, "written": 0}

    def read(self, size: int = -1, /) -> bytes:  # type: ignore[override]
        data = super().read(size)
        Counted.passed["read"] += len(data)
        return data

    def write(self, data: Any, /) -> int:  # type: ignore[override]
        written = super().write(data)
        Counted.passed["written"] += written
        return written


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    monkeypatch.setattr(
        log,
        "open_to_append",
        lambda path: Counted(path, "r+b", opener=lambda name, flags: os.open(name, flags | os.O_APPEND)),
    )
    Counted.passed = {"read": 0, "written": 0}
    return Counted.passed


def cost(opened: JSONConversationStore, counted: dict[str, int], id_: str) -> tuple[int, int]:
    counted.update(read=0, written=0)
    opened.add_message("s", message(id_))
    return counted["read"], counted["written"]


def test_an_append_reads_nothing_and_writes_one_message_however_long_the_session_is(
    opened: JSONConversationStore, counted: dict[str, int]
) -> None:
    first = cost(opened, counted, "short-0001")
    opened.add_messages("s", [message(f"{number}") for number in range(20_000)])
    assert cost(opened, counted, "long-00001") == first
    assert first[0] == 0


def test_an_append_reads_only_what_another_process_appended_meanwhile(
    opened: JSONConversationStore, counted: dict[str, int], tmp_path: Path
) -> None:
    opened.add_messages("s", [message(f"{number}") for number in range(10_000)])
    before = messages_file(tmp_path).stat().st_size
    JSONConversationStore(tmp_path).add_message("s", message("theirs"))
    theirs = messages_file(tmp_path).stat().st_size - before
    assert cost(opened, counted, "ours")[0] == theirs


def test_reading_the_newest_costs_the_same_however_long_the_session_is(
    opened: JSONConversationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Reading:
        def __init__(self, file: Any) -> None:
            self.file, self.taken = file, 0

        def seek(self, *where: int) -> int:
            return self.file.seek(*where)

        def read(self, size: int) -> bytes:
            data = self.file.read(size)
            self.taken += len(data)
            return data

    readings: list[Reading] = []

    def counting(file: Any) -> Any:
        readings.append(Reading(file))
        return files.lines_backward(readings[-1])  # type: ignore[arg-type]

    monkeypatch.setattr(store, "lines_backward", counting)
    for number in range(100):
        opened.add_message("s", message(f"{number:05}"))
    opened.get_messages("s", limit=20)
    for start in range(100, 5_000, 100):
        opened.add_messages("s", [message(f"{number:05}") for number in range(start, start + 100)])
    for number in range(5_000, 5_100):
        opened.add_message("s", message(f"{number:05}"))
    assert [found.id for found in opened.get_messages("s", limit=20)] == [f"{n:05}" for n in range(5_080, 5_100)]
    short, long = readings
    assert long.taken == short.taken


def test_listing_sessions_reads_no_messages(opened: JSONConversationStore, tmp_path: Path) -> None:
    opened.add_message("s", message("m"))
    messages_file(tmp_path).write_bytes(b"not read\n")
    assert [session.session_id for session in opened.list_sessions()] == ["s"]
    assert opened.get_session("s") is not None


# -- several processes --------------------------------------------------------------------------------------------


def _append(directory: Path, writer: int) -> None:
    mine = JSONConversationStore(directory)
    for number in range(EACH):
        mine.add_message("s", message(f"{writer}-{number}"))


def test_eight_processes_append_a_thousand_messages_each_and_lose_none(
    opened: JSONConversationStore, tmp_path: Path
) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_append, args=(tmp_path, writer)) for writer in range(WRITERS)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * WRITERS
    ids = [found.id for found in opened.get_messages("s")]
    assert len(ids) == WRITERS * EACH
    for writer in range(WRITERS):
        own = [id_ for id_ in ids if id_.startswith(f"{writer}-")]
        assert own == [f"{writer}-{number}" for number in range(EACH)]


def test_a_retry_in_another_process_is_one_message(opened: JSONConversationStore, tmp_path: Path) -> None:
    opened.add_message("s", message("m"))
    other = JSONConversationStore(tmp_path)
    other.add_message("s", message("m"))
    with pytest.raises(ConflictError):
        other.add_message("s", message("m", "other"))
    assert len(opened.get_messages("s")) == 1


def test_a_rewrite_by_another_store_is_noticed_by_the_next_append(
    opened: JSONConversationStore, tmp_path: Path
) -> None:
    opened.add_messages("s", [message("a"), message("b"), message("c")])
    assert JSONConversationStore(tmp_path).delete_messages("s", ["b"]) == 1
    opened.add_message("s", message("b", "again"))
    assert [(found.id, found.content) for found in opened.get_messages("s")] == [
        ("a", "text"),
        ("c", "text"),
        ("b", "again"),
    ]


def test_a_session_deleted_and_created_anew_by_another_store_starts_empty(
    opened: JSONConversationStore, tmp_path: Path
) -> None:
    opened.add_message("s", message("a", "old"))
    other = JSONConversationStore(tmp_path)
    assert other.delete_session("s")
    with pytest.raises(NotFoundError):
        opened.add_message("s", message("b"))
    other.create_session(ConversationSession("s"))
    opened.add_message("s", message("a", "new"))
    assert [found.content for found in other.get_messages("s")] == ["new"]


# -- crashes ------------------------------------------------------------------------------------------------------


def test_a_process_killed_while_it_appends_loses_nothing_that_it_acknowledged(
    opened: JSONConversationStore, tmp_path: Path
) -> None:
    script = textwrap.dedent("""
        import itertools, sys
        from praison_persist.conversation import ConversationMessage
        from praison_persist_json import JSONConversationStore
        store, run = JSONConversationStore(sys.argv[1]), sys.argv[2]
        for number in itertools.count():
            store.add_messages("s", [
                ConversationMessage(id=f"{run}-{number}-{part}", role="user", content="x" * 5000) for part in range(3)
            ])
            print(number, flush=True)
    """)
    for run in range(5):
        with subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path), str(run)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            for _ in range(20 + run * 7):
                process.stdout.readline()
            process.send_signal(signal.SIGKILL)
            acknowledged = 20 + run * 7 + len(process.stdout.read().splitlines())
        found = [stored.id for stored in opened.get_messages("s") if stored.id.startswith(f"{run}-")]
        batches = len(found) // 3
        assert found == [f"{run}-{number}-{part}" for number in range(batches) for part in range(3)]
        assert acknowledged <= batches <= acknowledged + 1
    opened.add_message("s", message("after"))
    assert opened.get_messages("s", limit=1)[0].id == "after"


def test_wherever_a_write_was_torn_its_batch_never_appears_and_the_next_append_repairs_the_file(
    opened: JSONConversationStore, tmp_path: Path
) -> None:
    opened.add_message("s", message("kept"))
    path = messages_file(tmp_path)
    whole = path.read_bytes()
    line = log.frame(['{"id":"torn-1","content":"\\n]"}', '{"id":"torn-2"}'])
    for end in range(1, len(line)):
        path.write_bytes(whole + line[:end])
        fresh = JSONConversationStore(tmp_path)
        assert [found.id for found in fresh.get_messages("s")] == ["kept"]
        assert [found.id for found in fresh.iter_messages("s")] == ["kept"]
        fresh.add_message("s", message("next"))
        assert [found.id for found in fresh.get_messages("s")] == ["kept", "next"]


def test_a_full_disk_is_a_typed_error_and_the_message_is_not_there(
    opened: JSONConversationStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(UnavailableError, match="No space left") as caught:
            opened.add_message("s", message("m"))
    assert (caught.value.backend, caught.value.operation) == ("json", "add_message")
    assert opened.get_messages("s") == []
    opened.add_message("s", message("m"))
    assert [found.id for found in opened.get_messages("s")] == ["m"]


# -- damage -------------------------------------------------------------------------------------------------------


def _flip(path: Path, needle: bytes) -> None:
    content = path.read_bytes()
    assert needle in content
    path.write_bytes(content.replace(needle, needle[:-1] + b"#"))


def test_a_changed_line_is_a_typed_error_that_names_the_file_and_spares_other_sessions(
    opened: JSONConversationStore, tmp_path: Path
) -> None:
    opened.create_session(ConversationSession("other"))
    opened.add_message("other", message("fine"))
    opened.add_message("s", message("a", "first"))
    opened.add_message("s", message("b", "second"))
    path = messages_file(tmp_path)
    _flip(path, b"first")
    for read in (
        lambda: opened.get_messages("s"),
        lambda: list(opened.iter_messages("s")),
        lambda: JSONConversationStore(tmp_path).add_message("s", message("c")),
    ):
        with pytest.raises(SerializationError, match="the line at byte 0") as caught:
            read()
        assert str(path) in str(caught.value)
        assert caught.value.hint
    assert [found.id for found in opened.get_messages("s", limit=1)] == ["b"]
    assert [found.id for found in opened.get_messages("other")] == ["fine"]
    assert opened.delete_session("s")


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b"\xff", b'{"format":"praison-persist-json/1","messages":"../x","session":{}}']
)
def test_a_damaged_record_is_a_typed_error_and_the_list_shows_the_other_sessions(
    opened: JSONConversationStore, tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    opened.create_session(ConversationSession("other"))
    (tmp_path / "s" / "session.json").write_bytes(content)
    with pytest.raises(SerializationError) as caught:
        opened.get_session("s")
    assert "session.json" in str(caught.value)
    with pytest.raises(SerializationError):
        opened.add_message("s", message("m"))
    assert [session.session_id for session in opened.list_sessions()] == ["other"]
    assert "session.json" in caplog.text
    assert opened.delete_session("s")
    assert opened.get_session("s") is None


def test_a_lost_message_file_is_a_typed_error_and_not_an_empty_session(
    opened: JSONConversationStore, tmp_path: Path
) -> None:
    opened.add_message("s", message("m"))
    messages_file(tmp_path).unlink()
    with pytest.raises(SerializationError, match="does not exist any more"):
        opened.get_messages("s")
    with pytest.raises(SerializationError, match="does not exist any more"):
        opened.add_message("s", message("n"))


# -- options ------------------------------------------------------------------------------------------------------


def test_a_read_creates_nothing(tmp_path: Path) -> None:
    absent = JSONConversationStore(tmp_path / "absent")
    assert absent.get_session("s") is None
    assert absent.get_messages("s") == []
    assert absent.list_sessions() == []
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize("form", ["json://{}/a b", "json://{}/a%20b", "{}/a b", "JSON://{}/a b"])
def test_a_url_names_the_directory(tmp_path: Path, form: str) -> None:
    assert JSONConversationStore(url=form.format(tmp_path)).path == tmp_path / "a b"


def test_path_is_the_first_argument_and_has_a_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert JSONConversationStore(tmp_path, False).path == tmp_path
    assert JSONConversationStore().path == Path("praisonai_conversations")


@pytest.mark.parametrize(
    "options",
    [
        {"path": "a", "url": "b"},
        {"url": "redis://user:secret@host/0"},
        {"url": "json://"},
        {"path": ""},
        {"path": 5},
        {"pretty": "yes"},
        {"timeout": 0},
    ],
)
def test_wrong_options_are_refused_without_showing_a_secret(options: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)) as caught:
        JSONConversationStore(**options)
    assert "secret" not in str(caught.value)


def test_pretty_indents_the_record_and_nothing_else(tmp_path: Path) -> None:
    for pretty in (True, False):
        directory = tmp_path / str(pretty)
        opened = JSONConversationStore(directory, pretty=pretty)
        opened.create_session(ConversationSession("s", state={"note": "ü \ud800"}))
        opened.add_message("s", message("m"))
        assert ((directory / "s" / "session.json").read_text().count("\n") > 1) is pretty
        assert messages_file(directory).read_text().count("\n") == 1
        session = opened.get_session("s")
        assert session is not None
        assert session.state == {"note": "ü \ud800"}
