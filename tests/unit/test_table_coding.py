"""Items to DynamoDB's attribute values and back, as boto3 itself does it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from copilot.table import decode, encode

SCALARS = (
    st.text(max_size=8) | st.integers(-(10**30), 10**30) | st.booleans() | st.binary(max_size=4)
)
VALUES = st.recursive(
    SCALARS | st.sets(st.text(min_size=1, max_size=5), min_size=1, max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1, max_size=5), VALUES, max_size=5))
def test_items_are_encoded_as_boto3_does_and_come_back(item: dict[str, Any]) -> None:
    encoded = encode(item)
    assert encoded == {name: TypeSerializer().serialize(value) for name, value in item.items()}
    assert decode(encoded) == item


def test_what_is_none_is_left_out() -> None:
    assert encode({"a": None, "b": 1}) == {"b": {"N": "1"}}


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=0, max_value=10**9))
def test_decimals_and_nothing_are_encoded_as_boto3_does(number: Decimal) -> None:
    item = {"ms": number, "parts": {"none": None, "ms": number}}
    assert encode(item) == {name: TypeSerializer().serialize(v) for name, v in item.items()}
    assert decode(encode(item))["ms"] == pytest.approx(float(number))
