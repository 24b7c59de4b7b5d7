"""Bodies about everything of one person."""

from __future__ import annotations

from http_api.models.base import Count, Model


class DeletedRows(Model):
    """How many rows were deleted."""

    deleted_rows: Count
