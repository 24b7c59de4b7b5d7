"""DynamoDB's expression language, compiled once per text: conditions, updates and key conditions.

The part of it that ``copilot`` speaks; anything else is refused loudly. An expression becomes one
Python function, since a model evaluates few of them very often. Items and values stay in DynamoDB's
attribute-value form. ``test_memory_dynamodb.py`` holds it to moto.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

Value = dict[str, Any]
Item = dict[str, Value]
Values = Mapping[str, Value]
Condition = Callable[[Mapping[str, Value], Values], bool]
Update = Callable[[Mapping[str, Value], Values], Item]
"""Returns the changed item and leaves the one before as it was; values are never changed."""

_TOKEN = re.compile(r"\s*(?:(<>|<=|>=|[=<>(),+\-])|([#:]?[A-Za-z_][A-Za-z0-9_]*))")
_CLAUSES = ("SET", "REMOVE", "ADD", "DELETE")


class Unsupported(Exception):
    """An expression beyond what this evaluator knows: teach it, and its test against moto."""


class Missing(Exception):
    """An update adds to an attribute that is not there; DynamoDB's ValidationException."""


def condition(text: str, names: Mapping[str, str]) -> Condition:
    """Compile a condition expression."""
    return _condition(text, tuple(names.items()))


def update(text: str, names: Mapping[str, str]) -> Update:
    """Compile an update expression."""
    return _update(text, tuple(names.items()))


@cache
def _condition(text: str, names: tuple[tuple[str, str], ...]) -> Condition:
    parser = _Parser(text, dict(names))
    source = parser.either()
    parser.finish()
    return _function(text, [f"return {source}"])


@cache
def _update(text: str, names: tuple[tuple[str, str], ...]) -> Update:
    statements = _Parser(text, dict(names)).actions()
    return _function(text, ["item = dict(before)", *statements, "return item"])


def _function(text: str, statements: list[str]) -> Callable[..., Any]:
    """The function of an expression; attributes and values stand in its source as literals."""
    body = "\n    ".join(statements)
    code = compile(f"def function(before, values):\n    {body}", f"<{text}>", "exec")
    namespace: dict[str, Any] = {}
    exec(code, globals(), namespace)
    function: Callable[..., Any] = namespace["function"]
    return function


class _Parser:
    """Translates one expression; ``before`` is the item that it is evaluated on."""

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

    def either(self) -> str:
        terms = [self._both()]
        while self._take("OR"):
            terms.append(self._both())
        return f"({' or '.join(terms)})"

    def _both(self) -> str:
        terms = [self._term()]
        while self._take("AND"):
            terms.append(self._term())
        return f"({' and '.join(terms)})"

    def _term(self) -> str:
        if self._take("NOT"):
            return f"(not {self._term()})"
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
            return f"({path!r} {'in' if name == 'attribute_exists' else 'not in'} before)"
        if name in ("contains", "begins_with"):
            self._next()
            self._expect("(")
            whole = self._operand()
            self._expect(",")
            part = self._operand()
            self._expect(")")
            return f"_{name}({whole}, {part})"
        return self._comparison()

    def _comparison(self) -> str:
        left = self._operand()
        if self._take("BETWEEN"):
            low = self._operand()
            self._expect("AND")
            high = self._operand()
            return f"(_at_least({left}, {low}) and _at_least({high}, {left}))"
        if self._take("IN"):
            self._expect("(")
            options = [f"_equal({left}, {self._operand()})"]
            while self._take(","):
                options.append(f"_equal({left}, {self._operand()})")
            self._expect(")")
            return f"({' or '.join(options)})"
        sign = self._next()
        if sign not in _SIGNS:
            raise Unsupported(f"{sign!r} in {self._text!r}")
        return _SIGNS[sign].format(left, self._operand())

    def _operand(self) -> str:
        token = self._peek()
        if token.startswith(":"):
            self._next()
            return f"values[{token!r}]"
        if token == "size":
            self._next()
            self._expect("(")
            path = self._path()
            self._expect(")")
            return f"_size(before.get({path!r}))"
        return f"before.get({self._path()!r})"

    # --- updates ------------------------------------------------------------------------------

    def actions(self) -> list[str]:
        found: list[str] = []
        while self._at < len(self._tokens):
            clause = self._next()
            if clause not in _CLAUSES:
                raise Unsupported(f"{clause!r} in {self._text!r}")
            found.append(self._action(clause))
            while self._take(","):
                found.append(self._action(clause))
        return found

    def _action(self, clause: str) -> str:
        path = self._path()
        if clause == "SET":
            return self._assignment(path)
        if clause == "REMOVE":
            return f"item.pop({path!r}, None)"
        return f"_{clause.lower()}(item, {path!r}, values[{self._next()!r}])"

    def _assignment(self, path: str) -> str:
        self._expect("=")
        first = self._value()
        sign = self._peek() if self._at < len(self._tokens) else ""
        if sign not in ("+", "-"):
            return f"item[{path!r}] = _present({first})"
        self._next()
        second = self._value()
        return f"item[{path!r}] = _total({first}, {sign}1, {second})"

    def _value(self) -> str:
        if self._peek() != "if_not_exists":
            return self._operand()
        self._next()
        self._expect("(")
        path = self._path()
        self._expect(",")
        otherwise = self._value()
        self._expect(")")
        return f"(before[{path!r}] if {path!r} in before else {otherwise})"

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


# --- what the functions are made of -----------------------------------------------------------

_SIGNS = {
    "=": "_equal({}, {})",
    "<>": "_unequal({}, {})",
    ">": "_above({}, {})",
    ">=": "_at_least({}, {})",
    "<": "_above({1}, {0})",
    "<=": "_at_least({1}, {0})",
}


def _equal(left: Value | None, right: Value | None) -> bool:
    if left is None or right is None:
        return False
    return left == right or ("N" in left and "N" in right and _number(left) == _number(right))


def _unequal(left: Value | None, right: Value | None) -> bool:
    return left is not None and right is not None and not _equal(left, right)


def _above(left: Value | None, right: Value | None) -> bool:
    sides = _sides(left, right)
    return sides is not None and bool(sides[0] > sides[1])


def _at_least(left: Value | None, right: Value | None) -> bool:
    sides = _sides(left, right)
    return sides is not None and bool(sides[0] >= sides[1])


def _sides(left: Value | None, right: Value | None) -> tuple[Any, Any] | None:
    """What is to be compared; ``None`` where one is missing or they are of different kinds."""
    if left is None or right is None:
        return None
    if "N" in left and "N" in right:
        return _number(left), _number(right)
    [(kind, content)] = left.items()
    return (content, right[kind]) if kind in right else None


def _contains(whole: Value | None, part: Value | None) -> bool:
    if whole is None or part is None:
        return False
    [(kind, content)] = whole.items()
    [wanted] = part.values()
    return part in content if kind == "L" else wanted in content


def _begins_with(whole: Value | None, part: Value | None) -> bool:
    if whole is None or part is None:
        return False
    [content] = whole.values()
    [wanted] = part.values()
    return bool(content.startswith(wanted))


def _size(value: Value | None) -> Value | None:
    if value is None:
        return None
    [content] = value.values()
    return {"N": str(len(content))}


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


def _total(first: Value | None, factor: int, second: Value | None) -> Value:
    return {"N": str(_number(_present(first)) + factor * _number(_present(second)))}


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
