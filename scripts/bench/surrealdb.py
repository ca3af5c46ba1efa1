"""SurrealDB, its engine inside the process, on disk: the SDK against the surrealdb and surrealdb_vector stores."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from surrealdb import BlockingEmbeddedSurrealConnection, RecordID
from surrealdb.data.types.range import BoundExcluded, BoundIncluded, Range

from praison_persist import CONVERSATION_STORES, KNOWLEDGE_STORES, ConversationMessage, KnowledgeDocument

from . import conversation, vectors
from .conversation import Ours, Pair
from .measure import Blocking, Plan, Row
from .messages import LARGE, LISTED, PAGE, SMALL, WORKERS, fill, session

TARGETS = {"append": 1.3, "tail": 1.3, "growth": 1.1, "all": 1.3, "append together": 1.3, "tail together": 1.3}
COLLECTION = "documents"
FILTER = "metadata.lang = 'de' AND metadata.year >= 2020"
APPEND = """{
    LET $seq = (UPDATE $sequence SET seq += 1 RETURN VALUE seq)[0];
    INSERT INTO praison_messages (SELECT *, $seq AS seq, [session_id, -$seq, message_id] AS id FROM $row) RETURN NONE;
}"""


class Raw:
    """The SDK on tables that the store made: the same records, numbered by the engine in the same transaction."""

    def __init__(self, url: str, database: str) -> None:
        self._client = BlockingEmbeddedSurrealConnection(url)
        self._client.connect()
        self._client.use("praisonai", database)
        self.close = self._client.close
        self._query = self._client.query

    def append(self, session_id: str, message: ConversationMessage) -> None:
        row = {
            "session_id": session_id,
            "message_id": message.id,
            "role": message.role,
            "content": message.content,
            "metadata": message.metadata,
            "created_at": message.created_at,
        }
        self._query(APPEND, {"sequence": RecordID("praison_sequences", session_id), "row": [row]})

    def newest(self, session_id: str, limit: int | None) -> list[Any]:
        ids = Range(BoundIncluded([session_id, -(2**62), ""]), BoundExcluded([session_id, 0, ""]))
        bound = "" if limit is None else f" LIMIT {limit}"
        rows: Any = self._query(f"SELECT * FROM $ids{bound}", {"ids": RecordID("praison_messages", ids)})
        return rows[::-1]

    def sessions(self) -> Any:
        return self._query(f"SELECT * FROM praison_sessions ORDER BY updated_at DESC LIMIT {PAGE}")


class RawVectors:
    """The SDK with an exact search of its own table; existing documents are refused by both sides."""

    def __init__(self, url: str) -> None:
        self._client = BlockingEmbeddedSurrealConnection(url)
        self._client.connect()
        self._client.use("praisonai", "raw")
        self.close = self._client.close

    def insert(self, documents: list[KnowledgeDocument]) -> None:
        rows: Any = [
            {
                "id": RecordID(COLLECTION, document.id),
                "content": document.content,
                "content_hash": document.content_hash,
                "created_at": document.created_at,
                "embedding": document.embedding,
                "metadata": document.metadata,
            }
            for document in documents
        ]
        self._client.query(f"INSERT INTO {COLLECTION} $rows RETURN NONE", {"rows": rows})

    def search(self, vector: list[float], *, filtered: bool) -> list[str]:
        found: Any = self._client.query(
            f"SELECT *, vector::similarity::cosine(embedding, $vector) AS score OMIT embedding FROM {COLLECTION}"
            f" WHERE {FILTER if filtered else 'true'} ORDER BY score DESC LIMIT {vectors.LIMIT}",
            {"vector": vector},  # type: ignore[dict-item] # a list of floats is a value
        )
        return [row["id"].id for row in found]


def run(plan: Plan) -> Iterator[Row]:
    """All rows, in temporary directories; each side has its own, filled by the store."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        home, clock = Path(folder), Blocking()

        def open_pair(name: str, sessions: list[str], size: int, listed: int = 0) -> Pair:
            urls = [f"surrealkv://{home}/{name}-{side}" for side in ("raw", "ours")]
            for url in urls:
                with CONVERSATION_STORES.create("surrealdb", url=url) as store:
                    fill(store, sessions, size)
                    for number in range(listed):
                        store.create_session(session(f"listed-{number}", number))
            raw, ours = Raw(urls[0], "conversations"), CONVERSATION_STORES.create("surrealdb", url=urls[1])
            stack.callback(raw.close)
            stack.callback(ours.close)
            return Pair(raw, Ours(ours), ("s", "s"))

        small, large = open_pair("small", ["s"], SMALL), open_pair("large", ["s"], LARGE)
        yield from conversation.rows(clock, small, large, plan, TARGETS)
        raw, ours = open_pair("listed", [], 0, LISTED).sides
        yield conversation.listing(clock, raw, ours, plan, 1.5)
        many = open_pair("many", [f"s-{number}" for number in range(WORKERS)], SMALL)
        yield from conversation.storms(clock, many, range(WORKERS), SMALL, plan, TARGETS)

        plain = RawVectors(f"surrealkv://{home}/vectors-raw")
        stack.callback(plain.close)
        with KNOWLEDGE_STORES.create("surrealdb_vector", url=f"surrealkv://{home}/vectors-ours") as knowledge:
            knowledge.create_collection(COLLECTION, vectors.DIMENSION)
            yield from vectors.rows(plain, vectors.Ours(knowledge, COLLECTION), plan)
