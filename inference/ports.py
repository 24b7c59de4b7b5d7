"""What one turn needs from the world: a port per neighbour, and the plain data that crosses it.

Adapters implement these; ``turn.py`` knows nothing else. A port has a real adapter and a fake, and
the congruence tests run the same cases against both.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from msgspec import Struct

from inference.demand import Demand

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]


class Passage(Struct, kw_only=True, frozen=True):
    """A retrieved chunk.

    ``text`` is the chunk's own text (no heading prefix); ``start``/``end`` its character span in
    the extracted text of ``document`` (path relative to the corpus root); ``score`` the fused
    relevance in 0..1; ``dense`` the cosine with the question, ``focus`` the highest of that and
    of the chunk's windows of a few sentences, ``lexical`` the raw BM25 score (each ``None`` where
    the retriever has none).
    """

    chunk_id: str
    document: str
    title: str
    text: str
    start: int
    end: int
    score: float
    url: str | None = None
    page: int | None = None
    section: str | None = None
    dense: float | None = None
    lexical: float | None = None
    focus: float | None = None


class Embedder(Protocol):
    """Turns text into L2-normalised float32 vectors."""

    model_id: str
    """Name and weights hash, as an index manifest records it."""
    dimension: int

    def embed(self, texts: Sequence[str]) -> Vector:
        """Return an array of shape ``(len(texts), dimension)``, one unit vector per text."""
        ...


class RetrieverUnavailable(Exception):
    """The index cannot be asked now. The question goes back to its queue."""


class Retriever(Protocol):
    """Finds the passages of one index bundle."""

    corpus_version: str

    def retrieve(
        self,
        question: str,
        vector: Vector,
        *,
        k: int,
        groups: frozenset[str],
        filters: Mapping[str, str] | None = None,
    ) -> list[Passage]:
        """Return at most ``k`` passages visible to ``groups``, best first.

        ``vector`` is the question's embedding, shape ``(dimension,)``. ``filters`` keeps chunks
        whose metadata equals every given value.

        Raises:
            RetrieverUnavailable: the index is elsewhere, and out of reach.
        """
        ...


class PairScorer(Protocol):
    """Reads a question and a text together and says how well the text answers it."""

    model_id: str
    """Name and weights hash."""

    def scores(self, question: str, texts: Sequence[str]) -> Vector:
        """Return a score in 0..1 for each of ``texts``, shape ``(len(texts),)``."""
        ...


class CacheScope(Struct, kw_only=True, frozen=True):
    """The hard filters: two questions may share an answer only inside one scope."""

    tenant: str
    groups_hash: str
    corpus_version: str
    model: str
    prompt_version: str


class Origin(Struct, kw_only=True, frozen=True):
    """The answer that the cache keeps, and the person of the scope's tenant to whom it was given:
    so that it can be forgotten with either.
    """

    answer_id: str
    user: str


class Observation(Struct, kw_only=True, frozen=True):
    """A cached answer compared with a fresh one (a shadow answer, ``answer_id``) to a question of
    cosine ``similarity``. ``clean``: the entry had not been seen wrong before.
    """

    entry: str
    tenant: str
    answer_id: str
    similarity: float
    right: bool
    clean: bool


class TrackRecord(Struct, kw_only=True, frozen=True):
    """What observations say of an entry, and of its tenant's entries.

    ``seen`` counts the entry's own, ``wrong_up_to`` is the highest cosine at which it was wrong,
    ``tenant_seen`` and ``tenant_wrong`` count those that the tenant's entries had while clean.
    """

    seen: int = 0
    wrong_up_to: float | None = None
    tenant_seen: int = 0
    tenant_wrong: int = 0


class CachedAnswer(Struct, kw_only=True, frozen=True):
    """A stored answer with what it cited; ``score`` is the cosine of the two questions, ``entry``
    the cache's own name for it, ``owner`` whose question it answered (``cache.owners``).
    """

    question: str
    text: str
    passages: list[Passage]
    score: float
    entry: str = ""
    record: TrackRecord = TrackRecord()
    owner: str = ""


class CacheUnavailable(Exception):
    """The cache is down, slow or misconfigured: the turn bypasses it and says so in the receipt."""


class CacheAbsent(CacheUnavailable):
    """None is configured, which is no failure."""


class AnswerCache(Protocol):
    """The semantic cache."""

    threshold: float
    """The least cosine of two questions that may share an answer."""

    async def lookup(self, question: str, vector: Vector, scope: CacheScope) -> list[CachedAnswer]:
        """Return the stored answers that are near enough to be looked at, nearest first.

        They are candidates: nearness alone does not make one of them the answer. Some are a little
        below the threshold, so that it can be seen whether the nearest stands alone.

        Raises:
            CacheUnavailable: no answer within the time allowed (250 ms by default).
        """
        ...

    async def store(
        self,
        question: str,
        vector: Vector,
        scope: CacheScope,
        *,
        text: str,
        passages: Sequence[Passage],
        origin: Origin,
    ) -> None:
        """Keep an answer.

        Raises:
            CacheUnavailable: it could not be stored; the answer itself is unharmed.
        """
        ...

    async def observe(self, observation: Observation) -> None:
        """Keep what a shadow answer showed. The same observation twice counts once, and none is
        lost to another that is made at the same moment.

        Raises:
            CacheUnavailable: it could not be kept.
        """
        ...

    async def forget_answer(self, tenant: str, answer_id: str, *, entry: str | None) -> None:
        """Drop what ``answer_id`` stored and, where given, the entry it was served from; both only
        where they are the tenant's.

        Raises:
            CacheUnavailable: it may still be there.
        """
        ...

    async def forget_user(self, tenant: str, user: str) -> None:
        """Drop everything that the answers given to ``user`` of ``tenant`` stored.

        Raises:
            CacheUnavailable: some of it may still be there.
        """
        ...


class Undecided(Exception):
    """A check could not tell; what it was asked about is not served."""


class HitCheck(Protocol):
    """A second opinion on a hit that every guard lets pass."""

    async def same(self, question: str, cached: str) -> bool:
        """Whether the two questions ask the same.

        Raises:
            Undecided: it could not tell in time; the message says why.
        """
        ...


class ChatMessage(Struct, kw_only=True, frozen=True):
    """One message of a prompt."""

    role: Literal["system", "user", "assistant"]
    content: str


class Prompt(Struct, kw_only=True, frozen=True):
    """Everything a model is given: messages for a chat model, the parts for an extractive one."""

    messages: list[ChatMessage]
    question: str
    passages: list[Passage]


class TextDelta(Struct, kw_only=True, frozen=True):
    """A piece of the answer as the model produced it."""

    text: str


class Finished(Struct, kw_only=True, frozen=True):
    """The model's own end of stream; ``finish_reason`` in the provider's word ("stop", …)."""

    finish_reason: str
    prompt_tokens: int = 0
    completion_tokens: int = 0


class ModelError(Exception):
    """The model failed. ``code`` is stable, ``retryable`` says whether asking again may help."""

    def __init__(
        self, code: str, message: str, *, retryable: bool, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable
        self.retry_after_s = retry_after_s


class ChatModel(Protocol):
    """Streams an answer. A stream that ends without ``Finished`` is a failure."""

    name: str
    metered: bool
    """Whether what it reads and writes are tokens that somebody pays for."""

    def stream(
        self, prompt: Prompt, wanted: Demand | None = None
    ) -> AsyncIterator[TextDelta | Finished]:
        """Yield deltas, then exactly one ``Finished``.

        While ``wanted`` is cleared, nothing need be read; what the provider says then comes later.

        Raises:
            ModelError: the provider refused, broke off or went silent.
        """
        ...

    async def complete(self, messages: Sequence[ChatMessage]) -> str | None:
        """Return a short completion (condensing follow-ups), or ``None`` if the model cannot."""
        ...


class ConnectionGone(Exception):
    """The peer has left (410): drop this subscriber, keep generating."""


class Throttled(Exception):
    """The push was refused for now (429): widen the window and try again."""


class PushRefused(Exception):
    """The endpoint will not take this push whatever is tried (permissions, size); says why."""


class Sink(Protocol):
    """Pushes one encoded server event to one connection."""

    async def post(self, connection_id: str, frame: bytes) -> None:
        """Deliver ``frame``.

        Raises:
            ConnectionGone: the connection does not exist any more.
            Throttled: the endpoint asked to slow down, or did not answer.
            PushRefused: it never will; the answer itself is stored and unharmed.
        """
        ...


class Clock(Protocol):
    """Time, handed in so that tests own it."""

    def time(self) -> float:
        """Wall clock, seconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Monotonic seconds for measuring."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...
