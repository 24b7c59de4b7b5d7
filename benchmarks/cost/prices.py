"""The price table: what one unit costs, of whom, since when, and who says so. Exact fractions."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

PRICES = Path(__file__).with_name("prices.toml")

Checked = Literal["page", "copy", "no"]
"""The provider's page was read; a dated copy of it was; nothing was (from memory)."""


class UnknownPrice(Exception):
    """There is no such price; the message names those that exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars for one unit, and how far that can be trusted."""

    key: str
    service: str
    usd: Fraction
    unit: str
    free: Fraction
    as_of: str
    source: str
    checked: Checked
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTable:
    """All prices of one region."""

    region: str
    month_hours: int
    prices: Mapping[str, Price]
    models: tuple[str, ...]

    def price(self, key: str) -> Price:
        """The price of ``key``.

        Raises:
            UnknownPrice: the table has none.
        """
        if key not in self.prices:
            raise UnknownPrice(f"prices.toml has no price {key!r}; it has {sorted(self.prices)}.")
        return self.prices[key]

    def model_keys(self, model: str) -> tuple[str, str]:
        """The keys of a model's input and output tokens.

        Raises:
            UnknownPrice: the table does not list the model.
        """
        if model not in self.models:
            raise UnknownPrice(
                f"prices.toml has no model {model!r}; it has {', '.join(self.models)}. "
                "Add a [[model]] with its date and source."
            )
        return f"{model} input", f"{model} output"


def read(path: Path = PRICES) -> PriceTable:
    """Read the table of ``path``."""
    document = tomllib.loads(path.read_text())
    prices = {row["key"]: _price(row) for row in document["price"]}
    for model in document["model"]:
        for direction in ("input", "output"):
            key = f"{model['name']} {direction}"
            usd = Fraction(model[f"{direction}_usd"]) / 1_000_000
            prices[key] = Price(
                key=key,
                service="Model tokens",
                usd=usd,
                unit=f"{direction} token of {model['name']}",
                free=Fraction(0),
                as_of=model["as_of"],
                source=model["source"],
                checked=model["checked"],
            )
    return PriceTable(
        region=document["region"],
        month_hours=document["month_hours"],
        prices=prices,
        models=tuple(model["name"] for model in document["model"]),
    )


def _price(row: Mapping[str, Any]) -> Price:
    return Price(
        key=row["key"],
        service=row["service"],
        usd=Fraction(row["usd"]) / Fraction(row["per"]),
        unit=row["unit"],
        free=Fraction(row["free"]),
        as_of=row["as_of"],
        source=row["source"],
        checked=row["checked"],
        note=row.get("note", ""),
    )
