"""A stand-in for the Qdrant server: its published REST protocol over Qdrant's own Rust core (qdrant-edge-py).

    python packages/qdrant/tests/standin --port 6333

Requests are decoded with the OpenAPI models that qdrant-client ships; storing, filtering, scoring and deciding between
racing writers is the core's work. What is imitated is the server around it: routes, status codes, the texts of errors.
It knows nothing of praison-persist. "Verified against a stand-in over Qdrant's own core": to run the same tests
against a real server, set PRAISON_PERSIST_TEST_QDRANT_URL.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from catalog import Catalog
from wire import serve


def main() -> None:
    parser = argparse.ArgumentParser(description="Stand-in for a Qdrant server, on loopback only.")
    parser.add_argument("--port", type=int, default=6333)
    port = parser.parse_args().port
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="qdrant-standin-", dir=memory if memory.is_dir() else None) as directory:
        serve(Catalog(directory), port)


if __name__ == "__main__":
    main()
