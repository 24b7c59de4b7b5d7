"""Usage times prices. Pure and exact: sums of fractions, rounded only where they are printed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from benchmarks.cost.prices import Price, PriceTable


@dataclass(frozen=True, slots=True)
class Usage:
    """How many units of each price are used. Adds, and scales by any number."""

    units: Mapping[str, Fraction]

    @classmethod
    def of(cls, **units: Fraction | int) -> Usage:
        """Usage by keyword, for keys that are identifiers."""
        return cls({key: Fraction(amount) for key, amount in units.items()})

    def __add__(self, other: Usage) -> Usage:
        keys = {*self.units, *other.units}
        return Usage({key: self[key] + other[key] for key in keys})

    def __mul__(self, times: Fraction | int) -> Usage:
        return Usage({key: amount * times for key, amount in self.units.items()})

    def __getitem__(self, key: str) -> Fraction:
        return self.units.get(key, Fraction(0))


NOTHING = Usage({})


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill."""

    price: Price
    amount: Fraction
    usd: Fraction


@dataclass(frozen=True, slots=True)
class Bill:
    """The lines of a month."""

    lines: tuple[Line, ...]

    @property
    def usd(self) -> Fraction:
        """All of it."""
        return sum((line.usd for line in self.lines), Fraction(0))

    def by_service(self) -> dict[str, Fraction]:
        """Dollars of each service, the dearest first."""
        sums: dict[str, Fraction] = {}
        for line in self.lines:
            sums[line.price.service] = sums.get(line.price.service, Fraction(0)) + line.usd
        return dict(sorted(sums.items(), key=lambda item: (-item[1], item[0])))

    def unverified(self) -> tuple[Line, ...]:
        """Lines that rest on a price which nobody has looked up."""
        return tuple(line for line in self.lines if line.price.checked == "no")


def bill(usage: Usage, table: PriceTable, *, free: bool = False) -> Bill:
    """What ``usage`` of a month costs; with ``free``, beyond what every account has for nothing.

    Raises:
        UnknownPrice: the usage counts something that the table does not price.
    """
    return Bill(tuple(_lines(usage, table, free)))


def _lines(usage: Usage, table: PriceTable, free: bool) -> Iterable[Line]:
    for key in sorted(usage.units):
        price, amount = table.price(key), usage[key]
        if amount < 0:
            raise ValueError(f"a month cannot use {amount} of {key}")
        billed = max(amount - price.free, Fraction(0)) if free else amount
        if amount:
            yield Line(price, amount, billed * price.usd)
