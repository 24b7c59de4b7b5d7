"""Units of measure and money as figures carry them, folded to one base unit each. Pure.

Scales are exact decimals, so that 1,000 MW and 1 GW are the same figure and 1,001 MW is not.
"""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct


class Unit(Struct, frozen=True):
    """A unit: the dimension it measures and how many base units one of it is."""

    dimension: str
    scale: Decimal


_PREFIXES = {
    "": "1", "m": "0.001", "k": "1e3", "M": "1e6", "G": "1e9", "T": "1e12", "P": "1e15",
}  # fmt: skip
_PREFIXED = {
    # symbol -> (dimension, the prefixes that occur with it)
    "W": ("power", ("", "k", "M", "G", "T")),
    "Wh": ("electric energy", ("", "k", "M", "G", "T")),
    "J": ("heat", ("", "k", "M", "G", "T", "P")),
    "V": ("voltage", ("", "m", "k", "M")),
    "A": ("current", ("m", "k")),
    "Ah": ("charge", ("", "m", "k")),
    "VA": ("apparent power", ("", "k", "M", "G")),
    "var": ("reactive power", ("", "k", "M", "G")),
    "Hz": ("frequency", ("", "m", "k", "M")),
    "g": ("mass", ("m", "k")),
    "Pa": ("pressure", ("", "k", "M")),
    "bar": ("bar", ("", "m")),
}
_SPELLED = {
    "power": {"watt": "1", "kilowatt": "1e3", "megawatt": "1e6", "gigawatt": "1e9",
              "terawatt": "1e12"},
    "electric energy": {"watt-hour": "1", "kilowatt-hour": "1e3", "megawatt-hour": "1e6",
                        "gigawatt-hour": "1e9", "terawatt-hour": "1e12"},
    "heat": {"joule": "1", "megajoule": "1e6", "gigajoule": "1e9", "terajoule": "1e12",
             "petajoule": "1e15"},
    "btu": {"btu": "1", "mmbtu": "1e6", "dth": "1e6", "dekatherm": "1e6", "therm": "1e5"},
    "mass": {"gram": "1", "kilogram": "1e3", "tonne": "1e6", "kt": "1e9", "mt": "1e12",
             "kilotonne": "1e9", "megatonne": "1e12"},
    "ton": {"ton": "1"},
    "pound": {"lb": "1", "pound": "1"},
    "length": {"mm": "0.001", "cm": "0.01", "km": "1e3", "metre": "1", "meter": "1",
               "kilometre": "1e3", "kilometer": "1e3"},
    "mile": {"mile": "1"},
    "foot": {"ft": "1", "foot": "1", "feet": "1"},
    "voltage": {"volt": "1", "kilovolt": "1e3"},
    "volume": {"m3": "1", "m³": "1", "bcm": "1e9", "mcm": "1e6", "litre": "0.001",
               "liter": "0.001"},
    "barrel": {"barrel": "1", "bbl": "1"},
    "time": {"second": "1", "minute": "60", "hour": "3600", "sec": "1", "min": "60"},
    "days": {"day": "1", "week": "7"},
    "months": {"month": "1", "quarter": "3", "year": "12"},
    "temperature": {"°c": "1", "celsius": "1", "degc": "1"},
    "fahrenheit": {"°f": "1", "fahrenheit": "1"},
    "share": {"%": "1", "percent": "1", "per cent": "1", "pct": "1", "percentage point": "1",
              "basis point": "0.01"},
}  # fmt: skip
_CURRENCIES = {
    "$": "usd", "us$": "usd", "usd": "usd", "dollar": "usd", "€": "eur", "eur": "eur",
    "euro": "eur", "£": "gbp", "gbp": "gbp", "pound sterling": "gbp", "¥": "jpy", "jpy": "jpy",
    "chf": "chf",
}  # fmt: skip
_CENTS = {"cent": "usd", "¢": "usd", "pence": "gbp"}

MULTIPLIERS: dict[str, Decimal] = {
    "hundred": Decimal(100),
    "thousand": Decimal(1_000),
    "million": Decimal(1_000_000),
    "mn": Decimal(1_000_000),
    "billion": Decimal(1_000_000_000),
    "bn": Decimal(1_000_000_000),
    "trillion": Decimal(1_000_000_000_000),
}
"""Words between a number and its unit."""

_SHORT_MULTIPLIERS = {"k": Decimal(1_000), "m": MULTIPLIERS["million"], "b": MULTIPLIERS["bn"]}


def unit_of(word: str) -> Unit | None:
    """The unit that ``word`` names, or ``None``. Symbols mind their case (mW is not MW)."""
    exact = _SYMBOLS.get(word)
    if exact is not None:
        return exact
    folded = word.lower()
    return _WORDS.get(folded) or _WORDS.get(folded.removesuffix("s"))


def multiplier_of(word: str, *, money: bool) -> Decimal | None:
    """What "million" or "bn" multiplies by; of money also "k", "m" and "b"."""
    found = MULTIPLIERS.get(word.lower())
    return found or (_SHORT_MULTIPLIERS.get(word.lower()) if money else None)


def _symbols() -> dict[str, Unit]:
    found = {}
    for symbol, (dimension, prefixes) in _PREFIXED.items():
        for prefix in prefixes:
            found[prefix + symbol] = Unit(dimension, Decimal(_PREFIXES[prefix]))
    return found | {
        "t": Unit("mass", Decimal("1e6")),
        "h": Unit("time", Decimal(3600)),
        "MMBtu": Unit("btu", Decimal("1e6")),
    }


def _words() -> dict[str, Unit]:
    found = {
        word: Unit(dimension, Decimal(scale))
        for dimension, words in _SPELLED.items()
        for word, scale in words.items()
    }
    # Written with a space as often as with a hyphen.
    found |= {w.replace("-", " "): unit for w, unit in found.items() if "-" in w}
    found |= {w.replace("-", ""): unit for w, unit in found.items() if "-" in w}
    found |= {name: Unit(code, Decimal(1)) for name, code in _CURRENCIES.items()}
    found |= {name: Unit(code, Decimal("0.01")) for name, code in _CENTS.items()}
    # Sloppy capitals of symbols that mean one thing only.
    found |= {"kwh": _SYMBOLS["kWh"], "mwh": _SYMBOLS["MWh"], "gwh": _SYMBOLS["GWh"]}
    return found | {"kw": _SYMBOLS["kW"], "gw": _SYMBOLS["GW"], "kv": _SYMBOLS["kV"]}


_SYMBOLS = _symbols()
_WORDS = _words()
