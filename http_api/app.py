"""Entry of the HTTP API's function: an event of API Gateway in, its response out.

It is the outermost edge: whatever goes wrong inside is logged here and told as a problem.
"""

from __future__ import annotations

import functools
import logging
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from botocore.config import Config

from copilot.access.tickets import Grant
from copilot.answer_log.forgetting import Forgetting
from copilot.aws_clients import aws_clients
from copilot.documents.status import DocumentStatuses
from copilot.index_bundle.bucket import IndexBucket
from copilot.index_bundle.published import PublishedIndex
from copilot.index_bundle.texts import FILES
from copilot.question_queue.sender import QueueSender
from copilot.sealing.choosing import sealer_of
from copilot.table import Table
from copilot.telemetry.log import about, configure_logging
from copilot.telemetry.metrics import EmfMetrics, Metrics
from http_api import api
from http_api.account.desk import TableAccountDesk
from http_api.answers.desk import TableAnswerDesk
from http_api.authentication import authenticate
from http_api.conversations.desk import TableConversationDesk
from http_api.documents.current_bundle import CurrentBundle
from http_api.documents.desk import BundleDocumentDesk
from http_api.figures import figures_of
from http_api.insights.desk import TableInsightDesk
from http_api.paths import routable
from http_api.request import provide
from http_api.services import Services
from http_api.settings import Settings
from http_api.sign_in.desk import TableSignInDesk
from http_api.sign_in.verifier import Verifier
from http_api.sign_in.verifiers import verifier_of

logger = logging.getLogger(__name__)

resolver = api.build()


@functools.cache
def services() -> Services:
    """The services of this process, built by its first request."""
    settings = Settings.of(os.environ)
    configure_logging(settings.log_level)
    table = _table(settings)
    queue = QueueSender(aws_clients().client("sqs"), settings.queue_url)
    kept = settings.retention_s
    return Services(
        authenticate=_authentication(verifier_of(settings, _aws_client, time.time)),
        conversations=TableConversationDesk(
            table,
            time.time,
            retention_s=kept,
            audit_s=settings.audit_s,
            redacted=settings.redacted,
        ),
        answers=TableAnswerDesk(
            table,
            queue,
            time.time,
            time.sleep,
            questions_per_minute=settings.questions_per_minute,
            allowance=settings.allowance,
            retention_s=kept,
            redacted=settings.redacted,
        ),
        documents=BundleDocumentDesk(_bundle(settings), DocumentStatuses(table, time.time).all),
        insights=TableInsightDesk(table, time.time, retention_s=kept),
        account=TableAccountDesk(
            Forgetting(table, time.time, retention_s=kept, audit_s=settings.audit_s), queue
        ),
        sign_in=TableSignInDesk(
            table,
            time.time,
            functools.cache(
                lambda: aws_clients().client(
                    "apigatewaymanagementapi", endpoint_url=settings.websocket_endpoint
                )
            ),
        ),
    )


@functools.cache
def metrics() -> Metrics:
    """Where this process leaves figures."""
    return EmfMetrics(Settings.of(os.environ).stack_name, time.time)


def _bundle(settings: Settings) -> Callable[[], Path]:
    """Which bundle the documents are shown from."""
    if not settings.index_bucket:
        return lambda: settings.index_dir
    config = Config(
        retries={"total_max_attempts": 2, "mode": "standard"}, connect_timeout=1, read_timeout=5
    )
    return CurrentBundle(
        PublishedIndex(
            lambda: IndexBucket(aws_clients().client("s3", config=config), settings.index_bucket),
            shipped=settings.index_dir,
            folder=Path(tempfile.gettempdir()) / "index-texts",
            monotonic=time.monotonic,
            every_s=settings.index_check_s,
            only=FILES,
        )
    )


def _table(settings: Settings) -> Table:
    dynamodb, name = aws_clients().client("dynamodb"), settings.table_name
    kms = functools.partial(_aws_client, "kms")
    return Table(dynamodb, name, sealer_of(settings.kms_key_id, kms, dynamodb, name, time.time))


def _aws_client(service: Any) -> Any:
    return aws_clients().client(service)


def _authentication(verifier: Verifier | None) -> Callable[[Mapping[str, str]], Grant]:
    return lambda headers: authenticate(headers, verifier, time.time())


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Serve one request of the HTTP API (payload format 2.0)."""
    with about(request_id=getattr(context, "aws_request_id", None)):
        response = _served(event, context)
        if figures := figures_of(event, response):
            metrics().record("request", figures, status=response["statusCode"])
        return response


def _served(event: dict[str, Any], context: Any) -> dict[str, Any]:
    try:
        refused = api.refusal(event)
        if refused is not None:
            return refused
        provide(resolver, services())
        return resolver.resolve(_routable(event), context)
    except Exception:
        logger.exception("route failed", extra={"route": event.get("rawPath")})
        return api.failure()


def _routable(event: dict[str, Any]) -> dict[str, Any]:
    path = routable(event["rawPath"])
    request = event["requestContext"]
    http = {**request["http"], "path": path}
    return {**event, "rawPath": path, "requestContext": {**request, "http": http}}
