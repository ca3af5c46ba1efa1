"""Uploads distributions to an index. The token comes from the environment or from trusted publishing, no argument."""

from __future__ import annotations

import argparse
import os
import subprocess
from pathlib import Path

from .common import StepError, main

SECRETS = ("UV_PUBLISH_TOKEN", "UV_PUBLISH_PASSWORD")


def step() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/publish",
        description="Upload sdists and wheels, with the attestations beside them. Token: UV_PUBLISH_TOKEN. "
        "Exit codes: 0, 1 failed, 2 usage.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="*.tar.gz and *.whl")
    parser.add_argument("--to", metavar="URL", help="where the index takes uploads; default: uv's own")
    parser.add_argument(
        "--index", metavar="URL", help="its simple API: what is there already, and is the same, is skipped"
    )
    parser.add_argument(
        "--trusted", action="store_true", help="trusted publishing: the workflow's identity is the credential"
    )
    given = parser.parse_args()
    for path in given.files:
        if not path.is_file():
            raise StepError(f"{path} does not exist")
    if not given.trusted and not any(os.environ.get(name) for name in SECRETS):
        raise StepError("no credential: set UV_PUBLISH_TOKEN, or use --trusted in a workflow")
    command = ["uv", "publish", "--trusted-publishing", "always" if given.trusted else "never"]
    command += ["--publish-url", given.to] if given.to else []
    command += ["--check-url", given.index] if given.index else []
    return int(subprocess.run([*command, *map(str, given.files)], check=False).returncode != 0)


if __name__ == "__main__":
    main(step)
