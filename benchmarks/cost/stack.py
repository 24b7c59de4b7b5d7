"""The resources of a deployment, as CloudFormation gets them.

The template is transformed by SAM, its conditions and parameters are evaluated, and what nested
templates declare stands beside the rest under ``Stack.Name``.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from local.declared.intrinsics import Resolver
from local.declared.sam import PSEUDO_PARAMETERS, transformed

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template.yaml"
MB_PER_GB = 1024


@dataclass(frozen=True, slots=True)
class Stack:
    """The resources of a deployment, with their properties evaluated."""

    resources: Mapping[str, Mapping[str, Any]]

    @classmethod
    def load(cls, overrides: Mapping[str, str] | None = None, path: Path = TEMPLATE) -> Stack:
        """The stack that ``path`` becomes with these values of parameters.

        Raises:
            local.declared.sam.TemplateError: a parameter is unknown, or its value refused.
        """
        return _loaded(path, tuple(sorted((overrides or {}).items())))

    def function(self, target: str) -> str | None:
        """The function that a target names, itself or by an alias; ``None`` for anything else."""
        resource = self.resources.get(target, {"Type": ""})
        if resource["Type"] == "AWS::Lambda::Alias":
            return str(resource["Properties"]["FunctionName"])
        return target if resource["Type"] == "AWS::Lambda::Function" else None

    def memory_gb(self, function: str) -> Fraction:
        """Memory of a function."""
        return Fraction(
            int(self.resources[function]["Properties"].get("MemorySize", 128)), MB_PER_GB
        )


@functools.cache
def _loaded(path: Path, overrides: tuple[tuple[str, str], ...]) -> Stack:
    # The transform complains at exit that nobody has sent its usage metrics anywhere.
    logging.getLogger("samtranslator.metrics.metrics").setLevel(logging.ERROR)
    document, parameters = transformed(path, dict(overrides))
    resolver = Resolver(
        {**parameters, **PSEUDO_PARAMETERS},
        document.get("Conditions") or {},
        document.get("Mappings") or {},
        lambda name, attribute: name,
    )
    locations = _locations(path)
    resources: dict[str, Mapping[str, Any]] = {}
    for name, resource in document["Resources"].items():
        if "Condition" in resource and not resolver.holds(resource["Condition"]):
            continue
        properties = resolver.value(_zoned(resource.get("Properties") or {}))
        if name in locations:
            given = {key: str(value) for key, value in properties.get("Parameters", {}).items()}
            nested = _loaded(path.parent / locations[name], tuple(sorted(given.items())))
            resources.update({f"{name}.{inner}": r for inner, r in nested.resources.items()})
        else:
            resources[name] = {"Type": resource["Type"], "Properties": properties}
    return Stack(resources)


def _zoned(node: Any) -> Any:
    """``node`` with a region's availability zones in the place of ``Fn::GetAZs``."""
    if isinstance(node, dict):
        if node.keys() == {"Fn::GetAZs"}:
            return ["a", "b", "c"]
        return {key: _zoned(value) for key, value in node.items()}
    return [_zoned(value) for value in node] if isinstance(node, list) else node


def _locations(path: Path) -> dict[str, str]:
    """The nested applications of a template and their files."""
    from samtranslator.yaml_helper import yaml_parse

    return {
        name: resource["Properties"]["Location"]
        for name, resource in yaml_parse(path.read_text())["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Application"
    }
