"""What the ZIP functions read from their environment; the only place that does."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from copilot.access.allowance import Allowance
from copilot.access.allowance_settings import LIMITS, allowance_of
from copilot.access.auth_mode import AUTH_MODE, AuthMode, auth_mode
from copilot.answer_log.audit import AUDIT_RETENTION, audit_retention_s
from copilot.configuration import Values, Variable
from copilot.redaction.settings import REDACT, redacted_kinds
from copilot.sealing.choosing import KMS_KEY_ID
from copilot.telemetry.metrics import STACK_NAME

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
    Variable("QUESTIONS_PER_MINUTE", "20", "1/min", "how many questions one person may ask"),
    *LIMITS,
    REDACT,
    _RETENTION,
    AUDIT_RETENTION,
    KMS_KEY_ID,
    STACK_NAME,
    _LOG_LEVEL,
)
"""Variables of the function behind the WebSocket routes (``app.handler``)."""

AUTHORIZER_VARIABLES = (
    _TABLE,
    AUTH_MODE,
    Variable(
        "ALLOWED_ORIGINS",
        "",
        "comma-separated",
        "origins that may connect, such as https://chat.example.com; empty: any",
    ),
    _LOG_LEVEL,
)
"""Variables of the authorizer of handshakes (``authorizer.handler``)."""

DEAD_LETTER_VARIABLES = (
    _TABLE,
    _ENDPOINT,
    _RETENTION,
    AUDIT_RETENTION,
    KMS_KEY_ID,
    STACK_NAME,
    _LOG_LEVEL,
)
"""Variables of the dead-letter consumer (``dead_letters.handler``)."""


class Settings(Struct, frozen=True, kw_only=True):
    """Settings of the WebSocket function."""

    table_name: str
    queue_url: str
    websocket_endpoint: str
    questions_per_minute: int
    allowance: Allowance
    redacted: tuple[str, ...]
    retention_s: int
    audit_s: int
    kms_key_id: str
    stack_name: str
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
            questions_per_minute=values.integer("QUESTIONS_PER_MINUTE", least=1),
            allowance=allowance_of(values),
            redacted=redacted_kinds(values),
            retention_s=values.integer("RETENTION_DAYS", least=1) * 86_400,
            audit_s=audit_retention_s(values),
            kms_key_id=values.text("KMS_KEY_ID"),
            stack_name=values.text("STACK_NAME"),
            log_level=values.text("LOG_LEVEL"),
        )


class DeadLetterSettings(Struct, frozen=True, kw_only=True):
    """Settings of the dead-letter consumer."""

    table_name: str
    websocket_endpoint: str
    retention_s: int
    audit_s: int
    kms_key_id: str
    stack_name: str
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
            audit_s=audit_retention_s(values),
            kms_key_id=values.text("KMS_KEY_ID"),
            stack_name=values.text("STACK_NAME"),
            log_level=values.text("LOG_LEVEL"),
        )


class AuthorizerSettings(Struct, frozen=True, kw_only=True):
    """Settings of the authorizer."""

    table_name: str
    auth_mode: AuthMode
    allowed_origins: frozenset[str]
    log_level: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> AuthorizerSettings:
        """Read the settings.

        Raises:
            SettingsError: a variable is missing or malformed; the message says what to set.
        """
        values = Values(AUTHORIZER_VARIABLES, environment)
        return cls(
            table_name=values.text("TABLE_NAME"),
            auth_mode=auth_mode(values),
            allowed_origins=frozenset(values.items("ALLOWED_ORIGINS")),
            log_level=values.text("LOG_LEVEL"),
        )
