"""Pinecone: this repository's stand-in, which speaks its REST API. The vendor's own emulator is a container image."""

from __future__ import annotations

from .standin import Standin

KEY = "pcsk_of-nobody"


class Pinecone(Standin):
    """One project without indexes; the URL holds the API key."""

    name = "pinecone"

    def _options(self) -> list[str]:
        return ["--key", KEY]

    def _url(self, port: int) -> str:
        return f"http://{KEY}@127.0.0.1:{port}"
