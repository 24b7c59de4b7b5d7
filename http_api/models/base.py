"""What the bodies that the API takes and gives share.

Times named ``*_at`` are milliseconds since 1970.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

ID_PATTERN = r"^[A-Za-z0-9_-]+$"
MAX_TITLE_CHARS = 200
MAX_COMMENT_CHARS = 2_000

Id = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=ID_PATTERN)]
Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TITLE_CHARS)
]
Count = Annotated[int, Field(ge=0)]
Milliseconds = Annotated[int, Field(ge=0, description="Milliseconds since 1970, UTC.")]
Rating = Literal["up", "down"]


class Model(BaseModel):
    """Base of all models: immutable, and a field with a default is always present in a response."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_serialization_defaults_required=True,
        # A value that does not fit a model is somebody's text; its error goes to the log.
        hide_input_in_errors=True,
    )


class Request(Model):
    """Base of request bodies: unknown fields are refused, so that a typing error is noticed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Problem(BaseModel):
    """An error (RFC 9457). ``code`` is for programs, ``detail`` says what to do."""

    model_config = ConfigDict(frozen=True)

    type: Literal["about:blank"] = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    retry_after_ms: int | None = None


class Health(Model):
    """The API runs and reads its index."""

    status: Literal["ok"] = "ok"
    corpus_version: str
