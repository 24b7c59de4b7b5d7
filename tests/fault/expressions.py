"""DynamoDB's expression language, compiled once per text: conditions, updates and key conditions.

The part of it that ``copilot`` speaks; anything else is refused loudly. Items and values stay in
DynamoDB's attribute-value form. ``test_memory_dynamodb.py`` holds it to moto.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

Value = dict[str, Any]
Item = dict[str, Value]
Values = Mapping[str, Value]
Condition = Callable[[Mapping[str, Value], Values], bool]
Operand = Callable[[Mapping[str, Value], Values], Value | None]
Update = Callable[[Item, Values], None]
"""Changes the item in place; values are replaced, never changed."""

_TOKEN = re.compile(r"\s*(?:(<>|<=|>=|[=<>(),+\-])|([#:]?[A-Za-z_][A-Za-z0-9_]*))")
_CLAUSES = ("SET", "REMOVE", "ADD", "DELETE")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Unsupported(Exception):
    """An expression beyond what this evaluator knows: teach it, and its test against moto."""


class Missing(Exception):
    """An update adds to an attribute that is not there; DynamoDB's ValidationException."""


def condition(text: str, names: Mapping[str, str]) -> Condition:
    """Compile a condition expression."""
    return _condition(text, tuple(sorted(names.items())))


def update(text: str, names: Mapping[str, str]) -> Update:
    """Compile an update expression."""
    return _update(text, tuple(sorted(names.items())))


@cache
def _condition(text: str, names: tuple[tuple[str, str], ...]) -> Condition:
    parser = _Parser(text, dict(names))
    result = parser.either()
    parser.finish()
    return result


@cache
def _update(text: str, names: tuple[tuple[str, str], ...]) -> Update:
    parser = _Parser(text, dict(names))
    actions = parser.actions()

    def apply(item: Item, values: Values) -> None:
        before = dict(item)
        for action in actions:
            action(before, item, values)

    return apply


_Action = Callable[[Item, Item, Values], None]


class _Parser:
    def __init__(self, text: str, names: Mapping[str, str]) -> None:
        self._text = text
        self._names = names
        self._tokens: list[str] = []
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                raise Unsupported(f"{text[at:]!r} in {text!r}")
            self._tokens.append(match.group(1) or match.group(2))
            at = match.end()
        self._at = 0

    def finish(self) -> None:
        if self._at != len(self._tokens):
            raise Unsupported(f"{self._tokens[self._at :]} is left over in {self._text!r}")

    # --- conditions ---------------------------------------------------------------------------

    def either(self) -> Condition:
        terms = [self._both()]
        while self._take("OR"):
            terms.append(self._both())
        if len(terms) == 1:
            return terms[0]
        return lambda item, values: any(term(item, values) for term in terms)

    def _both(self) -> Condition:
        terms = [self._term()]
        while self._take("AND"):
            terms.append(self._term())
        if len(terms) == 1:
            return terms[0]
        first, *others = terms
        if len(others) == 1:
            (second,) = others
            return lambda item, values: first(item, values) and second(item, values)
        return lambda item, values: (
            first(item, values) and all(term(item, values) for term in others)
        )

    def _term(self) -> Condition:
        if self._take("NOT"):
            negated = self._term()
            return lambda item, values: not negated(item, values)
        if self._take("("):
            inner = self.either()
            self._expect(")")
            return inner
        name = self._peek()
        if name in ("attribute_exists", "attribute_not_exists"):
            self._next()
            self._expect("(")
            path = self._path()
            self._expect(")")
            if name == "attribute_exists":
                return lambda item, values: path in item
            return lambda item, values: path not in item
        if name in ("contains", "begins_with"):
            self._next()
            return self._containment(name)
        return self._comparison()

    def _containment(self, name: str) -> Condition:
        self._expect("(")
        whole = self._operand()
        self._expect(",")
        part = self._operand()
        self._expect(")")

        def holds(item: Mapping[str, Value], values: Values) -> bool:
            left, right = whole(item, values), part(item, values)
            if left is None or right is None:
                return False
            [(kind, content)] = left.items()
            [(_, wanted)] = right.items()
            if name == "begins_with":
                return bool(content.startswith(wanted))
            return right in content if kind == "L" else wanted in content

        return holds

    def _comparison(self) -> Condition:
        left = self._operand()
        if self._take("BETWEEN"):
            low = self._operand()
            self._expect("AND")
            high = self._operand()
            return lambda item, values: (
                _holds(_COMPARE[">="], left(item, values), low(item, values))
                and _holds(_COMPARE["<="], left(item, values), high(item, values))
            )
        if self._take("IN"):
            self._expect("(")
            options = [self._operand()]
            while self._take(","):
                options.append(self._operand())
            self._expect(")")
            return lambda item, values: any(
                left(item, values) == option(item, values) for option in options
            )
        sign = self._next()
        if sign not in _COMPARE:
            raise Unsupported(f"{sign!r} in {self._text!r}")
        compare = _COMPARE[sign]
        right = self._operand()
        return lambda item, values: _holds(compare, left(item, values), right(item, values))

    def _operand(self) -> Operand:
        token = self._peek()
        if token.startswith(":"):
            self._next()
            return lambda item, values: values[token]
        if token == "size":
            self._next()
            self._expect("(")
            path = self._path()
            self._expect(")")
            return lambda item, values: _size(item.get(path))
        path = self._path()
        return lambda item, values: item.get(path)

    # --- updates ------------------------------------------------------------------------------

    def actions(self) -> list[_Action]:
        found: list[_Action] = []
        while self._at < len(self._tokens):
            clause = self._next()
            if clause not in _CLAUSES:
                raise Unsupported(f"{clause!r} in {self._text!r}")
            found.append(self._action(clause))
            while self._take(","):
                found.append(self._action(clause))
        return found

    def _action(self, clause: str) -> _Action:
        path = self._path()
        if clause == "SET":
            return self._assignment(path)
        if clause == "REMOVE":
            return lambda before, item, values: _forget(item, path)
        operand = self._next()
        if clause == "ADD":
            return lambda before, item, values: _add(item, path, values[operand])
        return lambda before, item, values: _delete(item, path, values[operand])

    def _assignment(self, path: str) -> _Action:
        self._expect("=")
        first = self._value()
        sign = self._peek() if self._at < len(self._tokens) else ""
        if sign not in ("+", "-"):

            def assign(before: Item, item: Item, values: Values) -> None:
                item[path] = _present(first(before, values))

            return assign
        self._next()
        second = self._value()
        factor = 1 if sign == "+" else -1

        def calculate(before: Item, item: Item, values: Values) -> None:
            total = _number(_present(first(before, values))) + factor * _number(
                _present(second(before, values))
            )
            item[path] = {"N": str(total)}

        return calculate

    def _value(self) -> Operand:
        if self._peek() != "if_not_exists":
            return self._operand()
        self._next()
        self._expect("(")
        path = self._path()
        self._expect(",")
        otherwise = self._value()
        self._expect(")")
        return lambda item, values: item[path] if path in item else otherwise(item, values)

    # --- tokens -------------------------------------------------------------------------------

    def _peek(self) -> str:
        if self._at >= len(self._tokens):
            raise Unsupported(f"{self._text!r} breaks off")
        return self._tokens[self._at]

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _take(self, token: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == token:
            self._at += 1
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise Unsupported(f"{token!r} expected at {self._tokens[self._at :]} in {self._text!r}")

    def _path(self) -> str:
        token = self._next()
        if token.startswith("#"):
            return self._names[token]
        if not token[0].isalpha():
            raise Unsupported(f"{token!r} in {self._text!r}")
        return token


def _present(value: Value | None) -> Value:
    if value is None:
        raise Missing
    return value


def _number(value: Value) -> int | Decimal:
    text = value["N"]
    try:
        return int(text)
    except ValueError:
        return Decimal(text)


def _holds(compare: Callable[[Any, Any], bool], left: Value | None, right: Value | None) -> bool:
    if left is None or right is None:
        return False
    if left == right:
        return compare(0, 0)
    [(left_kind, left_content)] = left.items()
    [(right_kind, right_content)] = right.items()
    if left_kind != right_kind:
        return compare is operator.ne
    if left_kind == "N":
        return compare(_number(left), _number(right))
    return compare(left_content, right_content)


def _size(value: Value | None) -> Value | None:
    if value is None:
        return None
    [(_, content)] = value.items()
    return {"N": str(len(content))}


def _forget(item: Item, path: str) -> None:
    item.pop(path, None)


def _add(item: Item, path: str, value: Value) -> None:
    present = item.get(path)
    if "N" in value:
        total = _number(value) + (0 if present is None else _number(present))
        item[path] = {"N": str(total)}
        return
    [(kind, added)] = value.items()
    kept = [] if present is None else present[kind]
    item[path] = {kind: [*kept, *(part for part in added if part not in kept)]}


def _delete(item: Item, path: str, value: Value) -> None:
    present = item.get(path)
    if present is None:
        return
    [(kind, removed)] = value.items()
    kept = [part for part in present[kind] if part not in removed]
    if kept:
        item[path] = {kind: kept}
    else:
        del item[path]
