"""Forks, snapshots and reverts, over files and over conversation stores."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from praison_persist.errors import AlreadyExistsError, InvalidInputError, NotFoundError
from praison_persist_agents.sessions import DefaultSessionStore, HierarchicalSessionStore


def talk(store: Any, session_id: str, count: int) -> str:
    for number in range(count):
        store.add_user_message(session_id, f"m{number}")
    return session_id


def contents(store: Any, session_id: str) -> list[Any]:
    return [message["content"] for message in store.get_chat_history(session_id)]


def test_a_session_is_created_with_what_is_known_of_it(trees: Any) -> None:
    parent = trees.create_session(title="Main", agent_name="Bob", metadata={"k": 1})
    child = trees.create_session("child", parent_id=parent)
    assert child == "child"
    assert trees.get_children(parent) == ["child"]
    assert trees.get_parent("child") == parent
    session = trees.get_extended_session(parent, force_reload=True)
    assert (session.title, session.agent_name, session.metadata, session.messages) == ("Main", "Bob", {"k": 1}, [])


def test_creating_a_session_twice_or_under_a_parent_that_is_not_there_is_an_error(trees: Any) -> None:
    trees.create_session("s", title="first")
    with pytest.raises(AlreadyExistsError):
        trees.create_session("s", title="second")
    assert trees.get_session("s").title == "first"
    with pytest.raises(NotFoundError):
        trees.create_session("t", parent_id="nobody")
    assert not trees.session_exists("nobody")
    assert not trees.session_exists("t")


def test_a_session_is_never_its_own_ancestor(trees: Any) -> None:
    with pytest.raises((InvalidInputError, NotFoundError)):
        trees.create_session("s", parent_id="s")
    assert not trees.session_exists("s")


def test_a_fork_takes_the_messages_up_to_an_index(trees: Any) -> None:
    talk(trees, "s", 5)
    trees.set_agent_info("s", agent_name="Bob", user_id="u")
    fork = trees.fork_session("s", from_message_index=2)
    assert contents(trees, fork) == ["m0", "m1", "m2"]
    session = trees.get_session(fork)
    assert (session.title, session.agent_name, session.user_id) == ("Fork of s", "Bob", "u")
    assert (session.parent_id, session.forked_from_message_id) == ("s", "2")
    trees.add_user_message(fork, "only here")
    trees.add_user_message("s", "only there")
    assert contents(trees, fork)[-1] == "only here"
    assert contents(trees, "s")[-1] == "only there"
    assert contents(trees, trees.fork_session("s", title="all"))[-1] == "only there"


@pytest.mark.parametrize("index", [5, -1, 99, True, "1"])
def test_a_fork_at_an_index_that_is_not_there_names_those_that_are(trees: Any, index: Any) -> None:
    talk(trees, "s", 5)
    with pytest.raises(InvalidInputError, match="0 to 4"):
        trees.fork_session("s", from_message_index=index)
    assert trees.get_children("s") == []


def test_a_fork_of_an_empty_session_is_empty_at_any_index(trees: Any) -> None:
    """The documents fork a new session at index 5."""
    parent = trees.create_session(title="Main")
    child = trees.fork_session(parent, from_message_index=5)
    assert trees.get_chat_history(child) == []
    assert trees.get_session(child).title == "Fork of Main"
    assert trees.get_children(parent) == [child]


def test_a_fork_of_an_unknown_session_is_an_error_and_creates_nothing(trees: Any) -> None:
    with pytest.raises(NotFoundError):
        trees.fork_session("nobody")
    assert trees.list_sessions() == []


def test_a_fork_has_the_archive_of_its_parent(tmp_path: Path) -> None:
    store = HierarchicalSessionStore(tmp_path, max_messages=5)
    talk(store, "s", 30)
    fork = store.fork_session("s", from_message_index=2)  # the summary and two messages
    (exported,) = store.export_session(fork, include_lineage=False)["sessions"]
    assert [m["content"] for m in exported["archived_messages"]] == [f"m{n}" for n in range(25)]
    assert [m["content"] for m in exported["messages"][1:]] == ["m25", "m26"]


def test_lineage_and_tree_show_the_family(trees: Any) -> None:
    root = talk(trees, trees.create_session("root"), 2)
    child = trees.fork_session(root)
    grandchild = trees.fork_session(child, 0)
    assert trees.get_lineage(grandchild) == [root, child, grandchild]
    assert trees.get_lineage("nobody") == []
    tree = trees.get_session_tree(root)
    assert (tree["session_id"], tree["message_count"]) == ("root", 2)
    assert tree["children"][0]["children"][0]["session_id"] == grandchild
    assert tree["children"][0]["children"][0]["message_count"] == 1


def test_a_deleted_session_leaves_no_trace_in_its_family(trees: Any) -> None:
    root = trees.create_session("root")
    child = trees.create_session("child", parent_id=root)
    grandchild = trees.create_session("grandchild", parent_id=child)
    assert trees.delete_session(child)
    assert trees.get_children(root) == [grandchild]
    assert trees.get_parent(grandchild) == root
    assert trees.get_session_tree(root)["children"][0]["session_id"] == grandchild
    assert trees.delete_session(root)
    assert trees.get_parent(grandchild) is None


def test_children_that_are_added_at_once_are_all_there(trees: Any) -> None:
    trees.create_session("root")
    threads = [threading.Thread(target=trees.create_session, args=(f"c{n}", None, "root")) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(trees.get_children("root")) == [f"c{n}" for n in range(6)]


def test_a_long_chain_of_forks_is_no_problem(tmp_path: Path) -> None:
    store = HierarchicalSessionStore(tmp_path)
    for number in range(1100):  # more than Python's stack
        parent = f"c{number - 1}" if number else None
        session = store.get_session(f"c{number}")
        session.parent_id, session.children_ids = parent, [f"c{number + 1}"] if number < 1099 else []
        store._backing.insert(session, overwrite=True)
    tree, depth = store.get_session_tree("c0"), 1
    while tree["children"]:
        tree, depth = tree["children"][0], depth + 1
    assert depth == 1100


def test_a_family_that_an_edited_file_ties_into_a_ring_is_an_error(tmp_path: Path) -> None:
    store = HierarchicalSessionStore(tmp_path)
    store.create_session("a")
    store.create_session("b", parent_id="a")

    def tie(session: Any) -> None:
        session.children_ids = ["a"]

    store._backing.modify("b", tie, operation="test")
    with pytest.raises(InvalidInputError, match="its own ancestor"):
        store.get_session_tree("a")


def test_a_snapshot_brings_the_transcript_back(trees: Any) -> None:
    talk(trees, "s", 3)
    trees.append_compaction_checkpoint("s", "so far")
    early = trees.create_snapshot("s", label="early", metadata={"why": "test"})
    talk(trees, "s", 3)
    late = trees.create_snapshot("s")
    trees.clear_session("s")
    assert [s.id for s in trees.get_snapshots("s")] == [early, late]
    assert (trees.get_snapshots("s")[0].label, trees.get_snapshots("s")[0].message_index) == ("early", 2)
    assert trees.revert_to_snapshot("s", early) is True
    assert contents(trees, "s") == ["m0", "m1", "m2"]
    assert trees.get_session("s").last_compaction.summary == "so far"
    assert trees.revert_to_snapshot("s", late) is True
    assert contents(trees, "s") == ["m0", "m1", "m2", "m0", "m1", "m2"]
    trees.add_user_message("s", "on")
    assert contents(trees, "s")[-1] == "on"
    assert trees.revert_to_snapshot("s", "no-such-id") is False
    assert trees.revert_to_snapshot("nobody", early) is False
    with pytest.raises(NotFoundError):
        trees.create_snapshot("nobody")


def test_a_snapshot_keeps_its_place_when_the_window_moves_on(tmp_path: Path) -> None:
    store = HierarchicalSessionStore(tmp_path, max_messages=5)
    talk(store, "s", 10)
    snapshot = store.create_snapshot("s")
    before = store.export_session("s")["sessions"][0]
    for number in range(300):
        store.add_user_message("s", f"later {number}")
    assert store.revert_to_snapshot("s", snapshot)
    after = store.export_session("s")["sessions"][0]
    assert after["messages"] == before["messages"]
    assert after["archived_messages"] == before["archived_messages"]
    assert store.search("later") == []


def test_a_session_goes_back_to_a_message(trees: Any) -> None:
    talk(trees, "s", 5)
    assert trees.revert_to_message("s", 1) is True
    assert contents(trees, "s") == ["m0", "m1"]
    assert trees.revert_to_message("s", 2) is False
    assert trees.revert_to_message("nobody", 0) is False
    assert contents(trees, "s") == ["m0", "m1"]


def test_a_session_can_be_shared_and_named(trees: Any) -> None:
    trees.create_session("s")
    assert trees.is_shared("s") is False
    assert trees.share_session("s") is True
    assert trees.is_shared("s") is True
    assert trees.unshare_session("s") is True
    assert trees.is_shared("s") is False
    assert trees.share_session("nobody") is False
    assert trees.set_title("s", "T") is True
    assert trees.list_sessions()[0]["title"] == "T"


def test_the_default_store_keeps_what_the_hierarchical_one_wrote(tmp_path: Path) -> None:
    trees, plain = HierarchicalSessionStore(tmp_path), DefaultSessionStore(tmp_path)
    trees.create_session("p", title="P")
    trees.create_session("s", title="T", parent_id="p")
    snapshot = trees.create_snapshot("s", "empty")
    plain.add_user_message("s", "x")
    plain.set_agent_info("s", agent_name="Bob")
    plain.clear_session("s")
    session = trees.get_session("s")
    assert (session.title, session.parent_id, session.snapshots[0].id) == ("T", "p", snapshot)
    assert trees.get_children("p") == ["s"]
