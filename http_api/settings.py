"""What the function of the HTTP API reads from its environment; the only place that does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from copilot.access.allowance import Allowance
from copilot.access.allowance_settings import LIMITS, allowance_of
from copilot.access.auth_mode import AUTH_MODE, AuthMode, auth_mode
from copilot.answer_log.audit import AUDIT_RETENTION, audit_retention_s
from copilot.configuration import Values, Variable
from copilot.redaction.settings import REDACT, redacted_kinds
from copilot.sealing.choosing import KMS_KEY_ID
from copilot.telemetry.metrics import STACK_NAME

VARIABLES = (
    Variable("TABLE_NAME", None, "", "the name of the DynamoDB table"),
    Variable("QUEUE_URL", None, "URL", "the queue that questions are put on"),
    Variable(
        "WEBSOCKET_ENDPOINT", None, "URL", "the management endpoint of the WebSocket API's stage"
    ),
    AUTH_MODE,
    Variable("API_KEYS_SECRET_ARN", "", "ARN", "the secret that lists the hashes of API keys"),
    Variable("COGNITO_ISSUER", "", "URL", "the user pool that issues ID tokens"),
    Variable("COGNITO_CLIENT_ID", "", "", "the app client that ID tokens are issued to"),
    Variable("INDEX_DIR", "faiss_index", "path", "the index bundle whose documents are shown"),
    Variable(
        "INDEX_BUCKET",
        "",
        "",
        "the bucket whose current index is read instead; empty: INDEX_DIR, always",
    ),
    Variable(
        "INDEX_CHECK_S", "30", "s", "how long a process trusts that its index is the current one"
    ),
    Variable("QUESTIONS_PER_MINUTE", "20", "1/min", "how many questions one person may ask"),
    *LIMITS,
    Variable("RETENTION_DAYS", "30", "days", "how long conversations are kept"),
    REDACT,
    AUDIT_RETENTION,
    KMS_KEY_ID,
    STACK_NAME,
    Variable("LOG_LEVEL", "INFO", "", "DEBUG, INFO, WARNING or ERROR"),
)
"""Variables of the function behind the HTTP API (``app.handler``)."""


_NEEDS: dict[str, tuple[str, ...]] = {
    "api-key": ("API_KEYS_SECRET_ARN",),
    "cognito": ("COGNITO_ISSUER", "COGNITO_CLIENT_ID"),
}


class Settings(Struct, frozen=True, kw_only=True):
    """Settings of the HTTP API."""

    table_name: str
    queue_url: str
    websocket_endpoint: str
    auth_mode: AuthMode
    api_keys_secret_arn: str
    cognito_issuer: str
    cognito_client_id: str
    index_dir: Path
    index_bucket: str
    index_check_s: int
    questions_per_minute: int
    allowance: Allowance
    retention_s: int
    redacted: tuple[str, ...]
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
            auth_mode=auth_mode(values, _NEEDS),
            api_keys_secret_arn=values.text("API_KEYS_SECRET_ARN"),
            cognito_issuer=values.text("COGNITO_ISSUER"),
            cognito_client_id=values.text("COGNITO_CLIENT_ID"),
            index_dir=Path(values.text("INDEX_DIR")),
            index_bucket=values.text("INDEX_BUCKET"),
            index_check_s=values.integer("INDEX_CHECK_S"),
            questions_per_minute=values.integer("QUESTIONS_PER_MINUTE", least=1),
            allowance=allowance_of(values),
            retention_s=values.integer("RETENTION_DAYS", least=1) * 86_400,
            redacted=redacted_kinds(values),
            audit_s=audit_retention_s(values),
            kms_key_id=values.text("KMS_KEY_ID"),
            stack_name=values.text("STACK_NAME"),
            log_level=values.text("LOG_LEVEL"),
        )
