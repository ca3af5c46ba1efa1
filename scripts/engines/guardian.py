"""Outlives the process that started an engine, to stop the server should that process be killed.

A process of its own: reads the server's current process id, line by line, from its standard input, whose end means that
the starter is gone; "0" means that no server is running. Then it removes the server's directory.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

STOP_SECONDS = 20.0


class Guardian:
    """The starter's end.

    Args:
        home: the server's directory.
        stop_signal: what stops the server in an orderly way.
    """

    def __init__(self, home: Path, stop_signal: signal.Signals) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", __file__, str(home), str(int(stop_signal))],
            stdin=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C in the terminal is for the starter
        )

    def watch(self, pid: int) -> None:
        """From now on, this is the server; 0 for none."""
        if self._process.stdin is not None:
            self._process.stdin.write(b"%d\n" % pid)
            self._process.stdin.flush()

    def dismiss(self) -> None:
        """End the watch and wait until the directory is gone."""
        self.watch(0)
        self._process.communicate()


def _guard(home: Path, stop_signal: int) -> None:
    pid = 0
    for line in sys.stdin:
        pid = int(line)
    if pid and _is_ours(pid, home):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, stop_signal)
            deadline = time.monotonic() + STOP_SECONDS
            while time.monotonic() < deadline:
                os.kill(pid, 0)
                time.sleep(0.1)
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(home, ignore_errors=True)


def _is_ours(pid: int, home: Path) -> bool:
    """Whether the id still means the server, which works below its directory; the system may have used it again."""
    if not Path("/proc/self").exists():
        return True
    try:
        return Path(f"/proc/{pid}/cwd").resolve(strict=True).is_relative_to(home.resolve())
    except OSError:
        return False


if __name__ == "__main__":
    _guard(Path(sys.argv[1]), int(sys.argv[2]))
