"""An import-linter contract that its own kinds cannot express: a package imports nothing but what is listed.

Used by [tool.importlinter] in pyproject.toml; knows no package by name.
"""

from __future__ import annotations

import sys
from typing import cast

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class OnlyContract(Contract):
    """The package imports itself, the standard library, and the listed top-level packages.

    Configuration options:
        - package: the import name of a root package.
        - allowed: top-level names that it may import besides; may be empty.
    """

    type_name = "only"

    package = fields.StringField()
    allowed = fields.SetField(subfield=fields.StringField(), required=False, default=set())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Every direct import, from every module of the package."""
        # import-linter replaces the fields of the class by the values of the configuration.
        package, others = cast("str", self.package), cast("set[str]", self.allowed)
        allowed = {package, *sys.stdlib_module_names, *others}
        found: list[str] = []
        for importer in sorted({package, *graph.find_descendants(package)}):
            for imported in sorted(graph.find_modules_directly_imported_by(importer)):
                if imported.partition(".")[0] not in allowed:
                    details = graph.get_import_details(importer=importer, imported=imported)
                    found += [f"{importer}:{detail['line_number']} imports {imported}" for detail in details]
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """One line per import."""
        for line in check.metadata["found"]:
            output.print_error(line)
