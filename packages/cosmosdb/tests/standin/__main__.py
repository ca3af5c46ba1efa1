"""A stand-in for Azure Cosmos DB for NoSQL: its published REST API, as the vendor's client uses it, on loopback.

    python packages/cosmosdb/tests/standin --port 8081 --key Base64==

What it imitates: routes, signatures, status codes and substatus, transactions, limits, SQL over one partition,
VectorDistance (exactly, by comparing all items), session tokens, pages, throttling, late visibility. Written from
Microsoft's documentation and what its client sends, without Microsoft's code. It knows nothing of praison-persist. To
run the same tests against the service or Microsoft's emulator, set PRAISON_PERSIST_TEST_COSMOSDB_URL.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from account import Account
from wire import Throttle, serve


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for Azure Cosmos DB for NoSQL.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key", required=True, help="the account's only key, in Base64")
    parser.add_argument("--lag", type=float, default=0.0, help="seconds until reads see a write")
    parser.add_argument("--rate", type=float, default=0.0, help="requests for items in a second; more are throttled")
    parser.add_argument("--journal", type=Path, help="file with all that is kept; read at the start")
    options = parser.parse_args()
    serve(Account(options.lag, options.journal), options.port, options.key, Throttle(options.rate))


if __name__ == "__main__":
    main()
