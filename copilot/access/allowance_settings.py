"""The variables of a deployable's limits, for every one that accepts questions."""

from __future__ import annotations

from copilot.access.allowance import Allowance
from copilot.configuration import Values, Variable

LIMITS = (
    Variable(
        "TENANT_QUESTIONS_PER_MINUTE", "0", "1/min", "how many questions a tenant may ask; 0: any"
    ),
    Variable("TOKENS_PER_DAY", "0", "1/day", "tokens that one person may use; 0: any"),
    Variable("TENANT_TOKENS_PER_DAY", "0", "1/day", "tokens that a tenant may use; 0: any"),
    Variable("ANSWERS_AT_ONCE", "0", "", "answers being written for one person; 0: any"),
    Variable("TENANT_ANSWERS_AT_ONCE", "0", "", "answers being written for a tenant; 0: any"),
)


def allowance_of(values: Values) -> Allowance:
    """The limits.

    Raises:
        SettingsError: one is malformed.
    """
    return Allowance(
        tenant_questions_per_minute=values.integer("TENANT_QUESTIONS_PER_MINUTE"),
        tokens_per_day=values.integer("TOKENS_PER_DAY"),
        tenant_tokens_per_day=values.integer("TENANT_TOKENS_PER_DAY"),
        answers_at_once=values.integer("ANSWERS_AT_ONCE"),
        tenant_answers_at_once=values.integer("TENANT_ANSWERS_AT_ONCE"),
    )
