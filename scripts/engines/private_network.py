"""Runs a server in a network of its own, where it may listen on all addresses, and hands one port on to 127.0.0.1.

For servers that cannot be bound to one address: nobody else reaches them so. A program of its own, on Linux::

    python private_network.py PORT INSIDE HEALTH COMMAND...

PORT of 127.0.0.1 leads to INSIDE there, as soon as the URL HEALTH answers in that network. Without root it needs user
namespaces that this user may make. Ends with the command, and kills it when it is told to end, or is killed itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000  # linux/sched.h
_SET_FLAGS, _UP = 0x8914, 0x1  # linux/sockios.h, linux/if.h
_PARENT_DEATH_SIGNAL = 1  # linux/prctl.h
_CHUNK = 65536


def main(arguments: Sequence[str]) -> int:
    """Run the command; its exit code."""
    port, inside, health, *command = arguments
    with socket.socket() as outside:  # it stays in the network where it was made
        outside.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        outside.bind(("127.0.0.1", int(port)))
        enter()
        return asyncio.run(_serve(outside, int(inside), health, command))


def enter() -> None:
    """Move this process into a new network, with nothing in it but 127.0.0.1.

    Raises:
        OSError: the system does not let this user.
    """
    user, group = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_NETWORK | (_NEW_USER if user else 0)):
        raise OSError(ctypes.get_errno(), "no network namespace can be made here")
    if user:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sH14x", b"lo", _UP))


async def _serve(outside: socket.socket, inside: int, health: str, command: Sequence[str]) -> int:
    server = await asyncio.create_subprocess_exec(*command, preexec_fn=_end_with_parent)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, server.kill)
    ended = asyncio.ensure_future(server.wait())
    while not ended.done() and not await asyncio.to_thread(_answers, health):
        await asyncio.wait([ended], timeout=0.1)
    if not ended.done():

        async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.closing(writer), contextlib.suppress(OSError):
                there, back = await asyncio.open_connection("127.0.0.1", inside)
                with contextlib.closing(back):
                    await asyncio.gather(_copy(reader, back), _copy(there, writer))

        async with await asyncio.start_server(relay, sock=outside):
            await ended
    return ended.result()


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.transport.abort()  # the other direction ends with it
        raise


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        return opener.open(url, timeout=2).status == 200
    except (OSError, urllib.error.URLError):
        time.sleep(0.1)
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
