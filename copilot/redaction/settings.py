"""The one variable that says which personal data is removed, for every deployable that reads it."""

from __future__ import annotations

from copilot.configuration import SettingsError, Values, Variable
from copilot.redaction.patterns import KINDS
from copilot.redaction.stream import detectors_of

REDACT = Variable(
    "REDACT",
    ",".join(KINDS),
    "comma-separated",
    "personal data that is removed from questions and answers; none: nothing",
)


def redacted_kinds(values: Values) -> tuple[str, ...]:
    """The kinds that ``REDACT`` names, ``()`` for ``none``.

    Raises:
        SettingsError: an unknown kind.
    """
    kinds = values.items("REDACT")
    if kinds == ("none",):
        return ()
    try:
        detectors_of(kinds)
    except ValueError as error:
        raise SettingsError(f"REDACT: {error}") from error
    return kinds
