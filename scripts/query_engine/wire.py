"""The Redis serialization protocol, versions 2 and 3: what passes through the stand-in. Knows no commands."""

from __future__ import annotations

import asyncio
from typing import Any

__all__ = ["encode", "read_command", "read_reply"]


async def read_command(reader: asyncio.StreamReader) -> tuple[list[bytes], bytes]:
    """A client's command, and the bytes that it came as."""
    head = await reader.readuntil(b"\r\n")
    if not head.startswith(b"*"):
        return head.split(), head  # an inline command, as people type them
    raw, parts = [head], list[bytes]()
    for _ in range(int(head[1:])):
        length = await reader.readuntil(b"\r\n")
        data = await reader.readexactly(int(length[1:]) + 2)
        raw += [length, data]
        parts.append(data[:-2])
    return parts, b"".join(raw)


async def read_reply(reader: asyncio.StreamReader) -> tuple[bytes, Any]:
    """A server's reply: its bytes, and its value (bytes, integers, None, lists, dicts)."""
    head = await reader.readuntil(b"\r\n")
    kind, rest = head[:1], head[1:-2]
    if kind in b"+-,#(":
        return head, rest
    if kind == b":":
        return head, int(rest)
    if kind == b"_" or rest == b"-1":
        return head, None
    if kind in b"$=!":
        data = await reader.readexactly(int(rest) + 2)
        return head + data, data[:-2]
    raw, items = [head], list[Any]()
    for _ in range(int(rest) * (2 if kind in b"%|" else 1)):
        bytes_, value = await read_reply(reader)
        raw.append(bytes_)
        items.append(value)
    if kind == b"|":  # attributes stand before the reply itself
        bytes_, value = await read_reply(reader)
        return b"".join([*raw, bytes_]), value
    return b"".join(raw), dict(zip(items[::2], items[1::2], strict=True)) if kind == b"%" else items


def encode(value: Any, *, resp3: bool) -> bytes:
    """A value as a reply: None, integers, floats, text, bytes, lists, dicts; a `bool` is the status OK."""
    if value is None:
        return b"_\r\n" if resp3 else b"$-1\r\n"
    if value is True:
        return b"+OK\r\n"
    if isinstance(value, int):
        return b":%d\r\n" % value
    if isinstance(value, float):
        return b",%r\r\n" % value if resp3 else encode(repr(value), resp3=False)
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return b"$%d\r\n%s\r\n" % (len(value), value)
    if isinstance(value, dict):
        head = b"%%%d\r\n" % len(value) if resp3 else b"*%d\r\n" % (2 * len(value))
        return head + b"".join(encode(part, resp3=resp3) for pair in value.items() for part in pair)
    return b"*%d\r\n" % len(value) + b"".join(encode(part, resp3=resp3) for part in value)
