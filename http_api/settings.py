"""What the function of the HTTP API reads from its environment; the only place that does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from copilot.configuration import Values, Variable
from copilot.redaction.settings import REDACT, redacted_kinds

VARIABLES = (
    Variable("TABLE_NAME", None, "", "the name of the DynamoDB table"),
    Variable("QUEUE_URL", None, "URL", "the queue that questions are put on"),
    Variable("AUTH_MODE", "none", "", "how people sign in: none, api-key or cognito"),
    Variable("INDEX_DIR", "faiss_index", "path", "the index bundle whose documents are shown"),
    Variable("QUESTIONS_PER_MINUTE", "20", "1/min", "how many questions one person may ask"),
    Variable("RETENTION_DAYS", "30", "days", "how long conversations are kept"),
    REDACT,
    Variable("LOG_LEVEL", "INFO", "", "DEBUG, INFO, WARNING or ERROR"),
)
"""Variables of the function behind the HTTP API (``app.handler``)."""


class Settings(Struct, frozen=True, kw_only=True):
    """Settings of the HTTP API."""

    table_name: str
    queue_url: str
    auth_mode: str
    index_dir: Path
    questions_per_minute: int
    retention_s: int
    redacted: tuple[str, ...]
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
            auth_mode=values.text("AUTH_MODE"),
            index_dir=Path(values.text("INDEX_DIR")),
            questions_per_minute=values.integer("QUESTIONS_PER_MINUTE", least=1),
            retention_s=values.integer("RETENTION_DAYS", least=1) * 86_400,
            redacted=redacted_kinds(values),
            log_level=values.text("LOG_LEVEL"),
        )
