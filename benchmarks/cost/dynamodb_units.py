"""Request units that DynamoDB bills on demand for one call. Pure.

Sizes: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html;
units: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

Item = Mapping[str, Mapping[str, Any]]
"""An item as the low-level API has it: attribute name -> {type: value}."""

KB = 1024
ELEMENT_BYTES = 1
DOCUMENT_BYTES = 3


def item_bytes(item: Item | None) -> int:
    """Bytes of an item: the names and values of its attributes. 0 where there is none."""
    if item is None:
        return 0
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def write_units(before: Item | None, after: Item | None, *, transactional: bool = False) -> int:
    """Units of one write: per KB of the larger item, before or after; twice in a transaction.

    A write that a condition refuses costs as much as the item that stands there.
    """
    size = max(item_bytes(before), item_bytes(after), 1)
    return -(-size // KB) * (2 if transactional else 1)


def index_write_units(before: Item | None, after: Item | None, keys: Iterable[str]) -> int:
    """Units of keeping a secondary index that projects every attribute.

    ``keys`` are its key attributes; an item without them is not in the index. A changed key is a
    deletion and a put; an unchanged item costs nothing.
    """
    keys = tuple(keys)
    old, new = (_indexed(item, keys) for item in (before, after))
    if old is None and new is None:
        return 0
    if old is not None and new is not None:
        if old == new:
            return 0
        if all(old[key] == new[key] for key in keys):
            return write_units(old, new)
    return sum(write_units(item, None) for item in (old, new) if item is not None)


def read_units(sizes: int, *, consistent: bool, transactional: bool = False) -> Fraction:
    """Units of reading ``sizes`` bytes in one call: per 4 KB, half of one if not consistent."""
    blocks = -(-max(sizes, 1) // (4 * KB))
    if transactional:
        return Fraction(2 * blocks)
    return Fraction(blocks) if consistent else Fraction(blocks, 2)


def _indexed(item: Item | None, keys: tuple[str, ...]) -> Item | None:
    return item if item is not None and all(key in item for key in keys) else None


def _value_bytes(value: Mapping[str, Any]) -> int:
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return _number_bytes(content)
        case "B":
            return len(content)
        case "BOOL" | "NULL":
            return 1
        case "SS":
            return sum(len(part.encode()) for part in content)
        case "NS":
            return sum(map(_number_bytes, content))
        case "L":
            return DOCUMENT_BYTES + sum(ELEMENT_BYTES + _value_bytes(part) for part in content)
        case "M":
            return DOCUMENT_BYTES + sum(
                ELEMENT_BYTES + len(name.encode()) + _value_bytes(part)
                for name, part in content.items()
            )
        case _:
            raise ValueError(f"no size is known for a DynamoDB value of type {kind}")


def _number_bytes(text: str) -> int:
    """One byte for two significant digits, one more, and one for a sign."""
    number = Decimal(text).normalize()
    digits = len(number.as_tuple().digits)
    return -(-digits // 2) + 1 + (1 if number < 0 else 0)
