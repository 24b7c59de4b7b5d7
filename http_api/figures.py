"""What a response says in figures. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from copilot.telemetry.metrics import FAILURES, QUESTIONS, REFUSED_QUESTIONS, Figures


def figures_of(event: Mapping[str, Any], response: Mapping[str, Any]) -> Figures:
    """A question that was accepted or over a limit, or a failure; empty for everything else."""
    status = response["statusCode"]
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return {FAILURES: 1}
    if event["requestContext"]["http"]["method"] != "POST" or event["rawPath"] != "/chat":
        return {}
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return {REFUSED_QUESTIONS: 1}
    return {QUESTIONS: 1} if status in (HTTPStatus.OK, HTTPStatus.ACCEPTED) else {}
