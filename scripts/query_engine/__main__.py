"""A stand-in for Redis's query engine and for valkey-search: a proxy before a real Redis or Valkey.

It answers ``FT.*`` itself, by brute force over the hashes of the real server, and forwards everything else. No package
registry has either module. It is shared by the tests of two packages, so it lives here; `scripts/engines` starts it.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from searching import RefusedError, SearchEngine
from wire import encode, read_command, read_reply


async def serve(port: int, engine: SearchEngine, upstream: int) -> None:
    """Accept until the process is ended."""

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        their_reader, their_writer = await asyncio.open_connection("127.0.0.1", upstream, limit=2**30)
        try:
            await _talk(reader, writer, their_reader, their_writer, engine)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # one of the two hung up
        finally:
            their_writer.close()
            writer.close()

    server = await asyncio.start_server(client, "127.0.0.1", port, limit=2**30)
    async with server:
        await server.serve_forever()


async def _talk(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    their_reader: asyncio.StreamReader,
    their_writer: asyncio.StreamWriter,
    engine: SearchEngine,
) -> None:
    resp3 = False

    async def ask(*command: bytes | str | int) -> object:
        their_writer.write(encode([part if isinstance(part, bytes) else str(part) for part in command], resp3=False))
        return (await read_reply(their_reader))[1]

    while True:
        command, raw = await read_command(reader)
        name = command[0].upper()
        if name.startswith(b"FT."):
            try:
                answer = encode(await engine.answer(command, ask, resp3=resp3), resp3=resp3)
            except RefusedError as refusal:
                answer = f"-{refusal}\r\n".encode()
        else:
            if name == b"HELLO" and len(command) > 1:
                resp3 = command[1] == b"3"
            their_writer.write(raw)
            answer = (await read_reply(their_reader))[0]
        writer.write(answer)
        await writer.drain()


def main() -> None:
    """Parse the arguments and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream", type=int, required=True)
    parser.add_argument("--flavour", choices=("redis", "valkey"), required=True)
    parser.add_argument("--state", type=Path, required=True, help="where the indexes are remembered")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.port, SearchEngine(arguments.flavour, arguments.state), arguments.upstream))


if __name__ == "__main__":
    main()
