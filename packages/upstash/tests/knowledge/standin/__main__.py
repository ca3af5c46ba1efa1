"""A stand-in for Upstash Vector: its published REST API for dense indexes, on one port of loopback.

    python packages/upstash/tests/knowledge/standin --port 8079 --token t

An index is at ``/DIMENSION-METRIC``, such as ``/3-cosine``, and made when first used, as by hand in the console; its
metric is ``cosine``, ``euclidean`` or ``dot_product``, and ``.NAME`` behind it tells it from others of its kind. What
it imitates: routes, fields, status codes, limits, the filter language, scores, pending vectors. Written from Upstash's
documentation and the requests of its client, without Upstash's code; it searches exactly, by comparing all vectors. It
knows nothing of praison-persist. Where the documentation gives no limit (ids, topK and vectors in one request, length
of a filter), 1000 and 16 KB are assumed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from indexes import Indexes
from wire import serve


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for Upstash Vector.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", required=True, help="the only one that is let in")
    parser.add_argument("--lag", type=float, default=0.0, help="seconds until queries see a write")
    parser.add_argument("--late-info", type=float, default=0.0, help="seconds until the statistics know of a write")
    parser.add_argument("--budget", type=int, help="how many of the nearest vectors a query compares with its filter")
    parser.add_argument("--journal", type=Path, help="file with all that is kept; read at the start")
    options = parser.parse_args()
    indexes = Indexes(options.lag, options.late_info, options.budget, options.journal)
    serve(indexes, options.port, options.token)


if __name__ == "__main__":
    main()
