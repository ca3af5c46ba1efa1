"""SingleStore: this repository's stand-in, which is its vector functions as stored functions of a real MySQL.

SingleStore needs a licence to run, and no package registry has it. It speaks MySQL's protocol. What MySQL does not know
of its SQL (shard and sort keys), the tests' stores leave out.
"""

from __future__ import annotations

from pathlib import Path

from .mysql import USER, MySQL, mysql_sources

_FUNCTIONS = {"DOT_PRODUCT": "SUM(x * y)", "EUCLIDEAN_DISTANCE": "SQRT(SUM(POW(x - y, 2)))"}
"""By name, what becomes of the pairs of numbers.

Source: https://docs.singlestore.com/db/v9.1/reference/sql-reference/vector-functions/
"""


class SingleStore(MySQL):
    """A MySQL with the functions of BLOBs that hold packed vectors (float32, little-endian), computed in float64."""

    def __init__(self, *, own: bool = False, durable: bool = True) -> None:
        super().__init__("singlestore", mysql_sources(), own=own, durable=durable)

    def _find(self, *, fetch: bool) -> None:
        super()._find(fetch=fetch)
        self.version = f"stand-in for its vector functions in {self.version}"

    def _command(self, home: Path, port: int) -> list[str]:
        return [*super()._command(home, port), "--transaction-isolation=READ-COMMITTED"]  # the only one it has

    def _prepare(self, home: Path) -> None:
        super()._prepare(home)
        with (home / "init.sql").open("a") as init:
            init.write(f"USE {USER};\n")
            init.writelines(_function(name, result) for name, result in _FUNCTIONS.items())


def _function(name: str, result: str) -> str:
    """One line without a semicolon inside, as the server's init file wants its statements."""
    places = "JSON_TABLE(CONCAT('[0', REPEAT(',0', LENGTH(a) DIV 4 - 1), ']'), '$[*]' COLUMNS (place FOR ORDINALITY))"
    bits = f"SELECT {_bits('a')} AS u, {_bits('b')} AS v FROM {places} AS places"
    pairs = f"SELECT {_number('u')} AS x, {_number('v')} AS y FROM ({bits}) AS bits"
    return (
        f"CREATE FUNCTION IF NOT EXISTS {name}(a LONGBLOB, b LONGBLOB) RETURNS DOUBLE DETERMINISTIC NO SQL "
        f"SQL SECURITY INVOKER RETURN (SELECT {result} FROM ({pairs}) AS pairs);\n"
    )


def _bits(vector: str) -> str:
    return f"CAST(CONV(HEX(REVERSE(SUBSTRING({vector}, 4 * place - 3, 4))), 16, 10) AS UNSIGNED)"


def _number(bits: str) -> str:
    """The float32 with these bits, also where it is subnormal."""
    exponent, fraction = f"({bits} >> 23 & 255)", f"({bits} & 8388607)"
    normal = f"({fraction} | 8388608) * POW(2, {exponent} - 150.0)"
    return f"IF({bits} >> 31, -1, 1) * IF({exponent}, {normal}, {fraction} * POW(2, -149))"
