"""Fakes of a turn's ports, and builders of what crosses them. Each behaves as its port promises."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec.structs import replace

from copilot.answer_log.answers import Flushed, Lease
from copilot.answer_log.ending import Ending
from copilot.answer_log.header import Fenced, Header
from copilot.answer_log.question import Question
from copilot.identity import Identity
from copilot.telemetry.metrics import Figures
from copilot.wire import AnyServerEvent, End, Source, decode_event
from inference.cache.guards.decide import RIVAL_MARGIN
from inference.cache.owners import owner_hash
from inference.cache.qdrant_cache import CANDIDATES, point_id
from inference.demand import Demand
from inference.ports import (
    CachedAnswer,
    CacheScope,
    CacheUnavailable,
    ChatMessage,
    ConnectionGone,
    Finished,
    ModelError,
    Observation,
    Origin,
    Passage,
    Prompt,
    TextDelta,
    Throttled,
    TrackRecord,
)

if TYPE_CHECKING:
    from inference.ports import Vector

DIMENSION = 64


def a_passage(number: int = 1, **changes: Any) -> Passage:
    """A passage about a wind farm's fee; ``number`` makes it unlike the others."""
    text = f"The annual fee of unit {number} is {number},250 EUR per MW. It is due in March."
    fields: dict[str, Any] = {
        "chunk_id": f"chunk-{number}",
        "document": f"contract-{number}.md",
        "title": f"Contract {number}",
        "text": text,
        "start": 100 * number,
        "end": 100 * number + len(text),
        "score": 1.0 / number,
        "dense": 0.7,
        "lexical": 5.0,
    }
    return Passage(**{**fields, **changes})


def passages(count: int) -> list[Passage]:
    """``count`` different passages, best first."""
    return [a_passage(number) for number in range(1, count + 1)]


async def inline(function: Callable[..., Any], *arguments: Any) -> Any:
    """Run a blocking call where we stand: a turn's ``offload`` without threads."""
    return function(*arguments)


class FakeEmbedder:
    """Bags of hashed words: equal texts have cosine 1, texts without a common word near 0."""

    model_id = "hashed-words@1"
    dimension = DIMENSION

    def embed(self, texts: Sequence[str]) -> Vector:
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                digest = hashlib.blake2b(word.encode(), digest_size=8).digest()
                vectors[row, int.from_bytes(digest, "big") % self.dimension] += 1.0
            vectors[row] /= np.linalg.norm(vectors[row]) or 1.0
        return vectors


class FakeRetriever:
    """Returns what it was given, and remembers what it was asked."""

    corpus_version = "corpus-1"

    def __init__(self, found: Sequence[Passage] = ()) -> None:
        self.found = list(found)
        self.asked: list[tuple[str, frozenset[str], Mapping[str, str] | None]] = []

    def retrieve(
        self,
        question: str,
        vector: Vector,
        *,
        k: int,
        groups: frozenset[str],
        filters: Mapping[str, str] | None = None,
    ) -> list[Passage]:
        self.asked.append((question, groups, filters))
        return self.found[:k]


class FakeCache:
    """A semantic cache in a list; ``down`` makes it unavailable."""

    def __init__(self, threshold: float = 0.95) -> None:
        self.threshold = threshold
        self.entries: list[tuple[CacheScope, Any, CachedAnswer]] = []
        self.origins: dict[str, tuple[str, Origin]] = {}
        self.observations: dict[tuple[str, str], Observation] = {}
        self.down: str | None = None
        self.lookups = 0

    async def lookup(self, question: str, vector: Vector, scope: CacheScope) -> list[CachedAnswer]:
        self.lookups += 1
        self._check()
        near = [
            replace(
                answer,
                score=float(np.dot(kept_vector, vector)),
                record=self._record(answer.entry, scope.tenant),
            )
            for kept_scope, kept_vector, answer in self.entries
            if kept_scope == scope
            and float(np.dot(kept_vector, vector)) >= self.threshold - RIVAL_MARGIN
        ]
        return sorted(near, key=lambda answer: -answer.score)[:CANDIDATES]

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
        self._check()
        entry = point_id(question, scope)
        answer = CachedAnswer(
            question=question,
            text=text,
            passages=list(passages),
            score=1.0,
            entry=entry,
            owner=owner_hash(scope.tenant, origin.user),
        )
        kept = [kept for kept in self.entries if kept[2].entry != entry]
        self.entries = [*kept, (scope, vector, answer)]
        self.origins[entry] = (scope.tenant, origin)

    async def observe(self, observation: Observation) -> None:
        self._check()
        self.observations[observation.entry, observation.answer_id] = observation

    async def forget_answer(self, tenant: str, answer_id: str, *, entry: str | None) -> None:
        self._forget(tenant, lambda kept, origin: kept == entry or origin.answer_id == answer_id)

    async def forget_user(self, tenant: str, user: str) -> None:
        gone = self._forget(tenant, lambda _, origin: origin.user == user)
        kept = {key: o for key, o in self.observations.items() if o.entry not in gone}
        self.observations = kept

    def _forget(self, tenant: str, is_meant: Callable[[str, Origin], bool]) -> set[str]:
        self._check()
        meant = {
            entry
            for entry, (owner, origin) in self.origins.items()
            if owner == tenant and is_meant(entry, origin)
        }
        held = {kept[2].entry for kept in self.entries}
        self.entries = [kept for kept in self.entries if kept[2].entry not in meant]
        return meant & held

    def _record(self, entry: str, tenant: str) -> TrackRecord:
        own = [o for o in self.observations.values() if o.entry == entry]
        clean = [o for o in self.observations.values() if o.tenant == tenant and o.clean]
        return TrackRecord(
            seen=len(own),
            wrong_up_to=max((o.similarity for o in own if not o.right), default=None),
            tenant_seen=len(clean),
            tenant_wrong=sum(not o.right for o in clean),
        )

    def _check(self) -> None:
        if self.down is not None:
            raise CacheUnavailable(self.down)


class Pause:
    """In a script: ``seconds`` of silence."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


Script = Sequence[str | Pause | ModelError | Finished]


class FakeModel:
    """Plays one script per call, the last for ever; a script without ``Finished`` breaks off."""

    name = "fake-model"
    metered = True

    def __init__(
        self, *scripts: Script, completion: str | ModelError | Pause | None = None
    ) -> None:
        self.scripts = list(scripts)
        self.prompts: list[Prompt] = []
        self.completion = completion
        self.asked_to_complete: list[Sequence[ChatMessage]] = []
        self.open_streams = 0

    async def stream(
        self, prompt: Prompt, wanted: Demand | None = None
    ) -> AsyncIterator[TextDelta | Finished]:
        script = self.scripts[min(len(self.prompts), len(self.scripts) - 1)]
        self.prompts.append(prompt)
        self.open_streams += 1
        try:
            for step in script:
                if isinstance(step, Pause):
                    await asyncio.sleep(step.seconds)
                elif isinstance(step, ModelError):
                    raise step
                elif isinstance(step, Finished):
                    yield step
                else:
                    yield TextDelta(text=step)
        finally:
            self.open_streams -= 1

    async def complete(self, messages: Sequence[ChatMessage]) -> str | None:
        self.asked_to_complete.append(messages)
        if isinstance(self.completion, Pause):
            await asyncio.sleep(self.completion.seconds)
            return None
        if isinstance(self.completion, ModelError):
            raise self.completion
        return self.completion


def stop_after(*texts: str, tokens: tuple[int, int] = (0, 0)) -> Script:
    """A script that says ``texts`` and finishes as models do."""
    finished = Finished(finish_reason="stop", prompt_tokens=tokens[0], completion_tokens=tokens[1])
    return [*texts, finished]


class FakeMetrics:
    """Keeps what it is given, by the metrics' names."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def record(self, message: str, figures: Figures, **about: Any) -> None:
        named = {metric.name: value for metric, value in figures.items()}
        self.lines.append({"message": message, **about, **named})


class FakeSink:
    """Connections that remember their frames. ``latency_s`` is the time of one post."""

    def __init__(self, latency_s: float = 0.0) -> None:
        self.latency_s = latency_s
        self.frames: dict[str, list[AnyServerEvent]] = {}
        self.times: dict[str, list[float]] = {}
        self.gone: set[str] = set()
        self.throttle = 0
        self.throttled: set[str] = set()
        self.refusal: Exception | None = None

    async def post(self, connection_id: str, frame: bytes) -> None:
        await asyncio.sleep(self.latency_s)
        if connection_id in self.gone:
            raise ConnectionGone(connection_id)
        if connection_id in self.throttled:
            raise Throttled
        if self.throttle:
            self.throttle -= 1
            raise Throttled
        if self.refusal is not None:
            raise self.refusal
        self.frames.setdefault(connection_id, []).append(decode_event(frame))
        now = asyncio.get_running_loop().time()
        self.times.setdefault(connection_id, []).append(now)


def a_lease(
    answer_id: str = "a1",
    *,
    text: str = "What is the annual fee?",
    subscribers: frozenset[str] = frozenset({"c1"}),
    **changes: Any,
) -> Lease:
    """A worker's right to answer, at epoch 1."""
    header = Header(
        answer_id=answer_id,
        identity=Identity(tenant="acme", user="ann", groups=("public",)),
        conversation_id="conv1",
        epoch=1,
        last_seq=0,
        state="streaming",
        lease_until=0,
        attempts=1,
        subscribers=subscribers,
        cancelled=False,
        created=0,
    )
    return Lease(header=header, question=Question(text=text, filters={}, fresh=False, **changes))


class FakeLog:
    """The answer log of one answer, in memory, with the same rules as the real one."""

    def __init__(self, lease: Lease, latency_s: float = 0.0) -> None:
        self.epoch = lease.epoch
        self.subscribers = set(lease.header.subscribers)
        self.cancelled = False
        self.latency_s = latency_s
        self.chunks: dict[tuple[int, int], str | list[Source]] = {}
        self.flush_times: list[float] = []
        self.heartbeats = 0
        self.ending: Ending | None = None
        self.end: End | None = None
        self.taken_over = False
        self._last_seq = 0

    def text(self) -> str:
        """The text of the current epoch, as a resume would replay it."""
        mine = sorted(key for key in self.chunks if key[0] == self.epoch)
        return "".join(c for key in mine if isinstance(c := self.chunks[key], str))

    async def flush(self, lease: Lease, seq: int, chunk: str | list[Source]) -> Flushed:
        await asyncio.sleep(self.latency_s)
        self.chunks[lease.epoch, seq] = chunk
        flushed = self._fence(lease)
        self._last_seq = seq
        self.flush_times.append(asyncio.get_running_loop().time())
        return flushed

    async def heartbeat(self, lease: Lease) -> Flushed:
        flushed = self._fence(lease)
        self.heartbeats += 1
        return flushed

    async def restart(self, lease: Lease) -> Lease:
        self._fence(lease)
        self.epoch += 1
        self._last_seq = 0
        header = lease.header
        changed = {**{f: getattr(header, f) for f in header.__struct_fields__}, "epoch": self.epoch}
        return Lease(header=Header(**changed), question=lease.question)

    async def finish(self, lease: Lease, ending: Ending) -> tuple[End, Flushed]:
        flushed = self._fence(lease)
        if ending.last_seq != self._last_seq:
            raise Fenced(lease.answer_id)
        self.ending, self.end = ending, ending.event(lease.answer_id, lease.epoch)
        return self.end, flushed

    async def drop_subscriber(self, answer_id: str, connection_id: str) -> None:
        self.subscribers.discard(connection_id)

    def _fence(self, lease: Lease) -> Flushed:
        if self.taken_over or lease.epoch != self.epoch or self.end is not None:
            raise Fenced(lease.answer_id)
        return Flushed(subscribers=frozenset(self.subscribers), cancelled=self.cancelled)
