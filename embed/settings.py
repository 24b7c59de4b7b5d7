"""What the ingestion function reads from its environment; the only place that does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from copilot.configuration import SettingsError, Values, Variable
from copilot.telemetry.metrics import STACK_NAME

VARIABLES = (
    Variable("TABLE_NAME", None, "", "the name of the DynamoDB table"),
    Variable("DOCUMENT_BUCKET", None, "", "the bucket that documents are uploaded to"),
    Variable(
        "INDEX_BUCKET",
        "",
        "",
        "the bucket whose current index is read instead; empty: INDEX_DIR, always",
    ),
    Variable("INDEX_DIR", "faiss_index", "path", "the index bundle that python -m embed built"),
    Variable("MODEL_DIR", "inference/model", "path", "the exported embedding model"),
    Variable(
        "RETRIEVER", "faiss", "", "who holds the vectors: faiss, the bundle, or qdrant, the server"
    ),
    Variable("INDEX_VERSIONS_KEPT", "20", "", "versions of the index that stay in the bucket"),
    Variable(
        "UPLOAD_GROUPS", "public", "", "who may read uploaded documents that lie in no folder"
    ),
    Variable("MAX_DOCUMENT_MB", "32", "MB", "uploaded documents that are larger are refused"),
    Variable(
        "INGESTION_ATTEMPTS", "5", "", "how often the queue delivers before it gives a message up"
    ),
    STACK_NAME,
    Variable("LOG_LEVEL", "INFO", "", "DEBUG, INFO, WARNING or ERROR"),
)
"""Variables of the ingestion function (``handler.handler``)."""


class Settings(Struct, frozen=True, kw_only=True):
    """Settings of the ingestion function."""

    table_name: str
    document_bucket: str
    index_bucket: str
    index_dir: Path
    model_dir: Path
    retriever: str
    versions_kept: int
    upload_groups: tuple[str, ...]
    max_document_bytes: int
    attempts: int
    stack_name: str
    log_level: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings.

        Raises:
            SettingsError: a variable is missing or malformed; the message says what to set.
        """
        values = Values(VARIABLES, environment)
        if not values.text("INDEX_BUCKET"):
            raise SettingsError("INDEX_BUCKET is not set. Set it to: the bucket of the indexes")
        return cls(
            table_name=values.text("TABLE_NAME"),
            document_bucket=values.text("DOCUMENT_BUCKET"),
            index_bucket=values.text("INDEX_BUCKET"),
            index_dir=Path(values.text("INDEX_DIR")),
            model_dir=Path(values.text("MODEL_DIR")),
            retriever=values.text("RETRIEVER"),
            versions_kept=values.integer("INDEX_VERSIONS_KEPT", least=1),
            upload_groups=values.items("UPLOAD_GROUPS"),
            max_document_bytes=values.integer("MAX_DOCUMENT_MB", least=1) * 2**20,
            attempts=values.integer("INGESTION_ATTEMPTS", least=1),
            stack_name=values.text("STACK_NAME"),
            log_level=values.text("LOG_LEVEL"),
        )
