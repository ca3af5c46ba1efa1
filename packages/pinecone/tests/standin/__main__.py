"""A stand-in for Pinecone: its published REST API, version 2026-07, control plane and vectors, on one port of loopback.

    python packages/pinecone/tests/standin --port 5080 --key pcsk_x

What it imitates: routes, fields, status codes, limits, log positions, eventual visibility. Written from Pinecone's
documentation and the models of its client, without Pinecone's code; it searches exactly, by comparing all records. It
knows nothing of praison-persist. To run the same tests against the service, set PRAISON_PERSIST_TEST_PINECONE_URL.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from project import Project
from wire import serve


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for Pinecone.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key", required=True, help="the only API key that is let in")
    parser.add_argument("--lag", type=float, default=0.0, help="seconds until reads see a write")
    parser.add_argument("--creating", type=float, default=0.0, help="seconds until a new index is ready")
    parser.add_argument("--no-positions", action="store_true", help="leave out the log positions")
    parser.add_argument("--journal", type=Path, help="file with all that is kept; read at the start")
    options = parser.parse_args()
    serve(Project(options.lag, options.creating, options.journal), options.port, options.key, not options.no_positions)


if __name__ == "__main__":
    main()
