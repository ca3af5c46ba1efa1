"""Rows as a narrow table for people and as JSON for programs; measures nothing."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

from .measure import Row

HEADER = f"{'operation':<46}{'raw':>10}{'ours':>10}{'ratio':>7}{'target':>8}"


def line(row: Row) -> str:
    """One row."""
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    target = "" if row.target is None else f"{row.target:g}"
    verdict = {True: "ok", False: "over", None: ""}[row.ok]
    return f"{row.operation:<46}{_value(row.raw, row):>10}{_value(row.ours, row):>10}{ratio:>7}{target:>8}  {verdict}"


def _value(value: float, row: Row) -> str:
    if row.unit != "s":
        return f"{value:.0f}"
    return f"{value * 1e6:.0f} us" if value < 1e-3 else f"{value * 1e3:.2f} ms"


def write(path: Path, suites: Mapping[str, Sequence[Row]], skipped: Mapping[str, str], versions: Sequence[str]) -> None:
    """Everything, with what it was measured on."""
    document = {
        "at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "versions": list(versions),
        "suites": {name: [{**asdict(row), "ok": row.ok} for row in rows] for name, rows in suites.items()},
        "skipped": dict(skipped),
    }
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
