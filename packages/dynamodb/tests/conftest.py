"""Credentials for the stand-ins, which every client of AWS wants to have, and no files of the developer's own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def credentials() -> Iterator[None]:
    """Also for the processes that the suite starts."""
    given = {
        "AWS_ACCESS_KEY_ID": "not-a-key",
        "AWS_SECRET_ACCESS_KEY": "s3cret-of-nobody",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    before = {name: os.environ.get(name) for name in (*given, "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE")}
    for name in before:
        os.environ.pop(name, None)
    os.environ.update(given)
    yield
    for name, value in before.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
