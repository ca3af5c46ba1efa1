"""Values on their way in: JSON text that is exact or refused, checks, key patterns, errors."""

from __future__ import annotations

import array
import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from praison_persist import DimensionMismatchError, InvalidInputError, SerializationError, UnavailableError
from praison_persist import validation as check
from praison_persist.globs import compile_glob, escape_glob, literal_prefix
from praison_persist.jsontext import decode, decode_text, encode, encode_text, same_json

TEXT = st.text(st.characters(codec=None))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def has_surrogate_pair(value: object) -> bool:
    """Two lone surrogates side by side, which JSON reads as one character."""
    text = repr(value)
    return any(f"\\ud{high}" in text for high in "89ab")


@given(JSON)
def test_json_text_gives_back_what_went_in_or_refuses(value):
    try:
        text = encode(value)
    except SerializationError:
        assert has_surrogate_pair(value)
        return
    text.encode()
    assert same_json(decode(text), value)


@given(TEXT)
def test_content_gives_back_what_went_in_and_holds_nothing_that_a_text_column_refuses(text):
    try:
        stored = encode_text(text)
    except SerializationError:
        assert has_surrogate_pair(text)
        return
    assert stored is not None
    stored.encode()
    assert "\x00" not in stored
    assert decode_text(stored) == text


def test_content_that_looks_encoded_is_kept():
    stored = encode_text("a\x00b")
    assert stored != "a\x00b"
    assert decode_text(encode_text(stored)) == stored
    assert decode_text(encode_text(None)) is None
    assert decode_text(encode_text([{"type": "text"}])) == [{"type": "text"}]
    assert encode_text("plain") == "plain"


@pytest.mark.parametrize("value", [float("nan"), math.inf, (1,), {1: 2}, {True: 1}, b"x", {1}, object(), {"a": (1,)}])
def test_what_json_would_change_is_refused(value):
    with pytest.raises(SerializationError):
        encode(value)


def test_json_nested_too_deeply_is_refused():
    value: list = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(SerializationError, match="deep"):
        encode(value)


def test_stored_text_that_is_no_json_is_a_typed_error():
    with pytest.raises(SerializationError):
        decode("{")


@pytest.mark.parametrize("value", ["", None, 1, "a" * 256, "a\x00b", "\ud800", b"a"])
def test_an_id_outside_the_contract_is_refused(value):
    with pytest.raises(InvalidInputError):
        check.check_id(value, "session_id")


@pytest.mark.parametrize("value", [" ", "A", "a ", "a/b:c", "..", "日本", "a" * 255, "'; DROP TABLE x; --"])
def test_an_id_is_kept_exactly(value):
    assert check.check_id(value, "session_id") == value


@pytest.mark.parametrize("value", ["a-b", "a\n", "1a", "", 'a"', "a" * 64, None, "ä"])
def test_a_name_that_becomes_part_of_a_schema_is_a_plain_word(value):
    with pytest.raises(InvalidInputError):
        check.check_identifier(value, "collection name")


@pytest.mark.parametrize(
    ("function", "values"),
    [
        (check.check_limit, [-1, True, 1.0, "1"]),
        (check.check_offset, [None, -1, True]),
        (check.check_batch_size, [None, 0, -1, True]),
        (check.check_ttl, [0, -1, True, "1", math.nan, math.inf, 4e9]),
        (check.check_dimension, [0, -1, True, 1.5, "3", 65537, None]),
        (check.check_key, ["", "a\x1fb", "a\x00", "é" * 513, None]),
    ],
)
def test_numbers_and_keys_outside_the_contract_are_refused(function, values):
    for value in values:
        with pytest.raises(InvalidInputError):
            function(value)


@pytest.mark.parametrize(
    "vector",
    [[1.0, math.nan], [1.0, math.inf], [1e39, 0.0], ["1", 2.0], [True, 1.0], "ab", None, [None, 1.0], {1.0, 2.0}],
)
def test_a_vector_holds_finite_numbers_only(vector):
    with pytest.raises(InvalidInputError):
        check.check_vector(vector, 2, cosine=False)


def test_a_vector_has_the_dimension_of_its_collection_and_a_direction_under_cosine():
    assert check.check_vector(array.array("f", [1, 2]), 2, cosine=True) == [1.0, 2.0]
    with pytest.raises(DimensionMismatchError):
        check.check_vector([1.0], 2, cosine=False)
    with pytest.raises(InvalidInputError, match="zero"):
        check.check_vector([0.0, 0.0], 2, cosine=True)
    assert check.check_vector([0, 0], 2, cosine=False) == [0.0, 0.0]


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("*", ["", "a", "a\nb"], []),
        ("a?c", ["abc", "a*c"], ["ac", "abbc"]),
        ("x[1]", ["x1"], ["x[1]"]),
        ("x[!1]", ["x2"], ["x1", "x"]),
        ("[*]", ["*"], ["a"]),
        ("User*", ["User1"], ["user1"]),
        ("a.b", ["a.b"], ["axb"]),
    ],
)
def test_a_key_pattern_has_one_meaning(pattern, matching, other):
    compiled = compile_glob(pattern)
    assert all(compiled.fullmatch(key) for key in matching)
    assert not any(compiled.fullmatch(key) for key in other)
    assert all(key.startswith(literal_prefix(pattern)) for key in matching)


@given(TEXT)
def test_an_escaped_pattern_matches_its_text_only(text):
    compiled = compile_glob(escape_glob(text))
    assert compiled.fullmatch(text)
    assert not compiled.fullmatch(text + "x")


def test_an_error_says_where_and_what_next_and_survives_a_process_boundary():
    error = UnavailableError("no answer", backend="postgres", operation="add_message", hint="is it up?")
    error.ambiguous = True
    for copy in (error, pickle.loads(pickle.dumps(error))):
        assert str(copy) == "postgres.add_message: no answer\nHint: is it up?"
        assert (copy.retryable, copy.ambiguous) == (True, True)
