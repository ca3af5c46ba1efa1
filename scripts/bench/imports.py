"""Fresh processes: what an import costs, and a first store, with the number of modules that they load."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from .measure import Blocking, Make, Plan, Row, compare

NOTHING = "pass"
NEEDED = "import importlib.metadata, dataclasses, threading"
CORE = "import praison_persist"
REGISTRY = "from praison_persist import CONVERSATION_STORES"
LISTED = f"{REGISTRY}; CONVERSATION_STORES.list_registered()"
RAW_STORE = "import sqlite3; connection = sqlite3.connect({path!r})"
RAW_READ = f"""{RAW_STORE}
for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
    connection.execute("PRAGMA " + pragma)
connection.execute("SELECT * FROM praison_sessions WHERE session_id = 'none'").fetchall()
connection.close()"""
STORE = f"{REGISTRY}; store = CONVERSATION_STORES.create('sqlite', path={{path!r}})"
READ = f"{STORE}; store.get_session('none'); store.close()"


def run(plan: Plan) -> Iterator[Row]:
    """Times of whole processes; counts of modules in ``sys.modules``."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "first.db")
        subprocess.run([sys.executable, "-c", READ.format(path=path)], check=True)  # creates the tables
        code = {name: text.format(path=path) for name, text in (("raw", RAW_STORE), ("ours", STORE))}
        read = {name: text.format(path=path) for name, text in (("raw", RAW_READ), ("ours", READ))}
        scan = f"{code['raw']}; import importlib.metadata; importlib.metadata.entry_points()"
        for operation, raw, ours, target in (
            ("import, to `pass`", NOTHING, CORE, 1.5),
            ("import, to importlib.metadata and others", NEEDED, CORE, 1.5),
            ("import the registry and list, to the same", NEEDED, LISTED, None),
            ("create('sqlite'), to sqlite3.connect", code["raw"], code["ours"], 1.5),
            ("create('sqlite'), to the same and entry_points()", scan, code["ours"], None),
            ("create and first read, to sqlite3", read["raw"], read["ours"], None),
        ):
            yield compare(operation, Blocking(), _start(raw), _start(ours), plan, target=target, repeat=3)
        nothing = _modules(NOTHING)
        for operation, ours, target in (
            ("modules after import", CORE, 70),
            ("modules after list_registered()", LISTED, None),
            ("modules after create('sqlite')", code["ours"], 110),
        ):
            yield Row(operation, nothing, _modules(ours), None, target, unit="modules")


def _start(code: str) -> Make:
    return lambda: partial(_process, code)


def _process(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)


def _modules(code: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(len(sys.modules))"], check=True, capture_output=True
    )
    return int(done.stdout)
