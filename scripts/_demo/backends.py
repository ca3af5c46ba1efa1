"""Step 1: what the installed wheels declare, found without importing any of them."""

from __future__ import annotations

import sys
from pathlib import Path

import praison_persist
from praison_persist import CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES

from .report import check, line


def show(venv: Path) -> None:
    """List the backends of all three kinds."""
    home = Path(praison_persist.__file__)
    check(
        "praison_persist comes from the wheel in the fresh environment", holds=venv.resolve() in home.resolve().parents
    )
    registries = {"conversation": CONVERSATION_STORES, "knowledge": KNOWLEDGE_STORES, "state": STATE_STORES}
    for kind, registry in registries.items():
        for name in registry.list_registered():
            info = registry.describe(name)
            line(f"{kind:<14}{name:<14}{info.distribution} {info.version}")
    check("no plugin was imported to find it", holds="praison_persist_sqlite" not in sys.modules)
    found = {kind: registry.list_registered() for kind, registry in registries.items()}
    for kind, name in (("conversation", "sqlite"), ("knowledge", "qdrant"), ("state", "sqlite")):
        check(f"the {kind} backend {name} is found", holds=name in found[kind])
