"""Counts what the author of the DuckDB example wrote against what the template gave. Changes nothing."""

from __future__ import annotations

import difflib
import shutil
import sys
import tempfile
from pathlib import Path

from copier import run_copy

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "praison-persist-duckdb"
ANSWERS = {
    "name": "duckdb",
    "kinds": ["knowledge"],
    "modes": "sync",
    "description": "Knowledge in a DuckDB file",
    "aliases": "duck",
    "schemes": "duckdb",
    "author": "A community author",
}


def files(folder: Path) -> dict[str, list[str]]:
    """The lines of the files that an author looks at: not the licence, nothing compiled."""
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8").splitlines()
        for path in found
        if path.name != "LICENSE" and not any(part.startswith(".") and part.endswith("_cache") for part in path.parts)
    }


def main() -> int:
    """Print one line a file, and the sums."""
    with tempfile.TemporaryDirectory() as folder:
        template, rendered = Path(folder, "template"), Path(folder, "rendered")
        shutil.copytree(ROOT / "scripts" / "template", template / "scripts" / "template")  # as it is, not as committed
        shutil.copy(ROOT / "copier.yml", template)
        run_copy(str(template), rendered, data=ANSWERS, defaults=True, quiet=True)
        before = files(rendered)
    after = files(EXAMPLE)
    kept = written = removed = 0
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name, []), after.get(name, [])
        blocks = difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
        same = sum(block.size for block in blocks)
        kept, written, removed = kept + same, written + len(new) - same, removed + len(old) - same
        print(f"{name:55} kept {same:4}  written {len(new) - same:4}  removed {len(old) - same:4}")
    print(f"{'all':55} kept {kept:4}  written {written:4}  removed {removed:4}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
