"""What all commands have in common: the global options, and the way from an exception to an exit code."""

from __future__ import annotations

import inspect
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, get_type_hints

import typer

from .failures import FAILED, INTERRUPTED, Failure, as_failure, cleaned
from .output import Output

__all__ = ["JSON", "NO_PROGRESS", "QUIET", "Flags", "command"]

JSON = Annotated[bool, typer.Option("--json", help="Print JSON: one document, or one per line of a stream.")]
QUIET = Annotated[bool, typer.Option("--quiet", "-q", help="Print failures only.")]
NO_PROGRESS = Annotated[bool, typer.Option("--no-progress", help="Show no progress.")]

_GLOBAL = {"json": JSON, "quiet": QUIET, "no_progress": NO_PROGRESS}


@dataclass(frozen=True, slots=True)
class Flags:
    """The global options that were given before the command's name."""

    json: bool
    quiet: bool
    progress: bool


def command(app: typer.Typer, function: Callable[..., int | None], name: str | None = None) -> None:
    """Add a function to the application as a command.

    Its first parameter takes the `Output`, the others are Typer's, to which the global options are added. What it
    returns is the exit code, None for 0; what it raises is printed as a failure.
    """
    hints = get_type_hints(function, include_extras=True)
    _, *own = inspect.signature(function).parameters.values()
    parameters = [parameter.replace(annotation=hints[parameter.name]) for parameter in own]
    kind = inspect.Parameter.KEYWORD_ONLY
    parameters.append(inspect.Parameter("context", kind, annotation=typer.Context))
    parameters += [inspect.Parameter(n, kind, default=False, annotation=a) for n, a in _GLOBAL.items()]
    parameters = [parameter.replace(kind=kind) for parameter in parameters]

    def invoke(**arguments: Any) -> None:
        before: Flags = arguments.pop("context").obj
        output = Output(
            json=arguments.pop("json") or before.json,
            quiet=arguments.pop("quiet") or before.quiet,
            progress=not arguments.pop("no_progress") and before.progress,
        )
        raise typer.Exit(_run(output, lambda: function(output, **arguments)))

    setattr(invoke, "__signature__", inspect.Signature(parameters))  # noqa: B010 - pyright knows no such attribute
    invoke.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    invoke.__doc__ = function.__doc__
    app.command(name or function.__name__.rstrip("_").replace("_", "-"))(invoke)


def _run(output: Output, work: Callable[[], int | None]) -> int:
    try:
        code = work() or 0
        sys.stdout.flush()
    except KeyboardInterrupt:
        failure = Failure("interrupted", hint=output.resume, code=INTERRUPTED, kind="Interrupted")
        return output.fail(failure)
    except BrokenPipeError:  # who read our output has gone, and needs no message
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        if os.environ.get("PRAISON_PERSIST_DEBUG") == "1":
            sys.stderr.write(cleaned(traceback.format_exc()))
        return output.fail(as_failure(error))
    return code
