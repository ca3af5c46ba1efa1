"""Names of a store's tables: validated, quoted and qualified in one place."""

from __future__ import annotations

from dataclasses import dataclass

from ..validation import check_identifier
from .dialect import Dialect

__all__ = ["DEFAULT_PREFIX", "Tables"]

DEFAULT_PREFIX = "praison_"


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of one store.

    Attributes:
        dialect: how names are quoted.
        prefix: start of every table's name, possibly empty.
        schema: the schema they live in; None on engines without schemas.

    Raises:
        InvalidInputError: a prefix or schema that is not a plain name.
    """

    dialect: Dialect
    prefix: str = DEFAULT_PREFIX
    schema: str | None = None

    def __post_init__(self) -> None:
        check_identifier(self.prefix, "table_prefix", empty=True, longest=40)
        if self.schema is not None:
            check_identifier(self.schema, "schema")

    def plain(self, table: str) -> str:
        """The unquoted name of a table, as the engine's catalog has it."""
        return self.prefix + table

    def name(self, table: str) -> str:
        """The quoted name of a table, with its schema."""
        return self._qualified(self.dialect.identifier(self.plain(table)))

    def index(self, table: str, suffix: str) -> str:
        """The quoted name of an index on a table, as CREATE INDEX takes it."""
        return self.dialect.identifier(f"idx_{self.plain(table)}_{suffix}")

    def existing_index(self, table: str, suffix: str) -> str:
        """The quoted name of an index on a table, with its schema."""
        return self._qualified(self.index(table, suffix))

    def _qualified(self, name: str) -> str:
        return name if self.schema is None else f"{self.dialect.identifier(self.schema)}.{name}"
