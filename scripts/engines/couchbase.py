"""Couchbase: this repository's stand-in, which speaks the protocols of its data, query and management services.

The vendor publishes no server in a package registry.
"""

from __future__ import annotations

from .standin import Standin

PASSWORD = "of-nobody"
BUCKET = "tests"


class Couchbase(Standin):
    """One node with an empty bucket."""

    name = "couchbase"

    def _options(self) -> list[str]:
        return ["--password", PASSWORD, "--bucket", BUCKET]

    def _url(self, port: int) -> str:
        return f"couchbase://Administrator:{PASSWORD}@127.0.0.1:{port}/{BUCKET}"
