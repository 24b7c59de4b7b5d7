"""What DynamoDB bills for a call, against its own examples and hand-computed sizes."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.cost.dynamodb_units import index_write_units, item_bytes, read_units, write_units

KEYS = ("owner_key", "list_order")


def item(size: int) -> dict[str, dict[str, str]]:
    """An item of exactly ``size`` bytes."""
    return {"PK": {"S": "x" * (size - 2)}}


def test_names_and_values_are_counted_in_bytes_of_utf8() -> None:
    assert item_bytes({"PK": {"S": "ab"}, "ü": {"S": "€"}}) == 2 + 2 + 2 + 3


@pytest.mark.parametrize(
    ("number", "size"), [("0", 2), ("7", 2), ("1800000000", 2), ("1234", 3), ("-12345", 5)]
)
def test_a_number_takes_a_byte_for_two_significant_digits_and_one_more(
    number: str, size: int
) -> None:
    assert item_bytes({"n": {"N": number}}) == 1 + size


def test_documents_add_three_bytes_and_one_for_each_element() -> None:
    nested = {"m": {"M": {"ab": {"BOOL": True}, "c": {"L": [{"S": "xy"}, {"NULL": True}]}}}}
    inner_list = 3 + (1 + 2) + (1 + 1)
    assert item_bytes(nested) == 1 + 3 + (1 + 2 + 1) + (1 + 1 + inner_list)


def test_a_set_is_the_sum_of_its_members() -> None:
    assert item_bytes({"s": {"SS": ["ab", "cde"]}}) == 1 + 5


@pytest.mark.parametrize(("size", "units"), [(3, 1), (1024, 1), (1025, 2), (3072, 3)])
def test_a_write_costs_a_unit_for_each_kilobyte_and_twice_that_in_a_transaction(
    size: int, units: int
) -> None:
    assert write_units(None, item(size)) == units
    assert write_units(None, item(size), transactional=True) == 2 * units


def test_shrinking_an_item_costs_what_it_was() -> None:
    assert write_units(item(2500), item(10)) == 3


def test_a_refused_condition_costs_the_item_that_stands_there() -> None:
    assert write_units(item(1500), item(1500)) == 2
    assert write_units(None, None) == 1


def test_the_index_costs_nothing_for_what_it_does_not_hold() -> None:
    assert index_write_units(None, item(100), KEYS) == 0


def test_the_index_is_written_when_an_item_comes_changes_and_goes() -> None:
    first = {"owner_key": {"S": "ann"}, "list_order": {"N": "1"}, "title": {"S": "a"}}
    renamed = {**first, "title": {"S": "b"}}
    moved = {**first, "list_order": {"N": "2"}}
    assert index_write_units(None, first, KEYS) == 1
    assert index_write_units(first, first, KEYS) == 0
    assert index_write_units(first, renamed, KEYS) == 1
    assert index_write_units(first, moved, KEYS) == 2
    assert index_write_units(moved, None, KEYS) == 1


def test_a_read_costs_by_four_kilobytes_and_half_when_it_may_be_stale() -> None:
    assert read_units(4096, consistent=True) == 1
    assert read_units(4097, consistent=True) == 2
    assert read_units(0, consistent=False) == Fraction(1, 2)
    assert read_units(8192, consistent=True, transactional=True) == 4


@given(st.integers(2, 10_000), st.integers(2, 10_000))
def test_a_larger_item_never_costs_less(one: int, other: int) -> None:
    small, large = sorted((one, other))
    assert write_units(None, item(small)) <= write_units(None, item(large))
    assert read_units(small, consistent=True) <= read_units(large, consistent=True)


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(ValueError, match="type XX"):
        item_bytes({"a": {"XX": "?"}})
