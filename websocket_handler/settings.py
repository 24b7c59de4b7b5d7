"""What the ZIP functions read from their environment; the only place that does."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from copilot.configuration import Values, Variable
from copilot.redaction.settings import REDACT, redacted_kinds

_TABLE = Variable("TABLE_NAME", None, "", "the name of the DynamoDB table")
_ENDPOINT = Variable(
    "WEBSOCKET_ENDPOINT", None, "URL", "the management endpoint of the WebSocket API's stage"
)
_RETENTION = Variable("RETENTION_DAYS", "30", "days", "how long conversations are kept")
_LOG_LEVEL = Variable("LOG_LEVEL", "INFO", "", "DEBUG, INFO, WARNING or ERROR")

VARIABLES = (
    _TABLE,
    Variable("QUEUE_URL", None, "URL", "the queue that questions are put on"),
    _ENDPOINT,
    Variable(
        "ALLOWED_ORIGINS",
        "",
        "comma-separated",
        "origins that may connect, such as https://chat.example.com; empty: any",
    ),
    Variable("QUESTIONS_PER_MINUTE", "20", "1/min", "how many questions one person may ask"),
    REDACT,
    _RETENTION,
    _LOG_LEVEL,
)
"""Variables of the function behind the WebSocket routes (``app.handler``)."""

DEAD_LETTER_VARIABLES = (_TABLE, _ENDPOINT, _RETENTION, _LOG_LEVEL)
"""Variables of the dead-letter consumer (``dead_letters.handler``)."""


class Settings(Struct, frozen=True, kw_only=True):
    """Settings of the WebSocket function."""

    table_name: str
    queue_url: str
    websocket_endpoint: str
    allowed_origins: frozenset[str]
    questions_per_minute: int
    redacted: tuple[str, ...]
    retention_s: int
    log_level: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings.

        Raises:
            SettingsError: a variable is missing or malformed; the message says what to set.
        """
        values = Values(VARIABLES, environment)
        return cls(
            table_name=values.text("TABLE_NAME"),
            queue_url=values.text("QUEUE_URL"),
            websocket_endpoint=values.text("WEBSOCKET_ENDPOINT"),
            allowed_origins=frozenset(values.items("ALLOWED_ORIGINS")),
            questions_per_minute=values.integer("QUESTIONS_PER_MINUTE", least=1),
            redacted=redacted_kinds(values),
            retention_s=values.integer("RETENTION_DAYS", least=1) * 86_400,
            log_level=values.text("LOG_LEVEL"),
        )


class DeadLetterSettings(Struct, frozen=True, kw_only=True):
    """Settings of the dead-letter consumer."""

    table_name: str
    websocket_endpoint: str
    retention_s: int
    log_level: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> DeadLetterSettings:
        """Read the settings.

        Raises:
            SettingsError: a variable is missing or malformed; the message says what to set.
        """
        values = Values(DEAD_LETTER_VARIABLES, environment)
        return cls(
            table_name=values.text("TABLE_NAME"),
            websocket_endpoint=values.text("WEBSOCKET_ENDPOINT"),
            retention_s=values.integer("RETENTION_DAYS", least=1) * 86_400,
            log_level=values.text("LOG_LEVEL"),
        )
