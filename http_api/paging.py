"""The parameters of routes that give a list page by page."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

Cursor = Annotated[
    str | None, Query(max_length=512, description="`next_cursor` of the page before.")
]
Limit = Annotated[int, Query(ge=1, le=100, description="How many items a page has at most.")]
