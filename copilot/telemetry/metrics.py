"""Metrics in CloudWatch's embedded metric format: figures inside a structured log line.

CloudWatch reads them from the log, so that nothing is called on the way to an answer, and the same
line can be queried. There is one dimension, the stack: every further one would multiply what
CloudWatch charges. Nothing that names a person, a tenant or an answer may become one.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

from msgspec import Struct

from copilot.configuration import Variable

NAMESPACE = "EnergyCopilot"
DIMENSION = "Stack"
MAX_VALUES = 100
"""CloudWatch refuses longer arrays of values."""

STACK_NAME = Variable(
    "STACK_NAME", "local", "", "the name of the stack, by which its metrics are told apart"
)


class Metric(Struct, frozen=True):
    """A metric with its CloudWatch unit; ``doc`` says of what one value is."""

    name: str
    unit: Literal["Count", "Milliseconds", "None"]
    doc: str


QUESTIONS = Metric("Questions", "Count", "a question that was accepted, repeats included")
REFUSED_QUESTIONS = Metric(
    "RefusedQuestions", "Count", "a question over a limit: too many, too many tokens, too many open"
)
ANSWERS = Metric("Answers", "Count", "an answer that ended, however it did")
ANSWER_ERRORS = Metric("AnswerErrors", "Count", "1 where it ended in an error, else 0")
ABSTENTIONS = Metric("Abstentions", "Count", "1 where the documents did not say, else 0")
QUEUE_TIME = Metric("QueueTime", "Milliseconds", "from the queue taking a question to a worker")
FIRST_TOKEN_TIME = Metric(
    "FirstTokenTime", "Milliseconds", "from the queue taking a question to its first pushed text"
)
ANSWER_TIME = Metric("AnswerTime", "Milliseconds", "from the queue taking a question to its end")
EMBED_TIME = Metric("EmbedTime", "Milliseconds", "embedding the question")
CACHE_TIME = Metric("CacheTime", "Milliseconds", "asking the semantic cache")
RETRIEVE_TIME = Metric("RetrieveTime", "Milliseconds", "retrieving passages")
MODEL_WAIT_TIME = Metric(
    "ModelWaitTime", "Milliseconds", "from asking the model to its first word, retries included"
)
PERSIST_TIME = Metric("PersistTime", "Milliseconds", "each write to the answer log with its fence")
PUSH_TIME = Metric("PushTime", "Milliseconds", "each post of a frame to a connection")
CACHE_HITS = Metric("CacheHits", "Count", "1 where the cache answered, else 0")
CACHE_MISSES = Metric("CacheMisses", "Count", "1 where it was asked in vain, else 0")
CACHE_FAILURES = Metric("CacheFailures", "Count", "calls to the cache that failed or took too long")
FALSE_HIT_REPORTS = Metric("FalseHitReports", "Count", "a thumbs-down on an answer from the cache")
MODEL_ERRORS = Metric("ModelErrors", "Count", "attempts at the model that failed")
PROMPT_TOKENS = Metric("PromptTokens", "Count", "tokens sent to the model")
COMPLETION_TOKENS = Metric("CompletionTokens", "Count", "tokens that the model wrote")
COST = Metric("CostUsd", "None", "what the model's tokens cost, in US dollars")
POSTS = Metric("Posts", "Count", "frames posted to connections")
THROTTLED_POSTS = Metric("ThrottledPosts", "Count", "posts that API Gateway put off (429)")
GONE_CONNECTIONS = Metric("GoneConnections", "Count", "connections that had left (410)")
TAKEOVERS = Metric("Takeovers", "Count", "1 where another worker had begun the answer, else 0")
DEAD_LETTERS = Metric("DeadLetters", "Count", "messages that no worker could serve")
INDEXED_DOCUMENTS = Metric(
    "IndexedDocuments", "Count", "uploaded documents that an index holds now"
)
FAILED_DOCUMENTS = Metric(
    "FailedDocuments", "Count", "uploaded documents that could not be read, or were given up"
)
INGESTION_TIME = Metric(
    "IngestionTime", "Milliseconds", "from the queue hearing of a document to the index with it"
)
PUBLISHED_INDEXES = Metric(
    "PublishedIndexes", "Count", "versions of the index that uploads have made"
)
FAILURES = Metric("Failures", "Count", "an exception that a function's outermost edge caught")

CATALOGUE = (
    QUESTIONS,
    REFUSED_QUESTIONS,
    ANSWERS,
    ANSWER_ERRORS,
    ABSTENTIONS,
    QUEUE_TIME,
    FIRST_TOKEN_TIME,
    ANSWER_TIME,
    EMBED_TIME,
    CACHE_TIME,
    RETRIEVE_TIME,
    MODEL_WAIT_TIME,
    PERSIST_TIME,
    PUSH_TIME,
    CACHE_HITS,
    CACHE_MISSES,
    CACHE_FAILURES,
    FALSE_HIT_REPORTS,
    MODEL_ERRORS,
    PROMPT_TOKENS,
    COMPLETION_TOKENS,
    COST,
    POSTS,
    THROTTLED_POSTS,
    GONE_CONNECTIONS,
    TAKEOVERS,
    DEAD_LETTERS,
    INDEXED_DOCUMENTS,
    FAILED_DOCUMENTS,
    INGESTION_TIME,
    PUBLISHED_INDEXES,
    FAILURES,
)
"""Every metric of the functions."""

Figures = Mapping[Metric, float | Sequence[float]]


class Metrics(Protocol):
    """Where the edges of a function leave figures."""

    def record(self, message: str, figures: Figures, **about: Any) -> None:
        """Leave ``figures``, each a value or several, in one line that says ``message``.

        ``about`` are further fields of the line, such as ``answer_id``; never a text of a person.
        """
        ...


class EmfMetrics:
    """Implements ``Metrics`` by log lines. ``now`` is the wall clock in seconds.

    The lines are written whatever the level of logs is: a figure is no message.
    """

    def __init__(self, stack: str, now: Callable[[], float]) -> None:
        self._stack = stack
        self._now = now
        self._logger = logging.getLogger("metrics")
        self._logger.setLevel(logging.INFO)

    def record(self, message: str, figures: Figures, **about: Any) -> None:
        """See ``Metrics.record``."""
        self._logger.info(message, extra={**about, **emf(figures, self._stack, self._now())})


def emf(figures: Figures, stack: str, at: float) -> dict[str, Any]:
    """The members of an EMF document: metadata, dimension and values. ``at`` in seconds.

    Of more than ``MAX_VALUES`` values of a metric every second, third, ... is kept; a metric
    without a value is left out.
    """
    given = {metric: value for metric, value in figures.items() if value != []}
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [[DIMENSION]],
        "Metrics": [{"Name": metric.name, "Unit": metric.unit} for metric in given],
    }
    return {
        "_aws": {"Timestamp": round(at * 1000), "CloudWatchMetrics": [directive]},
        DIMENSION: stack,
        **{metric.name: _thinned(value) for metric, value in given.items()},
    }


def _thinned(value: float | Sequence[float]) -> float | Sequence[float]:
    if isinstance(value, int | float):
        return value
    return value[:: -(-len(value) // MAX_VALUES)]
