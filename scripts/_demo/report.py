"""How the demo talks, and how it fails: a claim that does not hold ends it."""

from __future__ import annotations

import re
import textwrap

WIDTH = 76


class DemoError(Exception):
    """Something that the demo claims did not hold."""


def heading(text: str) -> None:
    """Start a step."""
    print(f"\n{text}\n{'-' * len(text)}", flush=True)


def line(text: str) -> None:
    """One line of a step."""
    print(f"  {text}", flush=True)


def quote(text: str) -> None:
    """A piece of Markdown, shortened to two lines, without comments and the rules of tables."""
    words = re.sub(r"<!--.*?-->|^\|[-|: ]+\|$", "", text, flags=re.DOTALL | re.MULTILINE).split()
    for part in textwrap.wrap(" ".join(words), WIDTH - 6)[:2]:
        print(f"      {part}", flush=True)


def check(claim: str, *, holds: bool) -> None:
    """End the demo when the claim does not hold."""
    if not holds:
        raise DemoError(claim)
