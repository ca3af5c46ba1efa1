"""A stand-in for a Supabase project's Data API: PostgREST's function calls over a real PostgreSQL, behind an API key.

    python packages/supabase/tests/standin --port 3000 --database postgresql://… --secret …

What a function does, its transaction, its rights and its errors are PostgreSQL's. What is imitated is the server around
it, after PostgREST 13's documentation: routes, roles from JWTs, schema profiles, the choice of the function, status
codes, the bodies of errors; and the gateway's check of the ``apikey`` header. Tables and views are not served, as the
store does not use them. It knows nothing of praison-persist. It ends when its standard input does.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from http.server import ThreadingHTTPServer

from api import Api
from wire import Handler


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def main() -> None:
    parser = argparse.ArgumentParser(description="Stand-in for Supabase's Data API, on loopback only.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database", required=True, help="URL, as a role that may SET ROLE to the API's roles")
    parser.add_argument("--secret", required=True, help="signs the keys (HS256)")
    options = parser.parse_args()
    api = Api(options.database, options.secret)
    Handler.api = api
    with Server(("127.0.0.1", options.port), Handler) as server:
        threading.Thread(target=_end_with_input, daemon=True).start()
        print("ready", flush=True)
        server.serve_forever()


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
