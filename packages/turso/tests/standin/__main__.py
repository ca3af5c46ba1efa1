"""A stand-in for a libSQL server: Hrana 3 as JSON over HTTP, on the SQLite of this Python. For tests only.

    python standin --port 8080 --database it.db [--token SECRET]

Pipelines with execute, batch, get_autocommit and close; batons that are good once and expire; a token that is compared.
Not: cursors, describe, sequence, stored SQL, WebSockets, namespaces, and libSQL's own SQL.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from server import EXPIRY_SECONDS, Server


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description="Hrana over SQLite, on 127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--token", default="")
    parser.add_argument("--expiry", type=float, default=EXPIRY_SECONDS, metavar="SECONDS")
    parser.add_argument("--base-url", default="")
    parser.add_argument("--sync", action="store_true", help="offer replicas")
    options = parser.parse_args()
    server = Server(
        ("127.0.0.1", options.port),
        options.database,
        token=options.token,
        expiry=options.expiry,
        base_url=options.base_url,
        sync=options.sync,
    )
    server.serve_forever()


if __name__ == "__main__":
    main()
