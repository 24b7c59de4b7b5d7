"""CloudFormation's intrinsic functions, evaluated without CloudFormation. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Attribute = Callable[[str, str | None], Any]
"""Looks up ``Ref`` (``None``) or ``Fn::GetAtt`` of a resource by logical id.

It may answer with a mapping, an intrinsic to be left in place for somebody else to evaluate.
"""

_VARIABLE = re.compile(r"\$\{([^!][^}]*)\}")
_LITERAL = re.compile(r"\$\{!([^}]*)\}")
_NO_VALUE = object()


class UnknownReference(Exception):
    """A template refers to something that it does not declare."""


class Resolver:
    """Evaluates the values of one template."""

    def __init__(
        self,
        parameters: Mapping[str, str],
        conditions: Mapping[str, Any],
        mappings: Mapping[str, Any],
        attribute: Attribute,
    ) -> None:
        """``parameters`` holds pseudo parameters (``AWS::Region``) too."""
        self._parameters = parameters
        self._conditions = conditions
        self._mappings = mappings
        self._attribute = attribute

    def value(self, node: Any) -> Any:
        """``node`` with every intrinsic evaluated; ``AWS::NoValue`` removes its entry.

        Raises:
            UnknownReference: it names a parameter, condition or resource that does not exist.
        """
        result = self._value(node)
        return None if result is _NO_VALUE else result

    def holds(self, condition: str) -> bool:
        """Whether a named condition of the template is true."""
        if condition not in self._conditions:
            raise UnknownReference(f"The condition {condition} is not declared.")
        return self._true(self._conditions[condition])

    def _value(self, node: Any) -> Any:
        if isinstance(node, list):
            return [v for v in map(self._value, node) if v is not _NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            name, argument = next(iter(node.items()))
            if name in _FUNCTIONS:
                return _FUNCTIONS[name](self, argument)
        items = {key: self._value(value) for key, value in node.items()}
        return {key: value for key, value in items.items() if value is not _NO_VALUE}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name in self._parameters:
            return self._parameters[name]
        return self._attribute(name, None)

    def _get_att(self, argument: str | list[str]) -> Any:
        path = argument.split(".", 1) if isinstance(argument, str) else argument
        return self._attribute(path[0], path[1])

    def _sub(self, argument: str | list[Any]) -> Any:
        text, given = (argument, {}) if isinstance(argument, str) else argument
        values = {key: self._value(value) for key, value in given.items()}
        left: dict[str, Any] = {}

        def replace(match: re.Match[str]) -> str:
            name = match.group(1)
            value = values[name] if name in values else self._named(name)
            if isinstance(value, dict):
                left[name] = value
                return match.group(0)
            return str(value)

        result = _VARIABLE.sub(replace, text)
        if left:
            return {"Fn::Sub": [result, left]}
        return _LITERAL.sub(r"${\1}", result)

    def _named(self, name: str) -> Any:
        return self._get_att(name) if "." in name else self._ref(name)

    def _join(self, argument: list[Any]) -> Any:
        separator, parts = argument[0], self._value(argument[1])
        if any(isinstance(part, dict) for part in parts):
            return {"Fn::Join": [separator, parts]}
        return str(separator).join(str(part) for part in parts)

    def _select(self, argument: list[Any]) -> Any:
        return self._value(argument[1])[int(self._value(argument[0]))]

    def _split(self, argument: list[Any]) -> Any:
        return str(self._value(argument[1])).split(argument[0])

    def _find_in_map(self, argument: list[Any]) -> Any:
        name, first, second = (self._value(part) for part in argument[:3])
        return self._value(self._mappings[name][first][second])

    def _if(self, argument: list[Any]) -> Any:
        return self._value(argument[1] if self.holds(argument[0]) else argument[2])

    def _true(self, node: Any) -> bool:
        name, argument = next(iter(node.items()))
        match name:
            case "Fn::Equals":
                return str(self._value(argument[0])) == str(self._value(argument[1]))
            case "Fn::Not":
                return not self._true(argument[0])
            case "Fn::And":
                return all(map(self._true, argument))
            case "Fn::Or":
                return any(map(self._true, argument))
            case "Condition":
                return self.holds(argument)
            case _:
                raise UnknownReference(f"{name} is not a condition function.")


_FUNCTIONS: dict[str, Callable[[Resolver, Any], Any]] = {
    "Ref": Resolver._ref,
    "Fn::GetAtt": Resolver._get_att,
    "Fn::Sub": Resolver._sub,
    "Fn::Join": Resolver._join,
    "Fn::Select": Resolver._select,
    "Fn::Split": Resolver._split,
    "Fn::FindInMap": Resolver._find_in_map,
    "Fn::If": Resolver._if,
}
