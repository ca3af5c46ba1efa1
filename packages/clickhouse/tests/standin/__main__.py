"""A stand-in for the ClickHouse server: its published HTTP protocol over chDB, which is ClickHouse's own engine.

    python packages/clickhouse/tests/standin --port 8123 --path DIRECTORY

All SQL, storage and concurrency are the engine's work. What is imitated is the server around it: requests, parameters,
settings, compression, credentials, status codes. It knows nothing of praison-persist. "Verified against ClickHouse's
HTTP protocol over chDB": to run the same tests against a real server, set PRAISON_PERSIST_TEST_CLICKHOUSE_URL.
"""

from __future__ import annotations

import argparse

from statements import Engine
from wire import serve


def main() -> None:
    parser = argparse.ArgumentParser(description="Stand-in for a ClickHouse server, on loopback only.")
    parser.add_argument("--port", type=int, default=8123)
    parser.add_argument("--path", required=True)
    parser.add_argument("--user", default="default")
    parser.add_argument("--password", default="")
    given = parser.parse_args()
    serve(Engine(given.path), given.port, (given.user, given.password))


if __name__ == "__main__":
    main()
