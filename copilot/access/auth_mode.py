"""How people sign in, as every function that asks reads it from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, cast

from copilot.configuration import SettingsError, Values, Variable

AuthMode = Literal["none", "api-key", "cognito"]

AUTH_MODE = Variable("AUTH_MODE", "none", "", "how people sign in: none, api-key or cognito")

_MODES = ("none", "api-key", "cognito")


def auth_mode(values: Values, needs: Mapping[str, tuple[str, ...]] | None = None) -> AuthMode:
    """Return the mode; ``needs`` names the variables that a mode cannot do without.

    Raises:
        SettingsError: an unknown mode, or one whose variables are empty; it says what to set.
    """
    mode = values.choice("AUTH_MODE", *_MODES)
    for name in (needs or {}).get(mode, ()):
        if not values.text(name):
            raise SettingsError(f"AUTH_MODE={mode} needs {name}.")
    return cast(AuthMode, mode)
