"""A stand-in for Couchbase Server: one node of loopback with its data, query and management services, and one bucket.

    python packages/couchbase/tests/standin --port 11210 --user Administrator --password x --bucket praisonai

What it imitates: the binary protocol with SCRAM, the maps of the cluster, collections, CAS and durability; the REST API
for scopes and collections; of the query service SELECT, DELETE, CREATE PRIMARY INDEX and the exact vector function;
codes of errors, limits, and that indexes know of writes late. Written from Couchbase's documentation and what its
clients send, without Couchbase's code; it compares all documents. It knows nothing of praison-persist. To run the same
tests against a cluster, set PRAISON_PERSIST_TEST_COUCHBASE_URL.
"""

from __future__ import annotations

import argparse
import signal
import threading
from pathlib import Path

from cluster import Cluster
from faults import Faults
from keys import KeyServer
from scram import Account
from services import Services


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for Couchbase Server.")
    parser.add_argument("--port", type=int, required=True, help="of the data service; HTTP is on a free one")
    parser.add_argument("--user", default="Administrator")
    parser.add_argument("--password", required=True)
    parser.add_argument("--bucket", required=True)
    parser.add_argument("--lag", type=float, default=0.0, help="seconds until indexes know of a write")
    parser.add_argument("--building", type=float, default=0.0, help="seconds until a new index is online")
    parser.add_argument("--journal", type=Path, help="file with all that is kept; read at the start")
    parser.add_argument("--ports", type=Path, help="file that is told the port of HTTP")
    options = parser.parse_args()
    cluster, faults = Cluster(options.bucket, options.lag, options.building, options.journal), Faults()
    account = Account(options.user, options.password)
    services = Services(0, cluster, faults, account)
    if options.ports is not None:
        options.ports.write_text(str(services.server_address[1]))
    threading.Thread(target=services.serve_forever, args=(0.1,), daemon=True).start()
    with KeyServer(options.port, cluster, faults, account, services.server_address[1]) as server:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
        server.serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    main()
