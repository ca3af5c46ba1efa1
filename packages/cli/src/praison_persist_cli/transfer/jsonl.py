"""The format of exported files: JSON lines, UTF-8. The schema is described in this package's README. Prints nothing.

header                            first line: format, version, kind
session, then its messages        kind conversation
collection, then its documents    kind knowledge
key                               kind state
end                               last line: counts and hash
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from praison_persist.errors import InvalidInputError
from praison_persist.jsontext import is_utf8

__all__ = ["FORMAT", "VERSION", "Line", "header", "line", "read_header", "read_lines", "wrong"]

FORMAT = "praison-persist"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Line:
    """A parsed line: its number from 1, its type, and all of it."""

    number: int
    type: str
    data: dict[str, Any]


def line(kind: str, fields: dict[str, Any]) -> str:
    """One line, with its line break."""
    record = {"type": kind, **fields}
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    if not is_utf8(text):
        text = json.dumps(record, allow_nan=False, separators=(",", ":"))
    return text + "\n"


def header(kind: str, backend: str, created_at: float) -> str:
    """The first line."""
    fields = {"format": FORMAT, "version": VERSION, "kind": kind, "backend": backend, "created_at": created_at}
    return line("header", fields)


def wrong(number: int, what: str, hint: str = "export it again; praison-persist reads what it has written") -> Any:
    """The error for a line that cannot be taken."""
    return InvalidInputError(f"line {number}: {what}", operation="import", hint=hint)


def read_lines(texts: Iterable[str]) -> Iterator[Line]:
    """The lines, checked to be JSON objects with a type; empty ones are passed over.

    Raises:
        InvalidInputError: with the line's number.
    """
    for number, text in enumerate(texts, 1):
        if not text.strip():
            continue
        try:
            data: Any = json.loads(text, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            cut = "" if text.endswith("\n") else "; the file ends in the middle of a line"
            raise wrong(number, f"not JSON: {error}{cut}") from error
        if not isinstance(data, dict) or not isinstance(cast("dict[str, Any]", data).get("type"), str):
            raise wrong(number, 'not an object with a "type"')
        yield Line(number, data["type"], cast("dict[str, Any]", data))


def read_header(lines: Iterator[Line]) -> dict[str, Any]:
    """Take the first line.

    Raises:
        InvalidInputError: it is none, or of a version that this release cannot read.
    """
    first = next(lines, None)
    if first is None or first.type != "header" or first.data.get("format") != FORMAT:
        raise wrong(1, f'this is no export of {FORMAT}: its first line has to be {{"type": "header", ...}}')
    version = first.data.get("version")
    if version != VERSION:
        raise wrong(1, f"format version {version!r} is unknown, this release reads {VERSION}",
                    "pip install --upgrade praison-persist-cli")  # fmt: skip
    return first.data


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")
