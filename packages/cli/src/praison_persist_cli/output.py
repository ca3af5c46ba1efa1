"""Everything that is printed: results for people or as JSON, notes, failures, progress. Knows no store."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from .failures import Failure, cleaned
from .transfer.tally import Advance

__all__ = ["Output", "duration", "printable"]


def printable(text: object) -> str:
    """The text without what would steer a terminal: control characters become escapes."""
    raw = str(text)
    if raw.isprintable():
        return raw
    return "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in raw)


def duration(seconds: float) -> str:
    """Seconds for a person."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


class Output:
    """Where a command prints to.

    Results go to stdout, everything else to stderr. With ``json`` stdout is one document, or one per line of a stream.

    Args:
        json: for programs.
        quiet: no results for people and no notes; failures are still printed.
        progress: show progress, if stderr is a terminal.
    """

    def __init__(self, *, json: bool = False, quiet: bool = False, progress: bool = True) -> None:
        self.json = json
        self.quiet = quiet
        self._progress = progress and not json and not quiet and sys.stderr.isatty()
        self.resume = "Nothing was left half done."
        """What to say after an interruption."""

    def document(self, value: Mapping[str, Any]) -> None:
        """The result as JSON, if that is wanted."""
        if self.json:
            print(json.dumps(value, ensure_ascii=True, allow_nan=False))

    def text(self, line: str = "") -> None:
        """A line of the result for people; never cut or wrapped, so that it can be piped."""
        if not self.json and not self.quiet:
            print(printable(cleaned(line)))

    def fields(self, pairs: Iterable[tuple[str, object]], indent: str = "") -> None:
        """Lines of a name and a value; those without a value are left out."""
        shown = [(name, value) for name, value in pairs if value is not None and value != ""]
        width = max((len(name) for name, _ in shown), default=0)
        for name, value in shown:
            self.text(f"{indent}{name:<{width}}  {value}")

    def table(self, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """A table as wide as the terminal, 80 columns where there is none; long cells go over several lines."""
        if self.json or self.quiet:
            return
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for name in header:
            table.add_column(name, overflow="fold")
        for row in rows:
            table.add_row(*(Text(printable(cleaned("" if cell is None else str(cell)))) for cell in row))
        Console(highlight=False, markup=False, emoji=False).print(table)

    def note(self, line: str) -> None:
        """A line beside the result."""
        if not self.json and not self.quiet:
            print(printable(cleaned(line)), file=sys.stderr)

    def fail(self, failure: Failure) -> int:
        """Print the failure; its exit code."""
        if self.json:
            print(json.dumps(failure.document()), file=sys.stderr)
        else:
            print(f"Error: {printable(cleaned(failure.message))}", file=sys.stderr)
            if failure.hint:
                print(f"Next:  {printable(cleaned(failure.hint))}", file=sys.stderr)
        return failure.code

    @contextmanager
    def progress(self, label: str, unit: str, total: int | None = None) -> Generator[Advance]:
        """Show how far the work is; call what this gives with the number of items that were done."""
        if not self._progress:
            yield lambda _: None
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = [TextColumn("{task.description}", markup=False), BarColumn(bar_width=20)]
        of = "" if total is None else "/{task.total:,.0f}"
        columns.append(TextColumn("{task.completed:,.0f}" + of + f" {unit}"))
        console = Console(stderr=True, highlight=False, markup=False)
        with Progress(*columns, TimeElapsedColumn(), console=console, transient=True, refresh_per_second=5) as bar:
            task = bar.add_task(printable(cleaned(label)), total=total)
            yield lambda done: bar.advance(task, done)
