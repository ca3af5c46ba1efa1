"""``new-backend``: a package for another database, rendered from the template. Writes below its destination only."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ..command import command
from ..failures import USAGE, Failure
from ..output import Output

__all__ = ["add_to"]

_CHOICES = {
    "kinds": ("conversation", "knowledge", "state"),
    "style": ("sql", "sdk"),
    "modes": ("sync", "async", "both"),
    "place": ("community", "workspace"),
}


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    command(app, new_backend)


def new_backend(
    output: Output,
    destination: Annotated[Path, typer.Argument(help="Where to write it: a directory that is empty or new.")],
    name: Annotated[str | None, typer.Option("--name", help='Name of the backend, as in create("NAME").')] = None,
    description: Annotated[str | None, typer.Option("--description", help="What it keeps, in one line.")] = None,
    kind: Annotated[list[str] | None, typer.Option("--kind", help="conversation, knowledge, state; repeat it.")] = None,
    style: Annotated[str | None, typer.Option("--style", help="sql or sdk: how the database is reached.")] = None,
    modes: Annotated[str | None, typer.Option("--modes", help="sync, async or both.")] = None,
    author: Annotated[str | None, typer.Option("--author", help="Who holds the copyright.")] = None,
    place: Annotated[str | None, typer.Option("--place", help="community or workspace (packages/ here).")] = None,
    aliases: Annotated[str | None, typer.Option("--aliases", help="Other names, separated by commas.")] = None,
    schemes: Annotated[str | None, typer.Option("--schemes", help="URL schemes, separated by commas.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: defaults for what is not given.")] = False,
) -> None:
    """Write a package for another database: a working store that passes the conformance suite, to be replaced in parts.

    What is not given is asked for in a terminal.
    """
    given: dict[str, Any] = {"name": name, "description": description, "kinds": kind, "style": style, "modes": modes}
    given |= {"author": author, "place": place, "aliases": aliases, "schemes": schemes}
    answers = {key: value for key, value in given.items() if value is not None}
    for key, choices in _CHOICES.items():
        for value in answers.get(key, ()) if key == "kinds" else [answers.get(key)]:
            if value is not None and value not in choices:
                option = "kind" if key == "kinds" else key
                raise Failure(f"--{option} {value} is not known", hint=f"one of {', '.join(choices)}", code=USAGE)
    ask = not yes and not output.json and sys.stdin.isatty()
    if not ask and name is None:
        raise Failure("the backend needs a name, and nobody is there to be asked", hint="add --name mydb", code=USAGE)
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise Failure(f"{destination} is not empty", hint="name a directory that is new", code=USAGE)
    if importlib.util.find_spec("copier") is None:
        raise Failure(
            "rendering the template needs copier", hint='pip install "praison-persist-cli[new]"', kind="NotInstalled"
        )
    _render(destination, answers, ask=ask)
    files = sorted(path.relative_to(destination).as_posix() for path in destination.rglob("*") if path.is_file())
    output.document({"command": "new-backend", "destination": str(destination), "files": files})
    output.text(f"{len(files)} files in {destination}")
    output.text(f"Next: {destination}/README.md says what to replace first")


def _render(destination: Path, answers: dict[str, Any], *, ask: bool) -> None:
    from copier import run_copy
    from copier.errors import CopierError

    try:
        run_copy(str(_template()), destination, data=answers, defaults=not ask, quiet=True)
    except (CopierError, ValueError) as error:  # an answer that its question does not take
        raise Failure(str(error), hint="see praison-persist new-backend --help", code=USAGE) from error


def _template() -> Path:
    """In a wheel beside this package's modules, in a checkout where the repository has it."""
    package = Path(__file__).resolve().parents[1]
    shipped = package / "template"
    return shipped if shipped.is_dir() else package.parents[3]
