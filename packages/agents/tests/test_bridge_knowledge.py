"""`KnowledgeBridge`, `OpenAIEmbedder` and the splitting of texts, over real stores and a server of ours."""

from __future__ import annotations

import json
import pathlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import pytest
from model_server import DIMENSION, embed

from praison_persist import (
    KNOWLEDGE_STORES,
    ConfigurationError,
    InvalidInputError,
    KnowledgeDocument,
    OperationTimeoutError,
    UnavailableError,
)
from praison_persist.aio import async_view
from praison_persist_agents.bridge import KnowledgeBridge, OpenAIEmbedder
from praison_persist_agents.bridge.chunks import split
from praison_persist_agents.bridge.provider import bridge_from_config

TEXTS = ["The capital of Norway is Oslo.", "Bread is baked from flour.", "A violin has four strings."]


def embedder(texts):
    return [embed(text) for text in texts]


@pytest.fixture(params=["memory", "memory, async", "qdrant", "pgvector"])
def bridge(request, fresh_prefix):
    name = request.param
    if name == "qdrant":
        store = KNOWLEDGE_STORES.create("qdrant", url=request.getfixturevalue("qdrant_url"))
    elif name == "pgvector":
        store = KNOWLEDGE_STORES.create("pgvector", url=request.getfixturevalue("database_url"))
    else:
        store = KNOWLEDGE_STORES.create("memory")
    made = KnowledgeBridge(async_view(store) if "async" in name else store, embedder, collection=f"{fresh_prefix}k")
    yield made
    store.delete_collection(made.collection)
    store.close()


def texts(found):
    return [item.text for item in found.results]


def test_before_anything_was_added_nothing_is_found_and_nothing_fails(bridge):
    assert texts(bridge.search("Norway")) == texts(bridge.get_all()) == []
    assert bridge.get("x") is None
    assert not bridge.delete("x")
    assert bridge.delete_all(user_id="u")
    assert not bridge.update("x", "text").success


def test_the_nearest_text_is_found_first_with_score_and_metadata(bridge):
    for number, text in enumerate(TEXTS):
        assert bridge.add(text, metadata={"n": number}).success
    found = bridge.search("What is the capital of Norway?", limit=2)
    assert found.query == "What is the capital of Norway?"
    assert texts(found)[0] == TEXTS[0]
    assert len(found.results) == found.total_count == 2
    assert found.results[0].score > found.results[1].score
    assert found.results[0].metadata == {"n": 0}
    assert texts(bridge.search("capital of Norway", filters={"n": {"$gte": 1}}, limit=1)) != [TEXTS[0]]
    assert texts(bridge.search("capital of Norway", score_threshold=0.3)) == [TEXTS[0]]
    assert texts(bridge.search("   ")) == []


def test_a_text_that_is_added_again_keeps_its_id_and_is_not_doubled(bridge):
    first, second = bridge.add(TEXTS[0], user_id="u"), bridge.add(TEXTS[0], user_id="u")
    other = bridge.add(TEXTS[0], user_id="v")
    assert first.id == second.id != other.id
    assert len(bridge.get_all().results) == 2


def test_a_scope_finds_its_own_texts_and_those_of_everybody(bridge):
    bridge.add("alpha of ann", user_id="ann", agent_id="a1")
    bridge.add("alpha of bob", user_id="bob")
    bridge.add("alpha of all")
    assert sorted(texts(bridge.search("alpha", user_id="ann"))) == ["alpha of all", "alpha of ann"]
    assert sorted(texts(bridge.search("alpha", user_id="ann", agent_id="a2"))) == ["alpha of all"]
    assert sorted(texts(bridge.search("alpha", agent_id="a1", user_id="ann", run_id="r"))) == [
        "alpha of all",
        "alpha of ann",
    ]
    assert sorted(texts(bridge.get_all(user_id="bob"))) == ["alpha of all", "alpha of bob"]
    assert len(bridge.get_all().results) == 3
    assert bridge.search("alpha", user_id="ann").results[0].metadata.get("run_id") is None


def test_delete_all_of_a_scope_leaves_others_and_everybodys(bridge):
    for user in ("ann", "bob", None):
        bridge.add(f"alpha of {user}", user_id=user)
    assert bridge.delete_all(user_id="ann")
    assert sorted(texts(bridge.get_all())) == ["alpha of None", "alpha of bob"]
    with pytest.raises(InvalidInputError, match="everybody's texts"):
        bridge.delete_all()
    with pytest.raises(InvalidInputError, match="everybody's texts"):
        bridge.delete_all(user_id="")
    assert bridge.delete_all(all=True)
    assert texts(bridge.get_all()) == []


def test_get_update_and_delete_by_id(bridge):
    identity = bridge.add(TEXTS[0], user_id="u", metadata={"n": 1}).id
    assert bridge.get(identity).text == TEXTS[0]
    assert bridge.update(identity, "A violin is made of wood.").success
    changed = bridge.get(identity)
    assert (changed.text, changed.metadata) == ("A violin is made of wood.", {"n": 1, "user_id": "u"})
    assert texts(bridge.search("violin wood", user_id="u")) == ["A violin is made of wood."]
    assert bridge.delete(identity)
    assert not bridge.delete(identity)
    assert bridge.get(identity) is None


def test_limits_are_kept(bridge):
    for number in range(5):
        bridge.add(f"alpha {number}")
    assert len(bridge.search("alpha", limit=3).results) == 3
    assert len(bridge.get_all(limit=2).results) == 2
    assert texts(bridge.search("alpha", limit=0)) == []


@pytest.fixture
def plain():
    return KnowledgeBridge(KNOWLEDGE_STORES.create("memory"), embedder, chunk_size=40, chunk_overlap=5)


def test_chat_messages_files_and_structures_are_texts(plain, tmp_path):
    file = tmp_path / "facts.txt"
    file.write_text("Oslo is cold.")
    plain.add(messages=[{"role": "user", "content": "one"}, {"role": "user", "content": [{"a": 1}]}])
    plain.add(pathlib.Path(file))
    plain.add({"b": 2})
    found = {item.text: item for item in plain.get_all().results}
    assert set(found) == {"one", '{"a": 1}', "Oslo is cold.", '{"b": 2}'}
    assert (found["Oslo is cold."].filename, found["Oslo is cold."].source) == ("facts.txt", str(file))
    assert plain.store("two").success


@pytest.mark.parametrize("nothing", ["", "  \n ", None, []])
def test_nothing_to_add_is_an_error(plain, nothing):
    with pytest.raises(InvalidInputError, match="no text to add"):
        plain.add(nothing)


def test_a_file_that_is_no_text_is_an_error(plain, tmp_path):
    (tmp_path / "x.bin").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidInputError, match="cannot be read as UTF-8"):
        plain.add(tmp_path / "x.bin")


def test_a_long_text_is_added_in_pieces_and_updated_only_as_one(plain):
    added = plain.add("First sentence is here. Second sentence is here. Third sentence is here.")
    assert len(added.metadata["ids"]) == len(plain.get_all().results) > 1
    with pytest.raises(InvalidInputError, match="one piece of text"):
        plain.update(added.id, "long " * 50)


def test_a_scope_that_does_not_count_is_not_kept():
    bridge = KnowledgeBridge(KNOWLEDGE_STORES.create("memory"), embedder, scope=("user_id",))
    bridge.add("alpha", user_id="u", agent_id="one process")
    assert texts(bridge.search("alpha", user_id="u", agent_id="another process")) == ["alpha"]
    assert texts(bridge.search("alpha", user_id="v")) == []


def test_without_scope_a_collection_that_something_else_filled_is_searched():
    store = KNOWLEDGE_STORES.create("memory")
    store.create_collection("theirs", DIMENSION)
    store.insert("theirs", [KnowledgeDocument(id="x", content="alpha", embedding=embed("alpha"))])
    bridge = KnowledgeBridge(store, embedder, collection="theirs", scope=())
    assert texts(bridge.search("alpha", user_id="u", agent_id="a")) == ["alpha"]


def test_a_collection_that_was_deleted_meanwhile_is_created_again(plain):
    plain.add("one")
    plain.wrapped.delete_collection(plain.collection)
    plain.add("two")
    assert texts(plain.get_all()) == ["two"]


def test_wrong_options_are_errors():
    store = KNOWLEDGE_STORES.create("memory")
    for options, said in [
        ({"scope": ("team_id",)}, "scope has no 'team_id'"),
        ({"chunk_size": 0}, "chunk_size must be at least 1"),
        ({"chunk_size": 5, "chunk_overlap": 5}, "chunk_overlap smaller"),
    ]:
        with pytest.raises(ConfigurationError, match=said):
            KnowledgeBridge(store, embedder, **options)
    with pytest.raises(ConfigurationError, match="must be callable"):
        KnowledgeBridge(store, "openai")
    with pytest.raises(InvalidInputError, match="1 vectors for 2 texts"):
        KnowledgeBridge(store, lambda texts: [[1.0]]).add(["one", "two"])


def test_threads_add_to_one_bridge(plain):
    errors = []

    def work(number):
        try:
            plain.add(f"text {number}")
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert len(plain.get_all().results) == 16


# -- splitting


def test_pieces_cover_the_text_overlap_and_stay_within_their_size():
    words = " ".join(f"word{number}" for number in range(200))
    pieces = list(split(words, 100, 20))
    assert all(0 < len(piece) <= 100 for piece in pieces)
    assert set(" ".join(pieces).split()) >= set(words.split())
    for before, after in pairwise(pieces):
        assert before[-8:].split()[-1] in after


def test_pieces_end_at_paragraphs_where_they_can():
    assert list(split("a" * 30 + "\n\n" + "b" * 30, 40, 0)) == ["a" * 30, "b" * 30]


@pytest.mark.parametrize("text", ["", "   ", "short"])
def test_short_texts_are_one_piece_or_none(text):
    assert list(split(text, 10, 2)) == ([text] if text.strip() else [])


def test_a_text_without_white_space_is_cut_anywhere():
    assert list(split("x" * 25, 10, 0)) == ["x" * 10, "x" * 10, "x" * 5]
    assert (
        "".join(piece[3:] if i else piece for i, piece in enumerate(split("0123456789" * 5, 10, 3))) == "0123456789" * 5
    )


# -- the embedder


def test_vectors_come_from_an_openai_compatible_server_in_order_and_batches(model):
    with_batches = OpenAIEmbedder(model.url, batch_size=2)
    assert with_batches(TEXTS) == [embed(text) for text in TEXTS]
    assert OpenAIEmbedder()(["a"]) == [embed("a")]  # from the environment
    assert OpenAIEmbedder(model.url)([]) == []


class Answers:
    """A server that answers every request the same."""

    def __init__(self, status, body):
        self.headers, self.bodies = [], []

        class Handler(BaseHTTPRequestHandler):
            def log_message(handler, *args):
                """Quiet."""

            def do_POST(handler):
                self.headers.append(dict(handler.headers))
                self.bodies.append(json.loads(handler.rfile.read(int(handler.headers["Content-Length"]))))
                handler.send_response(status)
                handler.end_headers()
                handler.wfile.write(body)

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/v1"

    def __enter__(self):
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.http.shutdown()
        self.http.server_close()


@pytest.mark.parametrize(
    ("status", "body", "error", "said"),
    [
        (401, b'{"error": "bad key sk-hunter2"}', ConfigurationError, "check api_key="),
        (429, b"slow down", UnavailableError, "HTTP 429: slow down"),
        (503, b"", UnavailableError, "HTTP 503"),
        (200, b"not json", UnavailableError, "gave no vectors"),
        (200, b'{"data": []}', UnavailableError, "0 vectors for 1 texts"),
        (200, b'{"oops": 1}', UnavailableError, "gave no vectors"),
    ],
)
def test_what_is_wrong_with_a_server_is_a_typed_error_without_the_key(status, body, error, said):
    with Answers(status, body) as server, pytest.raises(error, match=said) as caught:
        OpenAIEmbedder(server.url, api_key="sk-hunter2")(["text"])
    assert "hunter2" not in str(caught.value)
    assert isinstance(caught.value, UnavailableError) == (error is UnavailableError)


def test_key_model_and_dimensions_are_sent():
    body = json.dumps({"data": [{"index": 1, "embedding": [2.0]}, {"index": 0, "embedding": [1.0]}]}).encode()
    with Answers(200, body) as server:
        made = OpenAIEmbedder(server.url + "/", model="m", api_key="sk-1", dimensions=1)
        assert made(["a", "b"]) == [[1.0], [2.0]]
    assert server.bodies == [{"model": "m", "dimensions": 1, "input": ["a", "b"]}]
    assert server.headers[0]["Authorization"] == "Bearer sk-1"
    assert "sk-1" not in repr(made)


def test_a_server_that_is_not_there_or_never_answers_is_unavailable_in_time():
    with pytest.raises(UnavailableError, match="gave no vectors"):
        OpenAIEmbedder("http://127.0.0.1:1")(["text"])
    import socket

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(OperationTimeoutError, match=r"within 0\.3 s"):
            OpenAIEmbedder(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.3)(["text"])


@pytest.mark.parametrize("url", ["ftp://h", "file:///etc/passwd", "localhost:1"])
def test_only_http_is_an_embedding_server(url):
    with pytest.raises(ConfigurationError, match="http"):
        OpenAIEmbedder(url)


# -- an agent's configuration


def test_a_configuration_of_an_agent_makes_a_bridge(model):
    made = bridge_from_config(
        {
            "vector_store": {
                "provider": "praison_persist",
                "config": {
                    "url": "memory://", "collection_name": "mine", "distance": "dot", "scope": ["user_id"],
                    "path": "ignored", "host": None, "port": None,
                },
            },
            "embedder": {"provider": "openai", "config": {"model": "m", "base_url": model.url}},
            "reranker": {"enabled": False},
        },
        verbose=0,
    )  # fmt: skip
    made.add("alpha", user_id="u")
    assert made.wrapped.describe_collection("mine").distance == "dot"
    assert texts(made.search("alpha", user_id="u")) == ["alpha"]


def test_a_configuration_may_hold_a_store_and_an_embedder():
    store = KNOWLEDGE_STORES.create("memory")
    made = bridge_from_config({"vector_store": {"config": {"store": store, "embedder": embedder}}})
    made.add("alpha")
    assert store.list_collections() == ["praisonai_knowledge"]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (None, "needs a store"),
        ({"vector_store": {"config": {"ulr": "memory://"}}}, "did you mean 'url'"),
        (
            {"vector_store": {"config": {"url": "memory://"}}, "embedder": {"provider": "gemini"}},
            "no embedder 'gemini'",
        ),
    ],
)
def test_a_wrong_configuration_is_an_error_that_says_what_to_set(config, said):
    with pytest.raises(ConfigurationError, match=said):
        bridge_from_config(config)
