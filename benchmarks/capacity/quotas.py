"""The quotas: limits of a new account, of the template's defaults and of a model's usage tier."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

QUOTAS = Path(__file__).with_name("quotas.toml")
TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"


class UnknownTier(ValueError):
    """There are no limits for this model and tier; the message names those that there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A limit and what to do about it."""

    key: str
    name: str
    limit: Fraction
    unit: str
    remedy: str
    source: str
    checked: str
    as_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """How an SQS event source mapping adds invocations."""

    initial: int
    per_minute: int
    provisioned_per_minute: int


def read_quotas(
    model: str, tier: int, parameters: Mapping[str, str], path: Path = QUOTAS
) -> tuple[Quota, ...]:
    """All quotas; ``parameters`` are those of template.yaml that are not at their defaults.

    Raises:
        UnknownTier: nothing is known of this model's tier.
    """
    document = tomllib.loads(path.read_text())
    tiers = document["tiers"]
    limits = tiers.get(model, {}).get(str(tier))
    if limits is None:
        known = ", ".join(f"{name} {number}" for name in tiers for number in tiers[name])
        raise UnknownTier(f"quotas.toml has no tier {tier} of {model}; it has {known}.")
    defaults = template_defaults()
    values = {**defaults, **parameters}
    return tuple(_quota(row, limits, values) for row in document["quota"])


def read_ramp(path: Path = QUOTAS) -> Ramp:
    """How fast the mapping adds invocations."""
    scaling = tomllib.loads(path.read_text())["scaling"]
    return Ramp(
        initial=scaling["initial"],
        per_minute=scaling["per_minute"],
        provisioned_per_minute=scaling["provisioned_per_minute"],
    )


class _Template(yaml.SafeLoader):
    """Reads past CloudFormation's short forms: only the parameters are wanted."""


_Template.add_multi_constructor("!", lambda loader, suffix, node: None)


def template_defaults(path: Path = TEMPLATE) -> dict[str, str]:
    """The defaults of the parameters of template.yaml."""
    declared = yaml.load(path.read_text(), Loader=_Template)["Parameters"]
    return {name: str(parameter.get("Default", "")) for name, parameter in declared.items()}


def _quota(row: Mapping[str, Any], limits: Mapping[str, str], values: Mapping[str, str]) -> Quota:
    if "parameter" in row:
        limit = values[row["parameter"]]
    else:
        limit = row.get("limit") or limits[row["key"]]
    return Quota(
        key=row["key"],
        name=row["name"],
        limit=Fraction(limit),
        unit=row["unit"],
        remedy=row["raise"],
        source=row["source"],
        checked=row["checked"],
        as_of=row.get("as_of", ""),
    )
