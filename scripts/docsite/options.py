"""The options of a store as a table: names, types and defaults from its constructor, meanings from its docstrings.

Imports the plugin, and creates no store.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

from praison_persist import CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES

REGISTRIES = {"conversation": CONVERSATION_STORES, "knowledge": KNOWLEDGE_STORES, "state": STATE_STORES}


def store_class(kind: str, backend: str) -> type:
    """The class that the backend's entry point builds."""
    factory: Any = REGISTRIES[kind].resolve(backend)
    return getattr(factory, "store_class", factory)


def meanings(cls: type) -> dict[str, str]:
    """What the docstrings of a class, its constructor and their bases say of each argument; the nearest one counts."""
    found: dict[str, str] = {}
    for base in cls.__mro__:
        for text in (base.__doc__, vars(base).get("__init__") and vars(base)["__init__"].__doc__):
            section = re.search(r"^(?:Args|Options):\n((?:    .*\n?|\n)+)", inspect.cleandoc(text or ""), re.MULTILINE)
            if section is None:
                continue
            entries = re.findall(r"^    ([\w, ]+):\s+((?:.*)(?:\n {6,}.*)*)", section[1], re.MULTILINE)
            for names, meaning in entries:
                for name in names.split(","):
                    found.setdefault(name.strip(), " ".join(meaning.split()).replace("|", "\\|"))
    return found


def table(cls: type) -> str:
    """Markdown; one sentence where the store has no options."""
    parameters: Mapping[str, inspect.Parameter] = inspect.signature(cls).parameters
    if not parameters:
        return "No options.\n"
    explained = meanings(cls)
    rows = [
        f"| `{name}` | {_code(_type(one.annotation))} | {_default(one)} | {explained.get(name, '')} |"
        for name, one in parameters.items()
    ]
    return "\n".join(["| option | type | default | meaning |", "|---|---|---|---|", *rows]) + "\n"


def _type(annotation: Any) -> str:
    if annotation is inspect.Parameter.empty:
        return ""
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _default(parameter: inspect.Parameter) -> str:
    return "required" if parameter.default is inspect.Parameter.empty else _code(repr(parameter.default))


def _code(text: str) -> str:
    # An address in memory would change with every build.
    text = re.sub(r" at 0x[0-9a-f]+", "", text).replace("|", "\\|")
    return f"`{text}`" if text else ""
