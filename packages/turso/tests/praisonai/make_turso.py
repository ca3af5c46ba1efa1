"""Makes the fixtures beside this file with a real release of PraisonAI, from the conversations of the sqlite package.

Run by hand, in an environment with nothing but ``praisonai`` (installed without its dependencies) and libsql.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.append(str(HERE.parents[2] / "sqlite" / "tests" / "praisonai"))

import make as sqlite_fixtures  # noqa: E402 # pyright: ignore[reportMissingImports]


async def main() -> None:
    """The layout that this release writes to a local file."""
    from praisonai.persistence.conversation.turso import TursoConversationStore

    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/it.db"
        store = TursoConversationStore(local_path=path)
        await sqlite_fixtures.fill(store, orphans=False)
        expected = await sqlite_fixtures.read(store, False)
        store.close()
        connection = sqlite3.connect(path)
        dump = "\n".join(connection.iterdump()) + "\n"
        connection.close()
        sqlite_fixtures.write(HERE, "turso", dump, expected)


if __name__ == "__main__":
    asyncio.run(main())
