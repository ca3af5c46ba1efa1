"""These tests need PraisonAI: they run in Hatch's `client` environments, once per version, and nowhere else.

`hatch run client.newest:unit` and `hatch run client.older:unit`; scripts/test runs both.
"""

from __future__ import annotations

import os
from importlib.util import find_spec

EXPECTED = os.environ.get("PRAISON_PERSIST_CLIENT")

if EXPECTED and find_spec("praisonaiagents") is None:
    raise RuntimeError(f"this is the environment of PraisonAI {EXPECTED}, but praisonaiagents is not installed")
if find_spec("praisonaiagents") is None:
    collect_ignore_glob = ["*"]
