"""Settings as data: the variables that a deployable reads, with default, unit and meaning.

A deployable's ``settings.py`` lists its variables; the template and the README are checked
against that list. Only the entry points hand ``os.environ`` in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct


class SettingsError(Exception):
    """A variable is missing or malformed. The message names it and says what to set."""


class Variable(Struct, frozen=True):
    """One environment variable. ``default`` is ``None`` where it must be set."""

    name: str
    default: str | None
    unit: str
    doc: str


class Values:
    """Typed reading of declared variables from a mapping; nothing undeclared can be read."""

    def __init__(self, variables: Iterable[Variable], environment: Mapping[str, str]) -> None:
        self._variables = {variable.name: variable for variable in variables}
        self._environment = environment

    def text(self, name: str) -> str:
        """The value as text; an empty value counts as unset.

        Raises:
            SettingsError: it is required and unset.
        """
        variable = self._variables[name]
        value = self._environment.get(name, "").strip()
        if value:
            return value
        if variable.default is None:
            raise SettingsError(f"{name} is not set. Set it to: {variable.doc}")
        return variable.default

    def choice(self, name: str, *allowed: str) -> str:
        """The value, which is one of ``allowed``; the empty word may be among them.

        Raises:
            SettingsError: it is another.
        """
        value = self.text(name)
        if value not in allowed:
            *others, last = (word or "empty" for word in allowed)
            raise SettingsError(f"{name} must be {', '.join(others)} or {last}, not {value!r}.")
        return value

    def integer(self, name: str, *, least: int = 0) -> int:
        """The value as a whole number of at least ``least``.

        Raises:
            SettingsError: not a number, or too small.
        """
        text = self.text(name)
        try:
            value = int(text)
        except ValueError as error:
            raise SettingsError(f"{name} must be a whole number, not {text!r}.") from error
        if value < least:
            raise SettingsError(f"{name} must be at least {least}, not {value}.")
        return value

    def number(self, name: str, *, least: float, most: float) -> float:
        """The value as a number within ``least..most``.

        Raises:
            SettingsError: not a number, or out of range.
        """
        text = self.text(name)
        try:
            value = float(text)
        except ValueError as error:
            raise SettingsError(f"{name} must be a number, not {text!r}.") from error
        if not least <= value <= most:
            raise SettingsError(f"{name} must lie in {least}..{most}, not {value}.")
        return value

    def items(self, name: str) -> tuple[str, ...]:
        """The value as a comma-separated list without empty items."""
        return tuple(item.strip() for item in self.text(name).split(",") if item.strip())
