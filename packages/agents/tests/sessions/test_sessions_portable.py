"""Export and import: the same payload from and into every store."""

from __future__ import annotations

import json
from typing import Any

import pytest

from praison_persist.errors import InvalidInputError, UnavailableError
from praison_persist_agents.sessions import DefaultSessionStore, HierarchicalSessionStore

CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def fill(store: Any) -> None:
    for number in range(12):
        store.add_message("s", "user", f"m{number}", {"n": number})
    store.add_message("s", "assistant", None, tool_calls=[CALL])
    store.add_message("s", "tool", "result", tool_call_id="c1")
    store.set_agent_info("s", agent_name="Bob", user_id="u")
    store.update_session_metadata("s", model="m", title="T", nested={"empty": {}, "list": []})
    store.set_runtime_state("s", "native", "t", {"x": 1})
    store.append_compaction_checkpoint("s", "sum")
    store.add_user_message("other", "x")


def stable(payload: dict[str, Any]) -> list[dict[str, Any]]:
    return sorted(
        (
            {
                **session,
                "messages": [{k: v for k, v in m.items() if k != "id"} for m in session["messages"]],
                "archived_messages": [{k: v for k, v in m.items() if k != "id"} for m in session["archived_messages"]],
            }
            for session in payload["sessions"]
        ),
        key=lambda session: session["session_id"],
    )


def test_everything_comes_back_from_an_export(open_sessions: Any, tmp_path: Any) -> None:
    store = open_sessions(max_messages=5)
    fill(store)
    payload = json.loads(json.dumps(store.export_all()))
    assert payload["version"] == 1
    target = DefaultSessionStore(tmp_path / "target", max_messages=5)
    report = target.import_sessions(payload)
    assert (report.imported, report.skipped) == (2, [])
    assert stable(target.export_all()) == stable(payload)
    back = open_sessions(max_messages=5)
    back.delete_session("s")
    assert back.import_sessions(target.export_session("s")).imported == 1
    assert stable(back.export_all()) == stable(payload)


def test_an_import_does_not_overwrite_unless_told(store: Any) -> None:
    fill(store)
    payload = store.export_session("s")
    store.add_user_message("s", "newer")
    report = store.import_sessions(payload)
    assert (report.imported, report.skipped_count) == (0, 1)
    assert report.as_dict()["skipped"] == [{"session_id": "s", "reason": "already exists (use overwrite)"}]
    assert store.get_chat_history("s")[-1]["content"] == "newer"
    assert store.import_sessions(payload, overwrite=True).imported == 1
    assert stable(store.export_session("s")) == stable(payload)
    store.add_user_message("s", "after")
    assert store.get_chat_history("s")[-1]["content"] == "after"


def test_an_import_forgets_the_gateway_unless_told(store: Any) -> None:
    store.set_gateway_info("s", gateway_session_id="g", agent_id="a")
    store.update_session_metadata("s", agent_id="a")
    payload = store.export_all()
    store.import_sessions(payload, overwrite=True)
    session = store.get_session("s")
    assert (session.gateway_session_id, session.agent_id, session.metadata) == (None, None, {})
    store.import_sessions(payload, overwrite=True, reset_live_fields=False)
    assert store.get_session("s").gateway_session_id == "g"


def test_bad_records_are_reported_and_the_others_stored(store: Any) -> None:
    good = {"session_id": "good", "messages": [{"role": "user", "content": "x"}]}
    records = [good, {"messages": []}, "text", {"session_id": "bad", "messages": [1]}, good, {"session_id": ""}]
    report = store.import_sessions({"version": 1, "sessions": [*records, {"session_id": "late", "messages": []}]})
    assert report.imported == 2
    assert [skipped["session_id"] for skipped in report.skipped] == ["", "", "bad", "good", ""]
    assert not store.session_exists("bad")
    limited = store.import_sessions({"sessions": [{"session_id": n, "messages": []} for n in "xyz"]}, max_sessions=1)
    assert (limited.imported, limited.skipped_count) == (1, 2)


@pytest.mark.parametrize("payload", [None, [], {}, {"sessions": "x"}, {"version": 2, "sessions": []}])
def test_what_is_no_export_is_refused(store: Any, payload: Any) -> None:
    with pytest.raises(InvalidInputError):
        store.import_sessions(payload)


def test_a_failing_write_takes_the_whole_import_back(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store.add_user_message("old", "before")
    insert, calls = store._backing.insert, []

    def failing(session: Any, *, overwrite: bool) -> bool:
        calls.append(session.session_id)
        if session.session_id == "third":
            raise UnavailableError("the disk is full")
        return insert(session, overwrite=overwrite)

    monkeypatch.setattr(store._backing, "insert", failing)
    message = {"role": "user", "content": "imported"}
    sessions = [{"session_id": name, "messages": [message]} for name in ("first", "old", "third")]
    with pytest.raises(UnavailableError):
        store.import_sessions({"version": 1, "sessions": sessions}, overwrite=True)
    assert "third" in calls
    assert not store.session_exists("first")
    assert store.get_chat_history("old") == [{"role": "user", "content": "before"}]


def test_an_export_has_the_sessions_that_it_continues(trees: Any) -> None:
    trees.create_session("root", title="Root")
    trees.add_user_message("root", "x")
    fork = trees.fork_session("root")
    trees.update_session_metadata("a1", thread_id="T")
    trees.update_session_metadata("a2", thread_id="T")
    assert {s["session_id"] for s in trees.export_session(fork)["sessions"]} == {fork, "root"}
    assert len(trees.export_session(fork, include_lineage=False)["sessions"]) == 1
    assert {s["session_id"] for s in trees.export_session("a1")["sessions"]} == {"a1", "a2"}


def test_titles_parents_and_snapshots_survive_an_import(trees: Any, tmp_path: Any) -> None:
    trees.create_session("root", title="Root")
    trees.add_user_message("root", "x")
    snapshot = trees.create_snapshot("root", "one")
    trees.share_session("root")
    fork = trees.fork_session("root", 0)
    target = HierarchicalSessionStore(tmp_path / "target")
    assert target.import_sessions(trees.export_session(fork)).imported == 2
    assert target.get_parent(fork) == "root"
    assert target.get_children("root") == [fork]
    assert (target.get_session("root").title, target.is_shared("root")) == ("Root", True)
    target.clear_session("root")
    assert target.revert_to_snapshot("root", snapshot)
    assert target.get_chat_history("root") == [{"role": "user", "content": "x"}]


def test_a_single_session_can_be_imported_as_a_copy(trees: Any) -> None:
    trees.create_session("root", title="Root")
    trees.add_user_message("root", "x")
    copy = trees.import_session(trees.export_session("root"))
    assert copy != "root"
    assert trees.get_chat_history(copy) == [{"role": "user", "content": "x"}]
    assert trees.get_session(copy).title == "Root"
    assert trees.import_session(trees.export_session("root")["sessions"][0], new_session_id="named") == "named"
    with pytest.raises(InvalidInputError):
        trees.import_session({"version": 1, "sessions": []})
