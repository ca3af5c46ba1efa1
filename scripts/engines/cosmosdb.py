"""Cosmos DB: this repository's stand-in, which speaks its REST API. The vendor's own emulator is a container image."""

from __future__ import annotations

from urllib.parse import quote

from .standin import Standin

KEY = "b2Ytbm9ib2R5LWtleS1vZi10aGUtc3RhbmQtaW4="


class CosmosDB(Standin):
    """One account without databases; the URL holds the key."""

    name = "cosmosdb"

    def _options(self) -> list[str]:
        return ["--key", KEY]

    def _url(self, port: int) -> str:
        return f"http://:{quote(KEY, safe='')}@127.0.0.1:{port}"
