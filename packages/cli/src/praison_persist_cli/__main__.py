"""Where the command starts. Nothing but the way from arguments to an exit code."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run ``praison-persist`` with the arguments of this process, and exit."""
    from .app import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
