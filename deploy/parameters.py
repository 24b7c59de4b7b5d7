"""The stack's parameters: what the template declares, what an environment sets. Pure but for files.

CloudFormation would refuse a bad value too, but only after everything was built and uploaded, and
it would keep the previous value of one that is no longer named. Here every parameter is settled
beforehand, and the stack is what the repository says.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from deploy.problems import Stopped
from local.declared.intrinsics import Resolver

ENVIRONMENTS = ("dev", "prod")


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment of samconfig.toml. ``parameters`` are the values that it sets;
    ``account_stack`` is what all stacks of an account and region share."""

    name: str
    stack: str
    account_stack: str
    parameters: Mapping[str, str]


def read_environment(samconfig: Path, name: str) -> Environment:
    """One environment of ``samconfig``.

    Raises:
        Stopped: there is none of that name.
    """
    config = tomllib.loads(samconfig.read_text())
    if name not in ENVIRONMENTS or name not in config:
        raise Stopped(f"There is no environment {name!r}: ENV is {' or '.join(ENVIRONMENTS)}.")
    overrides = config[name]["deploy"]["parameters"].get("parameter_overrides", [])
    return Environment(
        name=name,
        stack=config[name]["global"]["parameters"]["stack_name"],
        account_stack=config["account"]["deploy"]["parameters"]["stack_name"],
        parameters=assignments(overrides),
    )


def assignments(words: Iterable[str]) -> dict[str, str]:
    """``Name=value`` words as a mapping; a value may be quoted, as SAM wants it with blanks.

    Raises:
        Stopped: a word assigns nothing.
    """
    values = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise Stopped(f"A parameter is written Name=value, not {word!r}.")
        values[name] = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    return values


def read_template(text: str) -> dict[str, Any]:
    """A template, JSON or YAML, its short-form intrinsics (``!Ref``) in their long form."""
    template: dict[str, Any] = yaml_parse(text)
    return template


def settled(declared: Mapping[str, Mapping[str, Any]], *given: Mapping[str, str]) -> dict[str, str]:
    """Every declared parameter's value: the default, unless one of ``given`` (the last wins)."""
    values = {name: str(parameter.get("Default", "")) for name, parameter in declared.items()}
    for some in given:
        values.update(some)
    return values


def faults(template: Mapping[str, Any], values: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each value that ``template`` refuses, alone or by its rules together."""
    declared = template["Parameters"]
    sound = True
    for name, value in values.items():
        if name not in declared:
            sound = False
            near = difflib.get_close_matches(name, declared, n=1)
            meant = f" Did you mean {near[0]}?" if near else " docs/deploy.md lists them."
            yield f"The template has no parameter {name}.{meant}"
        elif fault := _fault(declared[name], value):
            sound = False
            yield f"{name}={value!r} is refused: {fault}"
    if sound:
        yield from _broken_rules(template.get("Rules", {}), values)


def _broken_rules(rules: Mapping[str, Any], values: Mapping[str, str]) -> Iterator[str]:
    for rule in rules.values():
        assertions = {a["AssertDescription"]: a["Assert"] for a in rule["Assertions"]}
        conditions = {"applies": rule["RuleCondition"], **assertions}
        resolver = Resolver(values, conditions, {}, lambda name, _: name)
        if resolver.holds("applies"):
            yield from (words for words in assertions if not resolver.holds(words))


def _fault(declared: Mapping[str, Any], value: str) -> str | None:
    allowed = [str(one) for one in declared.get("AllowedValues", ())]
    if allowed and value not in allowed:
        return f"it is one of {', '.join(one or 'empty' for one in allowed)}."
    pattern = declared.get("AllowedPattern")
    if pattern and not re.fullmatch(pattern, value):
        return f"it {declared.get('ConstraintDescription', f'matches {pattern}').rstrip('.')}."
    if declared.get("Type") == "Number":
        return _number_fault(declared, value)
    return None


def _number_fault(declared: Mapping[str, Any], value: str) -> str | None:
    try:
        number = float(value)
    except ValueError:
        return "it is a number."
    least, most = declared.get("MinValue"), declared.get("MaxValue")
    if least is not None and number < float(least):
        return f"it is at least {least}."
    if most is not None and number > float(most):
        return f"it is at most {most}."
    return None
