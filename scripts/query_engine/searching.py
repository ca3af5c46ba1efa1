"""The commands ``FT.CREATE``, ``FT.DROPINDEX``, ``FT._LIST``, ``FT.INFO`` and ``FT.SEARCH``, by brute force."""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from querying import QuerySyntaxError, compile_query, words_of

__all__ = ["RefusedError", "SearchEngine"]

Ask = Callable[..., Awaitable[Any]]

_KNN = re.compile(r"(.*)=>\[KNN (\d+) @(\w+) \$(\w+)(?: EF_RUNTIME \d+)? AS (\w+)\]", re.DOTALL)


class RefusedError(Exception):
    """The text of an error reply."""


class SearchEngine:
    """The indexes of one server.

    Args:
        flavour: ``redis`` or ``valkey``, which differ in replies, error texts and field types.
        state: a file that remembers the indexes.
    """

    def __init__(self, flavour: str, state: Path) -> None:
        self._valkey = flavour == "valkey"
        self._state = state
        self._indexes: dict[str, dict[str, Any]] = json.loads(state.read_text()) if state.exists() else {}

    async def answer(self, command: list[bytes], ask: Ask, *, resp3: bool) -> Any:
        """The reply to one command; ``ask`` reaches the real server."""
        name, *arguments = [part.decode("utf-8", "surrogateescape") for part in command]
        match name.upper():
            case "FT._LIST":
                return list(self._indexes)
            case "FT.CREATE":
                return self._create(arguments)
            case "FT.DROPINDEX":
                self._index(arguments[0])
                del self._indexes[arguments[0]]
                self._state.write_text(json.dumps(self._indexes))
                return True
            case "FT.INFO":
                return self._info(arguments[0])
            case "FT.SEARCH":
                found = await self._search(arguments, command[1:], ask)
                return self._shaped(*found, resp3=resp3)
        raise RefusedError(f"ERR unknown command '{name}', with args beginning with:")

    def _index(self, name: str) -> dict[str, Any]:
        if name not in self._indexes:
            raise RefusedError(f"Index with name '{name}' not found" if self._valkey else f"{name}: no such index")
        return self._indexes[name]

    def _create(self, arguments: list[str]) -> bool:
        name, *rest = arguments
        if name in self._indexes:
            raise RefusedError(f"Index {name} already exists." if self._valkey else "Index already exists")
        parts = iter(rest)
        prefixes, fields = [""], dict[str, dict[str, Any]]()
        for word in parts:
            if word.upper() == "SCHEMA":
                break
            if word.upper() == "PREFIX":
                prefixes = [next(parts) for _ in range(int(next(parts)))]
            elif word.upper() in ("ON", "STOPWORDS"):
                if word.upper() == "ON" and next(parts) != "HASH":
                    raise RefusedError("ERR this stand-in indexes hashes only")
                if word.upper() == "STOPWORDS" and next(parts) != "0":
                    raise RefusedError("ERR this stand-in has no stop words")
            else:
                raise RefusedError(f"ERR unknown argument `{word}`")
        for field in parts:
            fields[field] = self._field(parts)
        self._indexes[name] = {"prefixes": prefixes, "fields": fields}
        self._state.write_text(json.dumps(self._indexes))
        return True

    def _field(self, parts: Iterator[str]) -> dict[str, Any]:
        kind = next(parts).upper()
        if kind == "TAG":
            if next(parts) != "SEPARATOR" or next(parts) != ",":
                raise RefusedError("ERR this stand-in separates tags by commas")
            return {"type": kind}
        if kind == "VECTOR":
            algorithm = next(parts)
            count = int(next(parts))
            given = [next(parts) for _ in range(count)]
            attributes = dict(zip(given[::2], given[1::2], strict=True))
            if attributes.pop("TYPE") != "FLOAT32" or algorithm not in ("HNSW", "FLAT"):
                raise RefusedError("ERR wrong vector type or algorithm")
            return {"type": kind, "algorithm": algorithm, **attributes}
        if kind in ("TEXT", "NUMERIC"):
            return {"type": kind}
        raise RefusedError(f"ERR unknown field type {kind}")

    def _info(self, name: str) -> list[Any]:
        index = self._index(name)
        described: list[Any] = []
        for field, about in index["fields"].items():
            one: list[Any] = ["identifier", field, "attribute", field, "type", about["type"]]
            if about["type"] == "VECTOR":
                one += ["algorithm", about["algorithm"], "data_type", "FLOAT32"]
                one += ["dim", int(about["DIM"]), "distance_metric", about["DISTANCE_METRIC"]]
            described.append(one)
        return ["index_name", name, "attributes", described, "prefixes", index["prefixes"]]

    async def _documents(self, index: dict[str, Any], ask: Ask) -> list[tuple[bytes, dict[bytes, bytes]]]:
        found: list[tuple[bytes, dict[bytes, bytes]]] = []
        for prefix in index["prefixes"]:
            pattern = re.sub(r"([\\*?\[\]])", r"\\\1", prefix) + "*"
            script = (
                "local rows = {} for _, key in ipairs(redis.call('KEYS', ARGV[1])) do "
                "if redis.call('TYPE', key).ok == 'hash' then "
                "rows[#rows + 1] = {key, redis.call('HGETALL', key)} end end return rows"
            )
            for key, flat in await ask("EVAL", script, 0, pattern):
                # A connection that speaks RESP3 does so inside, too; its scripts still see lists.
                found.append((key, dict(zip(flat[::2], flat[1::2], strict=True))))
        return found

    async def _search(
        self, arguments: list[str], raw: list[bytes], ask: Ask
    ) -> tuple[int, list[tuple[bytes, float, dict[bytes, bytes]]], bool]:
        index = self._index(arguments[0])
        fields = index["fields"]
        options = _Options(arguments, raw)
        nearest = _KNN.fullmatch(options.query)
        try:
            wanted = compile_query(nearest[1] if nearest else options.query, {k: v["type"] for k, v in fields.items()})
        except QuerySyntaxError as fault:
            raise RefusedError(str(fault)) from fault
        rows = [(key, one) for key, one in await self._documents(index, ask) if wanted(one)]
        if nearest is None:
            if self._valkey:
                raise RefusedError("Invalid filter expression: a query needs a vector clause")
            scored = _by_words(rows, options.query)
        else:
            scored = _by_vector(rows, nearest, fields, options.params)
        page = scored[options.offset : options.offset + options.count]
        kept = [(key, score, {f: one[f] for f in options.returned if f in one}) for key, score, one in page]
        return len(scored), kept, options.scores

    def _shaped(
        self, total: int, rows: list[tuple[bytes, float, dict[bytes, bytes]]], scores: bool, *, resp3: bool
    ) -> Any:
        if resp3 and not self._valkey:
            results = [
                {"id": key, **({"score": score} if scores else {}), "extra_attributes": fields, "values": []}
                for key, score, fields in rows
            ]
            return {"attributes": [], "total_results": total, "format": "STRING", "results": results, "warning": []}
        reply: list[Any] = [total]
        for key, score, fields in rows:
            reply += [key, *([repr(score)] if scores else []), [part for pair in fields.items() for part in pair]]
        return reply


class _Options:
    """The arguments of ``FT.SEARCH``."""

    def __init__(self, arguments: list[str], raw: list[bytes]) -> None:
        self.query = arguments[1]
        self.params: dict[str, bytes] = {}
        self.returned: list[bytes] = []
        self.offset, self.count, self.scores = 0, 10, False
        at = 2
        while at < len(arguments):
            word = arguments[at].upper()
            count = int(arguments[at + 1]) if word in ("PARAMS", "RETURN") else 0
            given = range(at + 2, at + 2 + count)
            if word == "PARAMS":
                self.params = {arguments[i]: raw[i + 1] for i in given[::2]}
            elif word == "RETURN":
                self.returned = [raw[i] for i in given]
            elif word == "LIMIT":
                self.offset, self.count = int(arguments[at + 1]), int(arguments[at + 2])
            elif word == "WITHSCORES":
                self.scores = True
            elif word != "DIALECT" or arguments[at + 1] != "2":
                raise RefusedError(f"Unknown argument `{arguments[at]}`")
            at += {"WITHSCORES": 1, "LIMIT": 3, "DIALECT": 2}.get(word, 2 + count)


def _by_vector(
    rows: list[tuple[bytes, dict[bytes, bytes]]], nearest: re.Match[str], fields: Any, params: dict[str, bytes]
) -> list[tuple[bytes, float, dict[bytes, bytes]]]:
    _, count, field, param, alias = nearest.groups()
    about = fields.get(field)
    if about is None or about["type"] != "VECTOR":
        raise RefusedError(f"Unknown field `{field}`")
    size = 4 * int(about["DIM"])
    if len(params[param]) != size:
        raise RefusedError(
            f"query vector blob size ({len(params[param])}) does not match index's expected size ({size})."
        )
    query = struct.unpack(f"<{size // 4}f", params[param])
    found: list[tuple[float, bytes, dict[bytes, bytes]]] = []
    for key, one in rows:
        blob = one.get(field.encode(), b"")
        if len(blob) == size:  # others are silently not indexed
            found.append((_distance(about["DISTANCE_METRIC"], query, struct.unpack(f"<{size // 4}f", blob)), key, one))
    found.sort(key=lambda row: row[0])
    best = found[: int(count)][::-1]  # in no order that a client may rely on
    return [(key, 0.0, {**one, alias.encode(): repr(distance).encode()}) for distance, key, one in best]


def _by_words(
    rows: list[tuple[bytes, dict[bytes, bytes]]], query: str
) -> list[tuple[bytes, float, dict[bytes, bytes]]]:
    """Rare words weigh more, as with any of the real scorers."""
    wanted = {word.lower() for found in re.findall(r"@\w+:\(([\w|]+)\)", query) for word in found.split("|")}
    texts = [words_of(one.get(b"content", b"").decode()) for _, one in rows]
    weight = {word: 1.0 / (1 + sum(word in text for text in texts)) for word in wanted}
    scored = [
        (key, sum(weight[word] for word in wanted.intersection(text)), one)
        for (key, one), text in zip(rows, texts, strict=True)
    ]
    return sorted(scored, key=lambda row: -row[1])


def _distance(metric: str, query: tuple[float, ...], vector: tuple[float, ...]) -> float:
    if metric == "L2":
        return math.dist(query, vector) ** 2
    product = math.fsum(map(float.__mul__, query, vector))
    return 1.0 - (product if metric == "IP" else product / (math.hypot(*query) * math.hypot(*vector) or math.nan))
