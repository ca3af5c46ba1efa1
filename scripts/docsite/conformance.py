"""The conformance results of a package, as `scripts/conformance_reports` wrote them. Reads files only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent


def suites(family: str) -> list[dict[str, Any]]:
    """The summaries of its conformance classes; [] before the first run."""
    path = ROOT / "docs/data/conformance" / f"{family}.json"
    return json.loads(path.read_text(encoding="utf-8"))["suites"] if path.is_file() else []
