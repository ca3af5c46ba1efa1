"""Copies between backends of each kind, exports and imports: everything arrives, and what is wrong is refused."""

import json
import time

import pytest

from praison_persist import (
    CONVERSATION_STORES,
    KNOWLEDGE_STORES,
    STATE_STORES,
    ConversationMessage,
    ConversationSession,
    KnowledgeDocument,
)

HARD = [
    ConversationMessage(id="1", role="user", content="é 😀 \x00 \ud800 \x1b[31m", metadata={}, created_at=1.5),
    ConversationMessage(
        id="2", role="assistant", content=None, tool_calls=[{"id": "c", "args": {"x": 1.0}}], created_at=1
    ),
    ConversationMessage(id="3", role="tool", content=[{"type": "text", "text": "t"}], tool_call_id="c", created_at=1),
    ConversationMessage(id="4", role="user", content="", metadata={"deep": [None, {"a": 1}]}, created_at=0),
]
SESSION = ConversationSession(
    "a/b: C ", user_id="", state={"x": [1, 2.0]}, metadata={}, created_at=1.25, updated_at=2.5
)


def conversations(path, *sessions, messages=HARD):
    with CONVERSATION_STORES.create("sqlite", path=path) as store:
        for session in sessions or (SESSION,):
            store.create_session(session)
            store.add_messages(session.session_id, messages)
    return f"sqlite:///{path}"


def read(backend, path, key=SESSION.session_id):
    with CONVERSATION_STORES.create(backend, path=path) as store:
        return store.get_session(key), store.get_messages(key)


def test_conversations_go_through_another_backend_and_back_unchanged(cli, tmp_path):
    source = conversations(tmp_path / "a.db")
    assert cli("copy", source, f"json://{tmp_path}/dir").code == 0
    assert cli("copy", f"json://{tmp_path}/dir", f"sqlite:///{tmp_path}/b.db").code == 0
    assert read("sqlite", tmp_path / "b.db") == read("sqlite", tmp_path / "a.db")


def test_conversations_go_through_a_file_and_back_unchanged(cli, tmp_path):
    source = conversations(tmp_path / "a.db")
    assert cli("export", "--conversation-url", source, "-o", "x.jsonl").code == 0
    done = cli("import", "x.jsonl", "--conversation-url", f"sqlite:///{tmp_path}/b.db", "--json")
    assert done.code == 0, done.err
    assert done.json["verified"]
    assert read("sqlite", tmp_path / "b.db") == read("sqlite", tmp_path / "a.db")


def test_stdout_and_stdin_are_files_as_well(cli, tmp_path):
    exported = cli("export", "--conversation-url", conversations(tmp_path / "a.db"))
    assert [json.loads(line)["type"] for line in exported.out.splitlines()] == [
        "header",
        "session",
        "message",
        "message",
        "message",
        "message",
        "end",
    ]
    done = cli("import", "-", "--conversation-url", f"sqlite:///{tmp_path}/b.db", stdin=exported.out)
    assert done.code == 0, done.err
    assert read("sqlite", tmp_path / "b.db") == read("sqlite", tmp_path / "a.db")


def test_another_session_of_the_same_id_is_an_error_unless_told_otherwise(cli, tmp_path):
    source = conversations(tmp_path / "a.db")
    other = conversations(tmp_path / "b.db", messages=[ConversationMessage(id="1", role="user", content="other")])
    copy = ("copy", "--kind", "conversation", source, other)
    refused = cli(*copy, "--json")
    assert refused.code == 1
    assert refused.error["type"] == "ConflictError"
    assert "--on-conflict" in refused.error["hint"]
    assert cli(*copy, "--on-conflict", "skip", "--json").json["skipped"] == 1
    assert [m.content for m in read("sqlite", tmp_path / "b.db")[1]] == ["other"]
    assert cli(*copy, "--on-conflict", "replace", "--json").json["replaced"] == 1
    assert read("sqlite", tmp_path / "b.db") == read("sqlite", tmp_path / "a.db")


def test_a_destination_that_went_on_is_a_conflict(cli, tmp_path):
    source = conversations(tmp_path / "a.db")
    assert cli("copy", "--kind", "conversation", source, f"sqlite:///{tmp_path}/b.db").code == 0
    with CONVERSATION_STORES.create("sqlite", path=tmp_path / "b.db") as store:
        store.add_message(SESSION.session_id, ConversationMessage(id="5", role="user", content="more"))
    done = cli("copy", "--kind", "conversation", source, f"sqlite:///{tmp_path}/b.db")
    assert done.code == 1
    assert "more messages" in done.err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: [*lines[:3], "{broken", *lines[3:]], "line 4: not JSON"),
        (lambda lines: lines[:-1], "cut off"),
        (lambda lines: [*lines[:-2], lines[-2][:20]], "ends in the middle"),
        (lambda lines: [*lines[:2], *lines[3:]], "had 4 messages, and 3 were read"),
        (lambda lines: [line.replace('"metadata":{}', '"metadata":{"x":1}') for line in lines], "hashes differ"),
        (lambda lines: [lines[0].replace('"version":1', '"version":9'), *lines[1:]], "version 9"),
        (lambda lines: lines[1:], "no export"),
        (lambda lines: [lines[0], *lines[2:]], "has to follow its session"),
        (lambda lines: [*lines[:3], lines[2], *lines[3:]], "occurs twice"),
        (lambda lines: [line.replace('"role":"tool"', '"role":7') for line in lines], "line 5"),
        (lambda lines: [line.replace('"created_at":1.5', '"created_at":NaN') for line in lines], "NaN"),
        (lambda lines: [], "no export"),
    ],
)
def test_a_damaged_export_is_refused_with_the_line(cli, tmp_path, change, said):
    lines = cli("export", "--conversation-url", conversations(tmp_path / "a.db")).out.splitlines()
    done = cli("import", "-", "--conversation-url", f"sqlite:///{tmp_path}/b.db", stdin="\n".join(change(lines)))
    assert done.code == 1
    assert said in done.err
    assert "Next:" in done.err


def test_nothing_of_a_session_with_a_wrong_line_is_stored(cli, tmp_path):
    second = ConversationSession("second", created_at=1, updated_at=1)
    url = conversations(tmp_path / "a.db", second, SESSION)
    lines = cli("export", "--conversation-url", url).out.splitlines()
    lines[9] = lines[9].replace('"role":"tool"', '"role":7')
    assert cli("import", "-", "--conversation-url", f"sqlite:///{tmp_path}/b.db", stdin="\n".join(lines)).code == 1
    assert read("sqlite", tmp_path / "b.db") == read("sqlite", tmp_path / "a.db")
    assert read("sqlite", tmp_path / "b.db", "second") == (None, [])


def test_an_export_that_fails_leaves_no_file(cli, tmp_path):
    url = conversations(tmp_path / "a.db")
    (tmp_path / "x.jsonl").write_text("old")
    assert cli("export", "--conversation-url", url, "-o", "x.jsonl", "--session-id", "nosuch").code == 1
    assert (tmp_path / "x.jsonl").read_text() == "old"
    assert {path.name for path in tmp_path.iterdir() if "jsonl" in path.name} == {"x.jsonl"}


def test_vectors_go_through_other_engines_and_a_file(cli, tmp_path, postgres_url, qdrant_url, fresh_prefix):
    documents = [
        KnowledgeDocument(
            id=f"d/{i}",
            content=f"text {i}",
            embedding=[i + 1.0, -0.25, 3.5e-3],
            metadata={"n": [i, None]},
            created_at=i,
        )
        for i in range(600)
    ]
    schema, name = f"{fresh_prefix}s", "docs"
    with KNOWLEDGE_STORES.create("pgvector", url=postgres_url, schema=schema) as store:
        store.create_collection(name, 3, "cosine", {"about": "x"})
        store.insert(name, documents)
    qdrant = ("--dst-backend", "qdrant", "--dst-option", f"collection_prefix={fresh_prefix}")
    done = cli(
        "copy", postgres_url, qdrant_url, "--kind", "knowledge", "--src-option", f"schema={schema}", *qdrant, "--json"
    )
    assert done.code == 0, done.err
    assert (done.json["written"], done.json["verified"]) == (600, True)
    source = ("--knowledge-url", qdrant_url, "--backend", "qdrant", "--option", f"collection_prefix={fresh_prefix}")
    assert cli("export", *source, "-o", "x.jsonl").code == 0
    back = f"{fresh_prefix}t"
    done = cli("import", "x.jsonl", "--knowledge-url", postgres_url, "--option", f"schema={back}", "--json")
    assert done.code == 0, done.err
    with KNOWLEDGE_STORES.create("pgvector", url=postgres_url, schema=back) as store:
        assert store.count(name) == 600
        found = store.get(name, [d.id for d in documents])
        assert [(d.id, d.content, d.metadata, d.created_at) for d in found] == [
            (d.id, d.content, d.metadata, d.created_at) for d in documents
        ]
        assert all(
            abs(a - b) < 1e-4 * 600
            for d, f in zip(documents, found, strict=True)
            for a, b in zip(d.embedding, f.embedding, strict=True)
        )
        store.upsert(name, [KnowledgeDocument(id="d/1", content="other", embedding=[1.0, 2.0, 3.0])])
    refused = cli("import", "x.jsonl", "--knowledge-url", postgres_url, "--option", f"schema={back}")
    assert refused.code == 1
    assert "'d/1'" in refused.err


def state(path):
    with STATE_STORES.create("sqlite", path=path) as store:
        store.set("text", "1")
        store.set("none", None)
        store.set("brief", {"a": [1.0]}, ttl=500)
        store.hset("hash", "f", {"x": None})
        store.hset("hash", "g", "v")
        store.hset("brief hash", "f", 1)
        store.expire("brief hash", 400)
        store.namespace("inner").set("text", "other")
    return f"sqlite:///{path}"


@pytest.mark.parametrize("way", ["copy", "file"])
def test_state_keeps_types_hashes_and_the_time_left(cli, tmp_path, way):
    source, destination = state(tmp_path / "a.db"), f"sqlite:///{tmp_path}/b.db"
    if way == "copy":
        done = cli("copy", source, destination, "--kind", "state", "--json")
    else:
        assert cli("export", "--state-url", source, "-o", "x.jsonl").code == 0
        done = cli("import", "x.jsonl", "--state-url", destination, "--json")
    assert done.code == 0, done.err
    assert done.json["written"] == 5
    with STATE_STORES.create("sqlite", path=tmp_path / "b.db") as store:
        assert store.keys() == ["brief", "brief hash", "hash", "none", "text"]
        assert (store.get("text"), store.get("none"), store.get("brief")) == ("1", None, {"a": [1.0]})
        assert store.hgetall("hash") == {"f": {"x": None}, "g": "v"}
        assert 300 < store.ttl("brief hash") <= 401 < store.ttl("brief") <= 501
        assert store.ttl("text") is None


def test_a_namespace_is_copied_when_it_is_named(cli, tmp_path):
    source, destination = state(tmp_path / "a.db"), f"sqlite:///{tmp_path}/b.db"
    assert cli("copy", source, destination, "--kind", "state", "--namespace", "inner").code == 0
    with STATE_STORES.create("sqlite", path=tmp_path / "b.db") as store:
        assert store.keys() == []
        assert store.namespace("inner").get("text") == "other"


def test_a_hash_that_was_copied_in_part_is_completed(cli, tmp_path):
    source = state(tmp_path / "a.db")
    with STATE_STORES.create("sqlite", path=tmp_path / "b.db") as store:
        store.hset("hash", "f", {"x": None})
        store.hset("brief hash", "f", 1)  # its time limit was still to come
    assert cli("copy", source, f"sqlite:///{tmp_path}/b.db", "--kind", "state").code == 0
    with STATE_STORES.create("sqlite", path=tmp_path / "b.db") as store:
        assert store.hgetall("hash") == {"f": {"x": None}, "g": "v"}
        assert store.ttl("brief hash") is not None


def test_a_key_that_expired_since_the_export_stays_out(cli, tmp_path):
    with STATE_STORES.create("sqlite", path=tmp_path / "a.db") as store:
        store.set("brief", 1, ttl=100)
    lines = cli("export", "--state-url", f"sqlite:///{tmp_path}/a.db").out.splitlines()
    key = json.loads(lines[1])
    lines[1] = json.dumps({**key, "expires_at": time.time() - 1})
    done = cli("import", "-", "--state-url", f"sqlite:///{tmp_path}/b.db", "--json", stdin="\n".join(lines))
    assert (done.code, done.json["expired"], done.json["written"]) == (0, 1, 0)
