"""`in_parts`: nothing lost, nothing reordered, no part over a limit that could be kept."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from praison_persist.parts import in_parts


@given(st.lists(st.integers(0, 9)), st.integers(1, 20), st.one_of(st.none(), st.integers(1, 4)))
def test_the_parts_are_the_items_in_order_and_keep_the_limits(items: list[int], heaviest: int, longest: int | None):
    parts = list(in_parts(items, lambda item: item, heaviest, longest=longest))
    assert [item for part in parts for item in part] == items
    assert all(part and (len(part) == 1 or sum(part) <= heaviest) for part in parts)
    assert longest is None or all(len(part) <= longest for part in parts)
    for part, after in itertools.pairwise(parts):
        assert sum(part) + after[0] > heaviest or len(part) == longest


@pytest.mark.parametrize("weights", [[50], [1, 50, 1]])
def test_an_item_beyond_the_limit_is_a_part_of_its_own(weights: list[int]):
    assert list(in_parts(weights, lambda weight: weight, 10)) == [[weight] for weight in weights]


def test_items_are_read_as_the_parts_are_asked_for():
    read: list[int] = []
    parts = in_parts((read.append(i) or i for i in range(100)), lambda _: 1, 3)
    assert next(parts) == [0, 1, 2]
    assert len(read) == 4
