"""What the inference function reads from its environment; the only place that does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from copilot.answer_log.audit import AUDIT_RETENTION, audit_retention_s
from copilot.configuration import SettingsError, Values, Variable
from copilot.redaction.settings import REDACT, redacted_kinds
from copilot.sealing.choosing import KMS_KEY_ID
from copilot.telemetry.metrics import STACK_NAME
from inference.chat_models.price import KNOWN, Price

VARIABLES = (
    Variable("TABLE_NAME", None, "", "the name of the DynamoDB table"),
    Variable("QUEUE_URL", None, "URL", "the queue that questions come from"),
    Variable(
        "WEBSOCKET_ENDPOINT", None, "URL", "the management endpoint of the WebSocket API's stage"
    ),
    Variable("INDEX_DIR", "faiss_index", "path", "the index bundle that python -m embed built"),
    Variable(
        "INDEX_BUCKET",
        "",
        "",
        "the bucket whose current index is read instead; empty: INDEX_DIR, always",
    ),
    Variable(
        "INDEX_CHECK_S", "30", "s", "how long a process trusts that its index is the current one"
    ),
    Variable(
        "RETRIEVER", "faiss", "", "who holds the vectors: faiss, the bundle, or qdrant, the server"
    ),
    Variable(
        "QDRANT_INDEX", "energycopilot-index", "", "the beginning of the names of its collections"
    ),
    Variable("MODEL_DIR", "inference/model", "path", "the exported embedding model"),
    Variable("QDRANT_URL", "", "URL", "the Qdrant server of the semantic cache; empty: no cache"),
    Variable("QDRANT_API_KEY", "", "", "its key, where it wants one"),
    Variable("QDRANT_COLLECTION", "energycopilot-cache", "", "the collection that holds answers"),
    Variable(
        "CACHE_THRESHOLD", "0.7", "cosine", "least similarity of two questions that share answers"
    ),
    Variable(
        "CACHE_MAX_ERROR_RATE",
        "",
        "share",
        "how many of the near questions may be served a wrong answer, such as 0.02; the surer the "
        "cache must be, the more are answered afresh to check. 0: only the same words are served; "
        "empty: 2 % are checked, nothing is promised",
    ),
    Variable(
        "CACHE_HIT_CHECK",
        "",
        "",
        "what else must agree before a near question is served: empty, or model: the language "
        "model says whether both ask the same",
    ),
    Variable(
        "CACHE_LOOKUP_MS", "250", "ms", "how long the cache may take before it is passed over"
    ),
    Variable("CACHE_TTL_DAYS", "7", "days", "how long an answer may be served from the cache"),
    Variable("OPENAI_API_KEY", "", "", "the key of GPT; empty: see OPENAI_SECRET_ARN"),
    Variable("OPENAI_SECRET_ARN", "", "ARN", "the secret that holds the key of GPT"),
    Variable("OPENAI_BASE_URL", "", "URL", "an OpenAI-compatible server; empty: OpenAI itself"),
    Variable("OPENAI_CLIENT", "stream", "", "what reads its streams: stream (our own) or sdk"),
    Variable(
        "AWS_CLIENT",
        "direct",
        "",
        "what carries flushes and pushes: direct (our own), or boto3, which knows proxies",
    ),
    Variable("OPENAI_MODEL", "gpt-4o-mini", "", "the model to ask there"),
    Variable(
        "PROMPT_PRICE",
        "",
        "USD",
        "what a million tokens sent to the model cost; empty: known for gpt-4o-mini at OpenAI, "
        "else no cost is told",
    ),
    Variable("COMPLETION_PRICE", "", "USD", "what a million tokens that the model writes cost"),
    Variable(
        "CHAT_MODEL",
        "",
        "provider:model",
        "another provider through langchain's init_chat_model; empty: OpenAI, or without a key "
        "the extractive model",
    ),
    Variable("RETRIEVED_PASSAGES", "6", "", "how many passages a question is answered from"),
    Variable(
        "PASSAGES_PER_DOCUMENT",
        "3",
        "",
        "passages of one document before other documents that match come first; 0: no limit",
    ),
    Variable(
        "RECENCY_WEIGHT",
        "0",
        "0..1",
        "what the newest document gains in every question; one that asks for the latest gives 0.2",
    ),
    Variable(
        "RERANKER_DIR", "", "path", "an exported cross-encoder that orders passages; empty: none"
    ),
    Variable("RERANKED_PASSAGES", "24", "", "how many passages the cross-encoder reads"),
    Variable("FLUSH_WINDOW_MS", "112", "ms", "how long text gathers before it is sent"),
    REDACT,
    Variable("RETENTION_DAYS", "30", "days", "how long conversations are kept"),
    AUDIT_RETENTION,
    KMS_KEY_ID,
    STACK_NAME,
    Variable("LOG_LEVEL", "INFO", "", "DEBUG, INFO, WARNING or ERROR"),
)
"""Variables of the inference function (``app.handler``)."""


class Settings(Struct, frozen=True, kw_only=True):
    """Settings of the inference function. Times in seconds."""

    table_name: str
    queue_url: str
    websocket_endpoint: str
    index_dir: Path
    index_bucket: str
    index_check_s: int
    model_dir: Path
    retriever: str
    qdrant_index: str
    qdrant_url: str
    qdrant_api_key: str
    qdrant_collection: str
    cache_threshold: float
    cache_max_error_rate: float | None
    cache_hit_check: str
    cache_lookup_s: float
    cache_ttl_s: float
    openai_api_key: str
    openai_secret_arn: str
    openai_base_url: str
    openai_client: str
    aws_client: str
    openai_model: str
    prompt_price: float | None
    completion_price: float | None
    chat_model: str
    retrieved_passages: int
    passages_per_document: int
    recency_weight: float
    reranker_dir: Path | None
    reranked_passages: int
    flush_window_s: float
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
        prompt_price, completion_price = _prices(values)
        return cls(
            table_name=values.text("TABLE_NAME"),
            queue_url=values.text("QUEUE_URL"),
            websocket_endpoint=values.text("WEBSOCKET_ENDPOINT"),
            index_dir=Path(values.text("INDEX_DIR")),
            index_bucket=values.text("INDEX_BUCKET"),
            index_check_s=values.integer("INDEX_CHECK_S"),
            model_dir=Path(values.text("MODEL_DIR")),
            retriever=_retriever(values),
            qdrant_index=values.text("QDRANT_INDEX"),
            qdrant_url=values.text("QDRANT_URL"),
            qdrant_api_key=values.text("QDRANT_API_KEY"),
            qdrant_collection=values.text("QDRANT_COLLECTION"),
            cache_threshold=values.number("CACHE_THRESHOLD", least=0.5, most=1.0),
            cache_max_error_rate=_max_error_rate(values),
            cache_hit_check=values.choice("CACHE_HIT_CHECK", "", "model"),
            cache_lookup_s=values.integer("CACHE_LOOKUP_MS", least=10) / 1000,
            cache_ttl_s=values.number("CACHE_TTL_DAYS", least=0.01, most=3650) * 86_400,
            openai_api_key=values.text("OPENAI_API_KEY"),
            openai_secret_arn=values.text("OPENAI_SECRET_ARN"),
            openai_base_url=values.text("OPENAI_BASE_URL"),
            openai_client=values.choice("OPENAI_CLIENT", "stream", "sdk"),
            aws_client=values.choice("AWS_CLIENT", "direct", "boto3"),
            openai_model=values.text("OPENAI_MODEL"),
            prompt_price=prompt_price,
            completion_price=completion_price,
            chat_model=_chat_model(values),
            retrieved_passages=values.integer("RETRIEVED_PASSAGES", least=1),
            passages_per_document=values.integer("PASSAGES_PER_DOCUMENT"),
            recency_weight=values.number("RECENCY_WEIGHT", least=0.0, most=1.0),
            reranker_dir=Path(reranker) if (reranker := values.text("RERANKER_DIR")) else None,
            reranked_passages=values.integer("RERANKED_PASSAGES", least=1),
            flush_window_s=values.integer("FLUSH_WINDOW_MS", least=20) / 1000,
            redacted=redacted_kinds(values),
            retention_s=values.integer("RETENTION_DAYS", least=1) * 86_400,
            audit_s=audit_retention_s(values),
            kms_key_id=values.text("KMS_KEY_ID"),
            stack_name=values.text("STACK_NAME"),
            log_level=values.text("LOG_LEVEL"),
        )

    @property
    def price(self) -> Price | None:
        """What the model's tokens cost: as set, or known of OpenAI's own; else ``None``."""
        if self.prompt_price is not None and self.completion_price is not None:
            return Price(prompt=self.prompt_price, completion=self.completion_price)
        if self.chat_model or self.openai_base_url:
            return None
        return KNOWN.get(self.openai_model)


def _retriever(values: Values) -> str:
    retriever = values.choice("RETRIEVER", "faiss", "qdrant")
    if retriever == "qdrant" and not values.text("QDRANT_URL"):
        raise SettingsError("RETRIEVER=qdrant needs a server: set QDRANT_URL.")
    return retriever


def _max_error_rate(values: Values) -> float | None:
    if not values.text("CACHE_MAX_ERROR_RATE"):
        return None
    return values.number("CACHE_MAX_ERROR_RATE", least=0.0, most=1.0)


def _chat_model(values: Values) -> str:
    named = values.text("CHAT_MODEL")
    provider, _, model = named.partition(":")
    if named and not (provider and model):
        raise SettingsError(
            f"CHAT_MODEL must be provider:model, such as anthropic:NAME, not {named!r}."
        )
    return named


def _prices(values: Values) -> tuple[float | None, float | None]:
    given = [name for name in ("PROMPT_PRICE", "COMPLETION_PRICE") if values.text(name)]
    if not given:
        return None, None
    if len(given) == 1:
        raise SettingsError("PROMPT_PRICE and COMPLETION_PRICE belong together; set both or none.")
    prompt, completion = (values.number(name, least=0, most=10_000) for name in given)
    return prompt, completion
