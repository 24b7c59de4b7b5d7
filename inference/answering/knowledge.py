"""What a turn finds out before its first word: the standalone question, passages, cached answer.

Knows ports only.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from copilot.answer_log.question import BadQuestion
from copilot.wire import CacheReceipt, StageTime
from inference.answering import condense, guard, prompt
from inference.answering.condense import Standalone
from inference.answering.turn_events import Question
from inference.cache.guards.exploration import NEVER, Exploration
from inference.cache.owners import owner_hash
from inference.chat_models.generation import complete_within
from inference.ports import (
    AnswerCache,
    CachedAnswer,
    CacheScope,
    CacheUnavailable,
    ChatModel,
    Clock,
    Embedder,
    HitCheck,
    Passage,
    Retriever,
    Undecided,
)

if TYPE_CHECKING:
    from inference.ports import Vector

Offload = Callable[..., Awaitable[Any]]
"""Runs a blocking call away from the event loop: ``await offload(function, *arguments)``."""

CONDENSE_S = 8.0
"""How long a model may take to rewrite a follow-up before the rules do."""


class Parts(Struct, frozen=True, kw_only=True):
    """The ports of a turn."""

    embedder: Embedder
    retriever: Retriever
    cache: AnswerCache
    model: ChatModel
    clock: Clock
    exploration: Exploration = NEVER
    hit_check: HitCheck | None = None
    offload: Offload = asyncio.to_thread


class Knowledge(Struct, frozen=True, kw_only=True):
    """What was found out. ``passages`` are those retrieved now, whatever the cache holds.

    ``shadowed`` is an answer that would have been served; the fresh one is to be compared with it.
    """

    standalone: Standalone
    vector: Vector
    scope: CacheScope
    passages: list[Passage]
    cached: CachedAnswer | None
    decision: CacheReceipt
    shadowed: CachedAnswer | None = None


class Stopwatch:
    """The stages of a turn with their milliseconds, in the order in which they ended."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.began = clock.monotonic()
        self.stages: list[StageTime] = []

    def note(self, stage: str, since: float) -> None:
        """Record that ``stage`` ran from ``since`` (monotonic seconds) until now."""
        self.stages.append(StageTime(name=stage, ms=self.ms(since)))

    def ms(self, since: float) -> float:
        """Milliseconds from ``since`` until now."""
        return round((self.clock.monotonic() - since) * 1000, 3)


async def look_up(
    question: Question, text: str, parts: Parts, watch: Stopwatch, *, k: int
) -> Knowledge:
    """Find out all that is needed to answer ``text``, the admitted form of the question."""
    standalone = await _standalone(question, text, parts, watch)
    began = parts.clock.monotonic()
    vector = (await parts.offload(parts.embedder.embed, [standalone.text]))[0]
    watch.note("embed", began)
    scope = CacheScope(
        tenant=question.tenant,
        groups_hash=visibility_hash(question.groups, question.filters),
        corpus_version=parts.retriever.corpus_version,
        model=parts.model.name,
        prompt_version=prompt.PROMPT_VERSION,
    )
    # Retrieval costs less than the cache's network time, so the two run side by side.
    candidates, passages = await asyncio.gather(
        _ask_cache(question, standalone, vector, scope, parts, watch),
        _retrieve(question, standalone, vector, parts, watch, k),
    )
    asker = owner_hash(question.tenant, question.user)
    choice = await _judge(asker, standalone, candidates, passages, parts, watch)
    return Knowledge(
        standalone=standalone,
        vector=vector,
        scope=scope,
        passages=passages,
        cached=choice.cached,
        decision=choice.decision,
        shadowed=choice.shadowed,
    )


def visibility_hash(groups: Iterable[str], filters: Mapping[str, str]) -> str:
    """A hash of what a question may see: the caller's groups and the filters that were chosen.

    Two questions that see different documents must not share an answer.
    """
    seen = [*(f"group:{group}" for group in sorted(groups))]
    seen += [f"filter:{name}={value}" for name, value in sorted(filters.items())]
    return hashlib.sha256("\0".join(seen).encode()).hexdigest()[:32]


async def _standalone(question: Question, text: str, parts: Parts, watch: Stopwatch) -> Standalone:
    if not question.history:
        return Standalone(text=text, sure=True)
    began = parts.clock.monotonic()
    messages = prompt.condensing(text, question.history)
    rewritten = await complete_within(CONDENSE_S, parts.clock, parts.model, messages)
    watch.note("condense", began)
    try:
        return Standalone(text=guard.admit(rewritten or ""), sure=True)
    except BadQuestion:
        return condense.by_rules(text, question.history)


async def _retrieve(
    question: Question,
    standalone: Standalone,
    vector: Vector,
    parts: Parts,
    watch: Stopwatch,
    k: int,
) -> list[Passage]:
    began = parts.clock.monotonic()

    def retrieve() -> list[Passage]:
        return parts.retriever.retrieve(
            standalone.text,
            vector,
            k=k,
            groups=question.groups,
            filters=question.filters or None,
        )

    passages: list[Passage] = await parts.offload(retrieve)
    watch.note("retrieve", began)
    return passages


async def _ask_cache(
    question: Question,
    standalone: Standalone,
    vector: Vector,
    scope: CacheScope,
    parts: Parts,
    watch: Stopwatch,
) -> list[CachedAnswer] | CacheReceipt:
    """The answers that may do, or why the cache was not asked."""
    if question.fresh:
        return CacheReceipt(decision="bypass", reason="asked afresh")
    if not standalone.sure:
        return CacheReceipt(decision="bypass", reason="the follow-up was not condensed")
    began = parts.clock.monotonic()
    try:
        return await parts.cache.lookup(standalone.text, vector, scope)
    except CacheUnavailable as error:
        return CacheReceipt(decision="bypass", reason=str(error))
    finally:
        watch.note("cache", began)


class _Choice(Struct, frozen=True, kw_only=True):
    """An answer to serve, or one to shadow, or neither."""

    decision: CacheReceipt
    cached: CachedAnswer | None = None
    shadowed: CachedAnswer | None = None


async def _judge(
    asker: str,
    standalone: Standalone,
    candidates: list[CachedAnswer] | CacheReceipt,
    passages: list[Passage],
    parts: Parts,
    watch: Stopwatch,
) -> _Choice:
    if isinstance(candidates, CacheReceipt):
        return _Choice(decision=candidates)
    from inference.cache.guards.decide import choose

    verdict = choose(
        standalone.text, candidates, passages, least=parts.cache.threshold, asker=asker
    )
    answer = verdict.answer
    if answer is None:
        nearest = round(candidates[0].score, 4) if candidates else None
        return _Choice(decision=CacheReceipt(decision="miss", reason=verdict.reason, score=nearest))
    score = round(answer.score, 4)
    doubt = None if verdict.same_words else await _doubt(asker, standalone, answer, parts, watch)
    if doubt is not None:
        return _Choice(decision=replace(doubt, score=score))
    if not verdict.same_words and parts.exploration.explores(answer.record):
        reason = f"shadow: answered afresh, to check what was {verdict.reason}"
        decision = CacheReceipt(decision="miss", reason=reason, score=score)
        return _Choice(decision=decision, shadowed=answer)
    decision = CacheReceipt(
        decision="hit", reason=verdict.reason, score=score, entry=answer.entry or None
    )
    return _Choice(decision=decision, cached=answer)


async def _doubt(
    asker: str, standalone: Standalone, answer: CachedAnswer, parts: Parts, watch: Stopwatch
) -> CacheReceipt | None:
    """Why the second opinion keeps a hit from being served, where one is asked for."""
    if parts.hit_check is None:
        return None
    began = parts.clock.monotonic()
    try:
        same = await parts.hit_check.same(standalone.text, answer.question)
    except Undecided as error:
        return CacheReceipt(decision="bypass", reason=str(error))
    finally:
        watch.note("check", began)
    if same:
        return None
    quoted = f": {answer.question}" if answer.owner == asker else ""
    return CacheReceipt(decision="miss", reason=f"the check says otherwise{quoted}")
