"""core imports the standard library and itself; read from the source, so that lazy imports count too."""

import ast
import sys
from pathlib import Path

import pytest

CORE = Path(__file__).resolve().parent.parent / "core" / "src" / "praison_persist"
SOURCES = sorted(CORE.rglob("*.py"))


def imports(source):
    """The top-level name of every absolute import that runs; those for type checkers only are left out."""
    pending = [ast.parse(source)]
    while pending:
        node = pending.pop()
        if (
            isinstance(node, ast.If)
            and ast.unparse(node.test).endswith("TYPE_CHECKING")
            and "not " not in ast.unparse(node.test)
        ):
            pending += node.orelse
        elif isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level == 0 and node.module:
                yield node.module.partition(".")[0]
        else:
            pending += ast.iter_child_nodes(node)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(CORE).as_posix())
def test_core_imports_the_standard_library_only(path):
    assert set(imports(path.read_text(encoding="utf-8"))) <= {*sys.stdlib_module_names, "praison_persist"}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import numpy.linalg", {"numpy"}),
        ("def f():\n    from redis import Redis", {"redis"}),
        ("if TYPE_CHECKING:\n    import a\nelse:\n    import b", {"b"}),
        ("if not TYPE_CHECKING:\n    import a", {"a"}),
        ("from . import x\nfrom ..y import z", set()),
    ],
)
def test_the_check_itself_sees_every_import_that_runs(source, found):
    assert set(imports(source)) == found


def test_there_is_something_to_check():
    assert CORE / "__init__.py" in SOURCES
    assert len(SOURCES) > 10
