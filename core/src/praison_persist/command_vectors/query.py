"""The query engine's index (``FT.*``: Redis with its query engine, Valkey with valkey-search). No I/O.

One TAG field holds a document's tokens, so that any metadata can be asked for without a schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, cast

from ..filters import Filter
from ..filtertokens import EVERYTHING, NOTHING, AllOf, Has, Lacks, Tokens, to_tokens, tokens_of
from ..narrowing import Narrowed
from ..scores import Distance, from_distance
from ..state_engines.commands import Command
from .convert import FIELDS
from .indexes import Hit, ServerIndex, pairs
from .layout import Place

__all__ = ["METRICS", "Algorithm", "QueryIndex", "to_query"]

Algorithm = Literal["HNSW", "FLAT"]

METRICS: Mapping[Distance, str] = {"cosine": "COSINE", "dot": "IP", "euclidean": "L2"}

_DISTANCE = "__distance"
_WORD = re.compile(r"\w+")


class QueryIndex(ServerIndex):
    """An index over the documents' hashes.

    Args:
        algorithm: ``"HNSW"``, or ``"FLAT"`` for exact searches.
        m, ef_construction: of new HNSW indexes.
        ef_runtime: candidates that a search with HNSW looks at.
        words: also index the words of the content.
    """

    kind = "query"
    distances = ("cosine", "dot", "euclidean")

    def __init__(
        self, *, algorithm: Algorithm, m: int, ef_construction: int, ef_runtime: int, words: bool = False
    ) -> None:
        self.words = words
        self._algorithm = algorithm
        self._hnsw = ("M", m, "EF_CONSTRUCTION", ef_construction, "EF_RUNTIME", ef_runtime)
        self._ef_runtime = ef_runtime

    def probe(self, prefix: str) -> Command:
        return ("FT._LIST",)

    def create(self, place: Place) -> list[Command]:
        attributes: tuple[str | int, ...] = (
            *("TYPE", "FLOAT32", "DIM", place.info.dimension, "DISTANCE_METRIC", METRICS[place.info.distance]),
            *(self._hnsw if self._algorithm == "HNSW" else ()),
        )
        text = ("content", "TEXT") if self.words else ()
        return [
            (
                *("FT.CREATE", place.index, "ON", "HASH", "PREFIX", 1, place.documents),
                *(("STOPWORDS", 0) if self.words else ()),
                *("SCHEMA", "tokens", "TAG", "SEPARATOR", ",", *text),
                *("embedding", "VECTOR", self._algorithm, len(attributes), *attributes),
            )
        ]

    def drop(self, place: Place) -> list[Command]:
        return [("FT.DROPINDEX", place.index)]

    def fields(self, metadata: Mapping[str, Any] | None) -> Mapping[str, str]:
        return {"tokens": ",".join(tokens_of(metadata))} if metadata else {}

    def narrowed(self, condition: Filter | None) -> Narrowed[str] | None:
        tokens, exact = to_tokens(condition)
        if tokens == NOTHING:
            return None
        return Narrowed(None if tokens == EVERYTHING else to_query(tokens), exact)

    def search(self, place: Place, vector: bytes, count: int, where: str | None, *, exact: bool) -> Command:
        del exact
        wider = f" EF_RUNTIME {max(count, self._ef_runtime)}" if self._algorithm == "HNSW" else ""
        query = f"{where or '*'}=>[KNN {count} @embedding $vector{wider} AS {_DISTANCE}]"
        return (
            *("FT.SEARCH", place.index, query, "PARAMS", 2, "vector", vector),
            *("RETURN", len(FIELDS) + 1, *FIELDS, _DISTANCE, "LIMIT", 0, count, "DIALECT", 2),
        )

    def hits(self, place: Place, reply: Any) -> list[Hit]:
        found: list[Hit] = []
        for key, _, fields in _rows(reply):
            # The square of the length for L2, 1 - the product for IP, 1 - the cosine for COSINE.
            distance = float(fields.pop(_DISTANCE))
            if place.info.distance == "euclidean":
                score = from_distance("euclidean", max(distance, 0.0) ** 0.5)
            else:
                score = from_distance("cosine", distance)
            found.append(Hit(key[len(place.documents) :], score, fields))
        return found

    def search_words(self, place: Place, text: str, count: int, where: str | None) -> Command | None:
        """Ask for documents with any of the words, best first; None where the text has none."""
        words = "|".join(dict.fromkeys(_WORD.findall(text)))
        if not words:
            return None
        query = f"@content:({words})" if where is None else f"{where} @content:({words})"
        return (
            *("FT.SEARCH", place.index, query, "WITHSCORES"),
            *("RETURN", len(FIELDS), *FIELDS, "LIMIT", 0, count, "DIALECT", 2),
        )

    def hits_of_words(self, place: Place, reply: Any) -> list[Hit]:
        """The rows of the reply to `search_words`, with the server's score."""
        return [Hit(row.key[len(place.documents) :], row.score, row.fields) for row in _rows(reply)]


def to_query(condition: Tokens) -> str:
    """The condition in the query language, as one term."""
    if condition == EVERYTHING:
        return "*"
    return f"({_term(condition)})"


def _term(condition: Tokens) -> str:
    if isinstance(condition, Has):
        return f"@tokens:{{{condition.token}}}"
    if isinstance(condition, Lacks):
        return f"-@tokens:{{{condition.token}}}"
    if isinstance(condition, AllOf):
        return " ".join(f"({_term(part)})" for part in condition.operands)
    have = [part.token for part in condition.operands if isinstance(part, Has)]
    others = [f"({_term(part)})" for part in condition.operands if not isinstance(part, Has)]
    return " | ".join([*([f"@tokens:{{{'|'.join(have)}}}"] if have else []), *others])


class _Row(NamedTuple):
    key: str
    score: float
    fields: dict[str, Any]


def _rows(reply: Any) -> Iterator[_Row]:
    """The rows of every shape that clients give: RESP3's maps, RESP2's flat list, GLIDE's count and map."""
    if isinstance(reply, dict):
        for row in pairs(cast("dict[Any, Any]", reply))["results"]:
            one = pairs(row)
            yield _Row(_text(one["id"]), float(one.get("score") or 0.0), pairs(one["extra_attributes"]))
        return
    rows = cast("list[Any]", reply)[1:]
    if len(rows) == 1 and isinstance(rows[0], dict):
        for key, fields in cast("dict[Any, Any]", rows[0]).items():
            yield _Row(_text(key), 0.0, pairs(fields))
        return
    while rows:
        key, *rows = rows
        score, *rows = rows if not isinstance(rows[0], list) else (0.0, *rows)
        fields, *rows = rows
        yield _Row(_text(key), float(score), pairs(fields))


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
