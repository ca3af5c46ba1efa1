"""Measure recall@10 of every knowledge engine at its defaults: ``python scripts/recall [ENGINE ...] [--json FILE]``."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from engines import EngineError, create

from praison_persist import KNOWLEDGE_STORES, PersistError
from recall import corpus
from recall.measure import Row, measure

WANTED = 0.95


class Place(NamedTuple):
    """Where a backend keeps the documents.

    Attributes:
        backend: its name.
        engine: of `engines`, whose URL it gets; "" where it needs none.
        options: further ones; ``{folder}`` becomes an empty directory.
    """

    backend: str
    engine: str = ""
    options: Mapping[str, str] = {}


PLACES = {
    "memory": Place("memory"),
    "qdrant, embedded": Place("qdrant", options={"path": "{folder}/qdrant"}),
    "qdrant, stand-in": Place("qdrant", "qdrant"),
    "pgvector": Place("pgvector", "postgres"),
    "pgvector, hnsw": Place("pgvector", "postgres", {"index": "hnsw"}),
    "milvus-lite": Place("milvus", options={"path": "{folder}/milvus.db"}),
    "chroma": Place("chroma", options={"path": "{folder}/chroma"}),
    "weaviate": Place("weaviate", "weaviate"),
    "lancedb": Place("lancedb", options={"path": "{folder}/lancedb"}),
    "cassandra": Place("cassandra", "cassandra"),
    "redis, vector set": Place("redis", "redis8", {"index": "vectorset"}),
    "clickhouse": Place("clickhouse", options={"url": ":memory:"}),
    "surrealdb": Place("surrealdb_vector", options={"url": "surrealkv://{folder}/surreal"}),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure; 1 where an engine that could be started is below the wanted recall, or failed."""
    parser = argparse.ArgumentParser(prog="scripts/recall", description=__doc__)
    parser.add_argument("engines", nargs="*", metavar="ENGINE", help=", ".join(PLACES) + "; all without a name")
    parser.add_argument("--count", type=int, default=corpus.COUNT, help="documents, for a quick look")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    options = parser.parse_args(argv)
    if unknown := [name for name in options.engines if name not in PLACES]:
        parser.error(f"no engine is called {unknown[0]!r}")
    vectors = corpus.embeddings()
    parts = np.array([part for part, _ in corpus.glosses()])
    # Evenly, since the corpus is sorted by part of speech.
    chosen = np.linspace(0, corpus.COUNT, options.count, endpoint=False, dtype=int)
    kept = np.r_[chosen, corpus.COUNT : corpus.COUNT + corpus.QUERIES]
    rows: list[Row] = []
    failed = False
    print(f"{'engine':<20}{'search':<20}{'recall@10':>10}{'ms':>8}")
    for name in options.engines or PLACES:
        try:
            with _opened(PLACES[name]) as store:
                for row in measure(name, store, vectors[kept], parts[kept]):
                    rows.append(row)
                    print(f"{row.engine:<20}{row.search:<20}{row.recall:>10.4f}{row.milliseconds:>8.1f}", flush=True)
        except EngineError as reason:
            print(f"{name:<20}skipped: {reason}")
        except PersistError as error:
            failed = True
            print(f"{name:<20}failed: {error}")
    if options.json:
        options.json.write_text(json.dumps([row.to_dict() for row in rows], indent=2) + "\n")
    return int(failed or any(row.recall < WANTED for row in rows))


@contextmanager
def _opened(place: Place) -> Iterator[Any]:
    with tempfile.TemporaryDirectory() as folder:
        engine = create(place.engine) if place.engine else None
        try:
            where = {"url": engine.start()} if engine else {}
            options = {name: value.format(folder=folder) for name, value in place.options.items()}
            with KNOWLEDGE_STORES.create(place.backend, **where, **options) as store:
                yield store
        finally:
            if engine:
                engine.stop()


if __name__ == "__main__":
    sys.exit(main())
