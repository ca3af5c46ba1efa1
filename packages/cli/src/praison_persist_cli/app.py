"""The application: its commands, and what becomes of arguments that are wrong. No command's work is here."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any, cast

import typer

from .__about__ import __version__
from .command import JSON, NO_PROGRESS, QUIET, Flags
from .commands import agents, backends, doctor, migrate, new, purge, sessions, transfer
from .failures import USAGE, Failure
from .output import Output

__all__ = ["app", "run"]

app = typer.Typer(
    name="praison-persist",
    help="Look into, check, copy, migrate and purge the data of AI agents.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # help that reads the same in a terminal, in a pipe and at 80 columns
    pretty_exceptions_enable=False,  # they print local variables, and those hold passwords
    context_settings={"help_option_names": ["-h", "--help"]},
)

for module in (backends, doctor, agents, sessions, transfer, migrate, purge, new):
    module.add_to(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"praison-persist {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    json: JSON = False,
    quiet: QUIET = False,
    no_progress: NO_PROGRESS = False,
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool, typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Look into, check, copy, migrate and purge the data of AI agents.

    Every command says with --help what it takes. Exit codes: 0 done, 1 failed or found problems, 2 wrong usage,
    130 interrupted.
    """
    context.obj = Flags(json=json, quiet=quiet, progress=not no_progress)


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code."""
    for stream in (sys.stdout, sys.stderr):
        cast(Any, stream).reconfigure(errors="backslashreplace")  # a name in another script must not be an error
    try:
        code = app(list(arguments), standalone_mode=False, prog_name="praison-persist")
    except Exception as error:
        explain = getattr(error, "format_message", None)  # click's, whichever copy of it Typer brings
        if explain is None:
            raise
        context = getattr(error, "ctx", None)
        if type(error).__name__ == "NoArgsIsHelpError":
            print(explain(), file=sys.stderr)
            return USAGE
        path = context.command_path if context is not None else "praison-persist"
        failure = Failure(str(explain()), hint=f"see {path} --help", code=USAGE)
        return Output(json="--json" in arguments).fail(failure)
    return int(code or 0)
