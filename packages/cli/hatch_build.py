"""Puts the repository's template into the wheel; in a source distribution it is already below src."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class TemplateHook(BuildHookInterface[Any]):
    """Adds copier.yml and scripts/template, where there is a repository around this package."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root).parents[1]
        if version == "editable" or not (root / "copier.yml").is_file():
            return
        below = "" if self.target_name == "wheel" else "src/"
        target = f"{below}praison_persist_cli/template"
        build_data["force_include"][str(root / "copier.yml")] = f"{target}/copier.yml"
        for path in (root / "scripts" / "template").rglob("*"):
            if path.is_file():
                place = path.relative_to(root).as_posix()
                build_data["force_include"][str(path)] = f"{target}/{place}"
