"""The composition root: builds clients, engine, model and worker of a process, once.

Nothing heavy is imported here. The engine loads on a thread while the AWS clients are made; the
language model's library loads after it, since nobody needs it before the first retrieval, and then
what an answer needs after its first word.
"""

from __future__ import annotations

import importlib
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from botocore.config import Config
from msgspec import Struct

from copilot.answer_log.answers import AnswerLog
from copilot.aws_clients import AwsClients, aws_clients
from copilot.configuration import SettingsError
from copilot.conversations.history import Conversations
from copilot.sealing.choosing import sealer_of
from copilot.table import Table
from copilot.telemetry.metrics import EmfMetrics, Metrics
from inference.answering.turn import Limits
from inference.aws.connection_sink import ConnectionSink, client_config
from inference.aws.direct_log import DirectLog
from inference.aws.direct_sink import DirectSink
from inference.aws.dynamodb_http import DynamoDbHttp
from inference.aws.http_pool import HttpPool
from inference.aws.question_queue import QuestionQueue
from inference.aws.session_credentials import SessionCredentials
from inference.aws.threaded_log import ThreadedLog
from inference.cache.forgetting import Forgetting
from inference.cache.guards.exploration import Exploration
from inference.cache.model_hit_check import ModelHitCheck
from inference.chat_models.chat_model import OpenAIChatModel
from inference.chat_models.model_key import ModelKey
from inference.engine import EngineLoader
from inference.ports import ChatModel, Clock, Embedder, HitCheck, ModelError, Sink
from inference.publisher import Pace, Publisher
from inference.settings import Settings
from inference.worker import Worker

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from inference.chat_models.sdk_chat_model import SdkChatModel

THREADS = 32
"""Calls to AWS under way at one time, per kind."""

CONNECTIONS = 64
"""The same, where no thread waits for each."""

AFTER_THE_FIRST_WORD = (
    "inference.cache.guards.decide",
    "inference.grounding.support",
    "inference.cache.guards.equivalence",
)
"""Modules that are imported where they are first used, which is never before a retrieval."""

logger = logging.getLogger(__name__)


@runtime_checkable
class LoadedOnDemand(Protocol):
    """A language model whose library is imported when it is told to."""

    def load(self) -> object:
        """Import it; blocking, idempotent, safe on any thread.

        Raises:
            ModelError: there is no usable key.
        """


class Process(Struct, frozen=True):
    """What one process of the function holds."""

    worker: Worker
    forgetting: Forgetting
    queue: QuestionQueue
    engine: EngineLoader
    model: ChatModel
    clock: Clock
    metrics: Metrics


def build(settings: Settings, engine: EngineLoader, clock: Clock) -> Process:
    """Build a process around an engine that is loading; the model's library comes after it."""
    metrics = EmfMetrics(settings.stack_name, clock.time)
    model = chat_model(settings, clock, lambda: engine.get().embedder)
    engine.afterwards(lambda: _load_in_background(model))
    threads = ThreadPoolExecutor(THREADS, thread_name_prefix="table")
    config = Config(
        retries={"total_max_attempts": 4, "mode": "standard"},
        connect_timeout=2,
        read_timeout=5,
        max_pool_connections=THREADS,
    )
    session = aws_clients()
    dynamodb = session.client("dynamodb", config=config)
    log, sink = answer_log_and_sink(settings, session, dynamodb, threads, clock)
    pace = Pace(window_s=settings.flush_window_s, max_window_s=max(0.5, settings.flush_window_s))
    worker = Worker(
        leases=log,
        publisher=Publisher(log, sink, clock, pace),
        engine=engine,
        model=model,
        clock=clock,
        metrics=metrics,
        exploration=Exploration(settings.cache_max_error_rate),
        hit_check=hit_check(settings, model, clock),
        limits=Limits(
            passages=settings.retrieved_passages,
            redacted=settings.redacted,
            price=settings.price,
        ),
    )
    queue = QuestionQueue(lambda: session.client("sqs", config=config), settings.queue_url, threads)
    return Process(worker, Forgetting(engine, log), queue, engine, model, clock, metrics)


def answer_log_and_sink(
    settings: Settings,
    session: AwsClients,
    dynamodb: DynamoDBClient,
    threads: Executor,
    clock: Clock,
) -> tuple[ThreadedLog, Sink]:
    """The answer log and the way to the sockets, over what the settings name."""
    sealer = sealer_of(
        settings.kms_key_id, lambda: _kms(session), dynamodb, settings.table_name, clock.time
    )
    table = Table(dynamodb, settings.table_name, sealer)
    log = AnswerLog(table, clock.time, retention_s=settings.retention_s, audit_s=settings.audit_s)
    conversations = Conversations(table, clock.time)
    if settings.aws_client == "boto3":
        management = session.client(
            "apigatewaymanagementapi",
            endpoint_url=settings.websocket_endpoint,
            config=client_config(THREADS),
        )
        posts = ThreadPoolExecutor(THREADS, thread_name_prefix="posts")
        return ThreadedLog(log, conversations, threads), ConnectionSink(management, posts)
    region, credentials = dynamodb.meta.region_name, SessionCredentials(session)
    endpoint = HttpPool(dynamodb.meta.endpoint_url, limit=CONNECTIONS)
    direct = DirectLog(
        log, conversations, threads, DynamoDbHttp(endpoint, region, credentials.read, clock)
    )
    sockets = HttpPool(settings.websocket_endpoint, limit=CONNECTIONS)
    return direct, DirectSink(sockets, region, credentials.read, clock)


def hit_check(settings: Settings, model: ChatModel, clock: Clock) -> HitCheck | None:
    """What else must agree before a cached answer is served to a question in other words.

    Raises:
        SettingsError: the language model is to check, and there is none.
    """
    if settings.cache_hit_check != "model":
        return None
    if not model.metered:
        raise SettingsError(
            "CACHE_HIT_CHECK=model needs a language model: set OPENAI_API_KEY or CHAT_MODEL, "
            "or leave CACHE_HIT_CHECK empty."
        )
    return ModelHitCheck(model, clock)


def chat_model(
    settings: Settings, clock: Clock, embedder: Callable[[], Embedder] | None = None
) -> ChatModel:
    """The model that the settings name; the extractive one where they name none.

    ``embedder`` returns the engine's own, with which the extractive model compares sentences.
    """
    key = ModelKey(
        key=settings.openai_api_key,
        secret_arn=settings.openai_secret_arn,
        base_url=settings.openai_base_url,
        secrets=lambda: aws_clients().client("secretsmanager"),
    )
    if settings.chat_model:
        from inference.chat_models.langchain_model import LangchainChatModel

        return LangchainChatModel(
            settings.chat_model, key=key.read, base_url=settings.openai_base_url, clock=clock
        )
    if settings.openai_api_key or settings.openai_secret_arn or settings.openai_base_url:
        kind: type[OpenAIChatModel | SdkChatModel] = OpenAIChatModel
        if settings.openai_client == "sdk":
            from inference.chat_models.sdk_chat_model import SdkChatModel

            kind = SdkChatModel
        return kind(
            settings.openai_model, key=key.read, base_url=settings.openai_base_url, clock=clock
        )
    from inference.chat_models.extractive_model import ExtractiveModel

    return ExtractiveModel(embedder)


def load_model(model: ChatModel) -> None:
    """Import what the model needs, now; a failure is left for the first question to report."""
    if not isinstance(model, LoadedOnDemand):
        return
    try:
        model.load()
    except ModelError as error:
        logger.error("language model unusable", extra={"code": error.code, "reason": error.message})


def _kms(session: AwsClients) -> Any:
    config = Config(
        retries={"total_max_attempts": 4, "mode": "standard"}, connect_timeout=2, read_timeout=5
    )
    return session.client("kms", config=config)


def _load_in_background(model: ChatModel) -> None:
    threading.Thread(target=_load_the_rest, args=(model,), name="model", daemon=True).start()


def _load_the_rest(model: ChatModel) -> None:
    load_model(model)
    for name in AFTER_THE_FIRST_WORD:
        importlib.import_module(name)
