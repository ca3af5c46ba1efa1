"""The files of PraisonAI's JSON store: read in place, converted on the first write, merged if it writes on.

The fixtures were written by praisonai 4.7.19; their names hold no colon so that they can be checked out anywhere.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.errors import AlreadyExistsError, SerializationError
from praison_persist_json import JSONConversationStore
from praison_persist_testkit.faults import exit_code_of

FIXTURES = Path(__file__).parent / "praisonai_4_7_19"
CHAT = "chat-1:a.b"
CONTENTS = ["Wie spät ist es? 🕰\x00", None, "12:00", "12:00, the retry", "Zwölf Uhr.\n"]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="PraisonAI's file names may hold colons")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory as PraisonAI left it."""
    for fixture in FIXTURES.iterdir():
        document = json.loads(fixture.read_text())
        name = document["session"]["session_id"] if "session" in document else "_sessions_index"
        shutil.copy(fixture, tmp_path / f"{name}.json")
    return tmp_path


def message(id_: str, content: str = "text") -> ConversationMessage:
    return ConversationMessage(id=id_, role="user", content=content, created_at=1.0)


def contents(store: JSONConversationStore, session_id: str = CHAT) -> list[Any]:
    return [found.content for found in store.get_messages(session_id)]


def snapshot(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_what_praisonai_wrote_reads_back_whole_in_stored_order_without_touching_it(directory: Path) -> None:
    before = snapshot(directory)
    store = JSONConversationStore(directory)
    session = store.get_session(CHAT)
    assert session is not None
    assert (session.user_id, session.agent_id, session.name) == ("ada", "helper", "Grüße")
    assert (session.state, session.metadata, session.created_at) == ({"step": 2, "open": []}, {}, 1700000000.25)
    assert contents(store) == CONTENTS
    assert [found.content for found in store.iter_messages(CHAT)] == CONTENTS
    called = store.get_messages(CHAT)[1]
    assert called.tool_calls == [{"id": "c1", "type": "function", "function": {"name": "clock", "arguments": "{}"}}]
    assert called.metadata == {"tokens": 12, "nested": {"a": [1, None, True]}}
    assert [found.id for found in store.get_messages(CHAT, limit=2)] == ["m3", "m4"]
    assert [found.id for found in store.get_messages(CHAT, before=1700000001.0)] == ["m3"]
    assert store.get_messages("Empty_2") == []
    assert snapshot(directory) == before


def test_sessions_of_both_formats_are_listed_together(directory: Path) -> None:
    store = JSONConversationStore(directory)
    store.create_session(ConversationSession("new", user_id="ada", created_at=5.0, updated_at=5.0))
    assert [session.session_id for session in store.list_sessions()] == [CHAT, "compact", "Empty_2", "new"]
    assert [session.session_id for session in store.list_sessions(user_id="ada")] == [CHAT, "compact", "new"]
    assert [session.session_id for session in store.iter_sessions()] == [CHAT, "compact", "Empty_2", "new"]


def test_the_list_follows_what_praisonai_goes_on_to_write(directory: Path) -> None:
    store = JSONConversationStore(directory)
    assert len(store.list_sessions(user_id="bob")) == 0
    path = directory / "Empty_2.json"
    path.write_text(path.read_text().replace('"user_id": null', '"user_id": "bob"'))
    assert [session.session_id for session in store.list_sessions(user_id="bob")] == ["Empty_2"]


def test_creating_a_session_that_praisonai_has_is_refused(directory: Path) -> None:
    before = snapshot(directory)
    with pytest.raises(AlreadyExistsError):
        JSONConversationStore(directory).create_session(ConversationSession(CHAT))
    assert snapshot(directory).items() >= before.items()


WRITES: dict[str, Callable[[JSONConversationStore], object]] = {
    "add_message": lambda store: store.add_message(CHAT, message("new")),
    "update_session": lambda store: store.update_session(ConversationSession(CHAT, name="renamed")),
    "upsert_session": lambda store: store.upsert_session(ConversationSession(CHAT, name="renamed")),
    "delete_messages": lambda store: store.delete_messages(CHAT, ["absent"]),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=list(WRITES))
def test_the_first_write_converts_and_keeps_every_message(
    directory: Path, write: Callable[[JSONConversationStore], object]
) -> None:
    original = (directory / f"{CHAT}.json").read_bytes()
    store = JSONConversationStore(directory)
    write(store)
    assert contents(store)[:5] == CONTENTS
    assert contents(JSONConversationStore(directory))[:5] == CONTENTS
    assert not (directory / f"{CHAT}.json").exists()
    (kept,) = directory.glob("*/praisonai-*.json")
    assert kept.read_bytes() == original
    assert [session.session_id for session in store.list_sessions()].count(CHAT) == 1


def test_a_converted_session_is_an_ordinary_one(directory: Path) -> None:
    store = JSONConversationStore(directory)
    store.add_message(CHAT, message("m5"))
    store.add_message(CHAT, message("m5"))
    assert contents(store) == [*CONTENTS, "text"]
    assert store.delete_messages(CHAT, ["m3"]) == 2
    assert [found.id for found in store.get_messages(CHAT)] == ["m1", "m2", "m4", "m5"]


def test_deleting_messages_of_a_converted_session_deletes_the_original_too(directory: Path) -> None:
    store = JSONConversationStore(directory)
    store.add_message(CHAT, message("m5"))
    assert store.delete_messages(CHAT) == 6
    assert list(directory.glob("*/praisonai-*.json")) == []


@pytest.mark.parametrize("converted", [True, False])
def test_a_deleted_session_leaves_no_trace_but_praisonais_index(directory: Path, converted: bool) -> None:
    store = JSONConversationStore(directory)
    if converted:
        store.add_message(CHAT, message("m5"))
    assert store.delete_session(CHAT)
    assert not store.delete_session(CHAT)
    assert store.get_session(CHAT) is None
    left = {name for name, data in snapshot(directory).items() if b"Zw" in data}
    assert left == set()
    store.create_session(ConversationSession(CHAT))
    assert contents(store) == []


def test_values_that_json_does_not_have_survive_the_conversion(directory: Path) -> None:
    store = JSONConversationStore(directory)
    store.add_message("compact", message("m"))
    session = store.get_session("compact")
    assert session is not None
    assert session.state is not None
    assert math.isnan(session.state["not a number"])


def test_a_session_that_praisonai_creates_and_appends_to_again_is_merged(directory: Path) -> None:
    store = JSONConversationStore(directory)
    store.add_message(CHAT, message("ours"))
    document = json.loads((FIXTURES / "chat.json").read_text())
    for number in range(2):
        theirs = {**document["messages"][0], "id": f"theirs-{number}", "content": f"theirs {number}"}
        document["messages"] = [*document["messages"], theirs]
        (directory / f"{CHAT}.json").write_text(json.dumps(document))
        reading = JSONConversationStore(directory)
        expected = [*CONTENTS, "text", *(f"theirs {n}" for n in range(number + 1))]
        assert contents(reading) == expected
        assert contents(store) == expected
        assert not (directory / f"{CHAT}.json").exists()


@pytest.mark.parametrize("converted", [False, True])
def test_what_praisonai_writes_during_the_conversion_is_not_lost(
    directory: Path, monkeypatch: pytest.MonkeyPatch, converted: bool
) -> None:
    store = JSONConversationStore(directory)
    path = directory / f"{CHAT}.json"
    document = json.loads(path.read_text())
    if converted:
        store.update_session(ConversationSession(CHAT))
        path.write_text(json.dumps(document))
    document["messages"].append({**document["messages"][0], "id": "late", "content": "late"})
    rename = Path.rename

    def late(self: Path, target: Path) -> Path:
        if self == path:
            (directory / ".conv-x.tmp").write_text(json.dumps(document))
            (directory / ".conv-x.tmp").replace(path)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", late)
    store.add_message(CHAT, message("ours"))
    assert contents(store) == [*CONTENTS, "late", "text"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"session": {}, "messages": {}}', '{"session": {"session_id":'])
def test_a_damaged_file_is_a_typed_error_that_names_it_and_hides_no_other_session(
    directory: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    path = directory / f"{CHAT}.json"
    path.write_text(text)
    store = JSONConversationStore(directory)
    for call in (
        lambda: store.get_session(CHAT),
        lambda: store.get_messages(CHAT),
        lambda: store.add_message(CHAT, message("m")),
    ):
        with pytest.raises(SerializationError, match="is damaged") as caught:
            call()
        assert str(path) in str(caught.value)
        assert caught.value.hint
    assert path.read_text() == text
    assert [session.session_id for session in store.list_sessions()] == ["compact", "Empty_2"]
    assert str(path) in caplog.text


def test_a_damaged_index_changes_nothing(directory: Path) -> None:
    (directory / "_sessions_index.json").write_text("{")
    store = JSONConversationStore(directory)
    assert len(store.list_sessions()) == 3
    assert contents(store) == CONTENTS


# -- crashes at every step ----------------------------------------------------------------------------------------

STEPS = [(os, "fsync"), (os, "open"), (os, "unlink"), (os, "rmdir")] + [
    (Path, name) for name in ("mkdir", "rename", "replace", "unlink")
]


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Run the work in a child that is killed before its nth step on the file system; whether it was."""
    pid = os.fork()
    if pid == 0:
        left = [step]

        def counting(call: Any) -> Any:
            def counted(*args: Any, **kwargs: Any) -> Any:
                left[0] -= 1
                if left[0] < 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return call(*args, **kwargs)

            return counted

        status = 1
        try:
            for owner, name in STEPS:
                setattr(owner, name, counting(getattr(owner, name)))
            work()
            status = 0
        finally:
            os._exit(status)
    code = exit_code_of(pid)
    assert code in (0, -signal.SIGKILL)
    return code != 0


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("converted", [False, True])
@pytest.mark.parametrize("write", WRITES.values(), ids=list(WRITES))
def test_a_crash_at_any_step_of_a_conversion_or_merge_loses_and_doubles_nothing(
    directory: Path, tmp_path_factory: pytest.TempPathFactory, write: Callable[[Any], object], converted: bool
) -> None:
    if converted:
        JSONConversationStore(directory).update_session(ConversationSession(CHAT))
        shutil.copy(FIXTURES / "chat.json", directory / f"{CHAT}.json")
    for step in range(200):
        copy = tmp_path_factory.mktemp("crash") / "c"
        shutil.copytree(directory, copy)
        crashed = killed_at(step, lambda copy=copy: write(JSONConversationStore(copy)))
        for _ in range(2):
            store = JSONConversationStore(copy)
            assert [session.session_id for session in store.list_sessions()].count(CHAT) == 1
            found = contents(store)
            assert found[:5] == CONTENTS
            assert found[5:] in ([], ["text"])
            write(store)
            assert contents(store)[:5] == CONTENTS
            assert len(contents(store)) <= 6
        if not crashed:
            assert step > 5
            return
    pytest.fail("the write never came to an end")


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("legacy", [False, True])
def test_a_crash_at_any_step_of_a_deletion_leaves_the_session_whole_or_gone(
    directory: Path, tmp_path_factory: pytest.TempPathFactory, legacy: bool
) -> None:
    if not legacy:
        JSONConversationStore(directory).update_session(ConversationSession(CHAT))
    for step in range(200):
        copy = tmp_path_factory.mktemp("crash") / "c"
        shutil.copytree(directory, copy)
        crashed = killed_at(step, lambda copy=copy: JSONConversationStore(copy).delete_session(CHAT))
        store = JSONConversationStore(copy)
        if store.get_session(CHAT) is not None:
            assert contents(store) == CONTENTS
            assert store.delete_session(CHAT)
        assert contents(store) == []
        store.create_session(ConversationSession(CHAT))
        assert contents(store) == []
        if not crashed:
            return
    pytest.fail("the deletion never came to an end")


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_crash_at_any_step_of_deleting_messages_deletes_all_of_them_or_none(
    directory: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    JSONConversationStore(directory).update_session(ConversationSession(CHAT))
    without = [*CONTENTS[:2], *CONTENTS[4:]]
    for step in range(200):
        copy = tmp_path_factory.mktemp("crash") / "c"
        shutil.copytree(directory, copy)
        crashed = killed_at(step, lambda copy=copy: JSONConversationStore(copy).delete_messages(CHAT, ["m3"]))
        store = JSONConversationStore(copy)
        assert contents(store) in (CONTENTS, without)
        store.delete_messages(CHAT, ["m3"])
        assert contents(store) == without
        if not crashed:
            return
    pytest.fail("the deletion never came to an end")
