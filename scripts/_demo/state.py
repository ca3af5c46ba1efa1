"""Step 4: a draft that is only worth keeping for a moment."""

from __future__ import annotations

import time
from pathlib import Path

from praison_persist import STATE_STORES

from .report import check, line

TTL = 1.5  # seconds
DRAFT = {"step": 3, "tokens": [17, 4], "approved": None}


def show(database: Path) -> None:
    """Keep it, read it back with its types, and see it go."""
    with STATE_STORES.create("sqlite", path=database) as store:
        store.set("draft:demo", DRAFT, ttl=TTL)
        check("the value comes back as it went in", holds=store.get("draft:demo") == DRAFT)
        line(f"draft:demo = {DRAFT}")
        line(f"set with ttl={TTL}; {store.ttl('draft:demo')} s left; keys('draft:*') = {store.keys('draft:*')}")
        began = time.monotonic()
        while store.exists("draft:demo"):
            check("the value expires", holds=time.monotonic() - began < TTL + 10)
            time.sleep(0.05)
        check("nothing is left of it", holds=store.get("draft:demo") is None and store.keys("draft:*") == [])
        line(f"gone after {time.monotonic() - began:.1f} s: get() is None, keys() is []")
