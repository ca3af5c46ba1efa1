"""Values that stores tend to lose or change, shared by the suites. Data only."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["BAD_IDS", "HOSTILE_TEXTS", "JSON_VALUES", "NOT_JSON", "TEXTS", "nested"]


def nested(depth: int) -> dict[str, Any]:
    """A mapping inside a list inside a mapping ... ``depth`` times."""
    value: Any = "bottom"
    for level in range(depth):
        value = {"level": value} if level % 2 else [value]
    return {"root": value}


TEXTS: dict[str, str] = {
    "empty": "",
    "space": " ",
    "trailing space and newline": "text \n",
    "carriage return": "a\r\nb\rc",
    "nul": "before\x00after",
    "only nul": "\x00",
    "control characters": "".join(map(chr, range(1, 32))) + "\x7f\x85\u2028\u2029",
    "lone surrogate": "half \ud83d of a pair, and \udc00",
    "emoji": "\U0001f9d1\u200d\U0001f680 \U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f \U0001f1ea\U0001f1fa",
    "right to left": "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 \u202eabc\u202c",
    "combining": "e\u0301 is not \u00e9; \u212b \u00c5 A\u030a",
    "byte order mark": "\ufeffstart",
    "marker": '\x1epraison-persist/json:"not what it seems"',
    "marker alone": "\x1epraison-persist/json:",
    "json": '{"a": [1, 2.0, null]}',
    "json string": '"quoted"',
    "number": "123",
    "null": "null",
    "quotes": 'it\'s "quoted" `and` \\escaped\\ \\u0000 \\x00 %s {0} ${x} :name ?',
    "injection": "'); DROP TABLE messages; --",
    "highest": "\U0010ffff\uffff\ufffe",
}
"""Text that must come back exactly."""

JSON_VALUES: dict[str, Any] = {
    "empty": {},
    "none inside": {"a": None, "b": [None], "c": {"d": None}},
    "empty inside": {"dict": {}, "list": [], "text": ""},
    "booleans and numbers": {"true": True, "one": 1, "float one": 1.0, "text one": "1", "zero": 0, "false": False},
    "number texts": {"a": "1", "b": "1.0", "c": "true", "d": "null", "e": '{"f": 1}'},
    "big integers": {"int64": 2**63, "uint64": 2**64, "googol": 10**100, "negative": -(2**70)},
    "floats": {"big": 1e300, "small": 5e-324, "tenth": 0.1, "minus zero": -0.0, "long": 0.1 + 0.2, "e16": 1e16},
    "nested": nested(60),
    "unicode": {"schl\u00fcssel": "gr\u00fc\u00dfe", "\U0001f511": "\U0001f9e1", "\u0645": ["\u05d0"]},
    "nul and surrogates": {"nul": "a\x00b", "half": "\ud83d", "key \x00": 1, "key \udc00": 2},
    "odd keys": {"": 0, "a.b": 1, "$set": 2, "a b": 3, "a/b": 4, "__proto__": 5, "0": 6, "a'b": 7, 'a"b': 8, "$": 9},
    "tags": {"lc": 1, "__type__": "x", "$oid": "0", "value": 1, "__wrapped__": True, "py/object": "os.system"},
    "lists": {"mixed": [1, "1", 1.0, True, None, [], {}, [[1], [2]]], "long": list(range(300))},
}
"""Mappings that must come back with every type."""

NOT_JSON: dict[str, Any] = {
    "nan": math.nan,
    "infinity": math.inf,
    "bytes": b"bytes",
    "tuple": (1, 2),
    "set": {1, 2},
    "integer key": {1: "one"},
    "none key": {None: "none"},
    "object": object(),
    "nan deep inside": {"a": [{"b": -math.inf}]},
    "tuple deep inside": {"a": [{"b": (1,)}]},
    "too deep": nested(100_000),
}
"""Values that JSON would change or cannot hold: refused with `SerializationError`."""

HOSTILE_TEXTS: list[str] = [
    "case",
    "CASE",
    "Case",
    "case ",
    " case",
    "case\t",
    "case\n",
    "case/sub",
    "case:sub",
    "case\\sub",
    "case.sub",
    "case%",
    "case_",
    "case*",
    "case?",
    "case[a]",
    "{case}",
    "case#1",
    "case|",
    "case'",
    'case"',
    "case;--",
    "case$",
    "@case",
    "..",
    ".",
    "../case",
    "/case",
    "~",
    "-",
    "0",
    "00",
    "1e1",
    "null",
    "None",
    "true",
    "caf\u00e9",
    "cafe\u0301",
    "stra\u00dfe",
    "strasse",
    "\u0130",
    "i\u0307",
    "\u212a",
    "K",
    "k",
    "\ufeffcase",
    "ca\u200bse",
    "ca\u00adse",
    "\U0001f511",
    "\U0001f512",
    "\u05d0\u05d1",
    "_sessions_index",
    "x' OR '1'='1",
    "%00",
    "con",
    "\uffff",
    "\U0010ffff",
]
"""Ids that some engine folds, trims, normalises, escapes or refuses: each is one of its own."""

BAD_IDS: dict[str, Any] = {
    "empty": "",
    "nul": "a\x00b",
    "lone surrogate": "a\ud800",
    "integer": 5,
    "bytes": b"id",
    "none": None,
}
"""What no id may be; refused with `InvalidInputError`."""
