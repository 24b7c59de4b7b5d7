"""The core: one question becomes a stream of turn events. It knows ports, and nothing else.

The order of an answer's events is ``Status* Started Found Status* TextDelta* Ended``; a
``Restarted`` voids what came since ``Started`` and is followed by a new ``Started``.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

from msgspec import Struct

from copilot.answer_log.question import BadQuestion
from copilot.redaction import KINDS, Redactor, is_redacted
from copilot.wire import ErrorInfo, Receipt, Tokens
from inference.answering import guard, prompt, shadow
from inference.answering.endings import MAX_CITATIONS_BYTES, MAX_FLAGS_BYTES, verdict, within
from inference.answering.knowledge import Knowledge, Parts, Stopwatch, look_up
from inference.answering.turn_events import (
    Ended,
    Found,
    Question,
    Restarted,
    Started,
    Status,
    TurnEvent,
)
from inference.chat_models.generation import (
    Again,
    Failed,
    Generated,
    Patience,
    Stop,
    Stopped,
    generate,
)
from inference.chat_models.price import Price
from inference.demand import Demand
from inference.grounding import citations, evidence
from inference.grounding.links import unknown_links
from inference.grounding.sources import sources_of
from inference.grounding.unmasking import Unmasking
from inference.ports import CacheUnavailable, Finished, Origin, Passage, TextDelta

CHARS_PER_TOKEN = 4
"""For estimates where a model reports no counts: OpenAI's rule of thumb for English."""


class Limits(Struct, frozen=True, kw_only=True):
    """How far a turn goes. ``reserve_s`` of the invocation are kept to flush and end.

    Personal data of the kinds ``redacted`` never leaves in an answer. ``price`` is that of the
    model's tokens, where it is known.
    """

    passages: int = 8
    reserve_s: float = 8.0
    patience: Patience = Patience()
    redacted: tuple[str, ...] = KINDS
    price: Price | None = None


async def run_turn(
    question: Question,
    parts: Parts,
    *,
    limits: Limits | None = None,
    deadline: float = math.inf,
    cancelled: asyncio.Event | None = None,
    wanted: Demand | None = None,
) -> AsyncGenerator[TurnEvent]:
    """Answer one question.

    ``deadline`` is the end of the invocation on ``parts.clock.monotonic()``. Setting ``cancelled``
    ends the answer with what was streamed; while ``wanted`` is cleared, the model is not read on
    (``generation.generate``). Iterating past ``Ended`` lets the answer be stored in
    the cache; whoever stops at ``Ended`` keeps it out.
    """
    limits = limits or Limits()
    stop = Stop(parts.clock, deadline - limits.reserve_s, cancelled)
    try:
        text = guard.admit(question.text)
    except BadQuestion as refusal:
        yield refused(refusal.code, refusal.message, retryable=False)
        return
    watch = Stopwatch(parts.clock)
    yield Status("retrieving")
    known = await look_up(question, text, parts, watch, k=limits.passages)
    origin = Origin(answer_id=question.answer_id, user=question.user)
    turn = _Turn(parts, limits, stop, watch, known, origin, wanted)
    async with aclosing(turn.events(asked=text)) as events:
        async for event in events:
            yield event
    await turn.keep()


def refused(code: str, message: str, *, retryable: bool) -> Ended:
    """The ending of a question that is not answered at all."""
    error = ErrorInfo(code=code, message=message, retryable=retryable)
    return Ended(state="error", finish_reason="error", error=error)


class _Turn:
    """The state of one answer."""

    def __init__(
        self,
        parts: Parts,
        limits: Limits,
        stop: Stop,
        watch: Stopwatch,
        known: Knowledge,
        origin: Origin,
        wanted: Demand | None,
    ) -> None:
        self._parts = parts
        self._origin = origin
        self._limits = limits
        self._stop = stop
        self._wanted = wanted
        self._watch = watch
        self._known = known
        self._passages: list[Passage] = []
        self._asks_model = False
        self._first_token_ms: float | None = None
        self._ending: Ended | None = None
        self._begin_text()

    async def events(self, *, asked: str) -> AsyncGenerator[TurnEvent]:
        """The whole answer. ``asked`` is the question before it was condensed."""
        generated = self._words()
        for opening in self._open():
            yield opening
        if self._asks_model:
            yield Status("thinking")
        began = self._parts.clock.monotonic()
        async with aclosing(generated) as items:
            async for item in items:
                if isinstance(item, TextDelta):
                    plain = self._unmasking.feed(item.text)
                    text = self._markers.feed(self._redactor.feed(plain))
                elif isinstance(item, Again):
                    yield Restarted(item.error.code)
                    for opening in self._open():
                        yield opening
                    continue
                else:
                    plain = self._redactor.feed(self._unmasking.finish())
                    text = self._markers.feed(plain + self._redactor.finish())
                    text += self._markers.finish()
                if text:
                    yield self._spoken(text)
                if not isinstance(item, TextDelta):
                    self._watch.note("model" if self._asks_model else "repeat", began)
                    self._ending = self._end(item, asked)
                    yield self._ending

    async def keep(self) -> None:
        """Store the answer where it may serve others: standalone, complete, grounded.

        Before that, let it say whether the cached answer would have done.
        """
        ending = self._ending
        if (
            ending is None
            or ending.state != "done"
            or ending.flags
            or not self._known.standalone.sure
            or self._markers.dropped
            or self._redactor.removed
            or is_redacted(self._known.standalone.text)
        ):
            return
        fresh = self._text if self._asks_model else None
        await shadow.observe(
            self._known, self._parts, self._origin, text=fresh, passages=self._passages
        )
        if not self._asks_model or not ending.citations:
            return
        try:
            await self._parts.cache.store(
                self._known.standalone.text,
                self._known.vector,
                self._known.scope,
                text=self._text,
                passages=self._passages,
                origin=self._origin,
            )
        except CacheUnavailable:
            # The answer has been delivered; the next lookup's receipt will name the reason.
            return

    def _words(self) -> AsyncGenerator[Generated]:
        """Choose the way to answer: from the cache, by abstaining, or by the model."""
        known = self._known
        if known.cached is not None:
            self._passages = known.cached.passages
            return _recite(known.cached.text, "cached")
        if not evidence.is_enough(known.standalone.text, known.passages):
            self._passages = evidence.nearest(known.passages)
            return _recite(evidence.abstention(self._passages), "abstained")
        self._passages = known.passages
        self._asks_model = True
        return generate(
            self._parts.model,
            prompt.build(known.standalone.text, known.passages),
            clock=self._parts.clock,
            patience=self._limits.patience,
            stop=self._stop,
            wanted=self._wanted,
        )

    def _begin_text(self) -> None:
        self._text = ""
        self._unmasking = Unmasking()
        links = unknown_links(self._passages)
        self._redactor = Redactor(self._limits.redacted, others=[links])
        self._markers = citations.MarkerFilter(len(self._passages))

    def _open(self) -> Iterator[TurnEvent]:
        self._begin_text()
        yield Started(self._known.decision.decision)
        yield Found(sources_of(self._passages))

    def _spoken(self, text: str) -> TextDelta:
        if self._first_token_ms is None:
            self._first_token_ms = self._watch.ms(self._watch.began)
        self._text += text
        return TextDelta(text=text)

    def _end(self, item: Finished | Stopped | Failed, asked: str) -> Ended:
        state, reason, error = verdict(item, bool(self._text))
        standalone = self._known.standalone.text
        tokens = self._tokens(item)
        receipt = Receipt(
            model=self._parts.model.name,
            corpus_version=self._parts.retriever.corpus_version,
            cache=self._known.decision,
            stages=self._watch.stages,
            tokens=tokens,
            cost_usd=self._cost(tokens),
            sources=len(self._passages),
            first_token_ms=self._first_token_ms,
            total_ms=self._watch.ms(self._watch.began),
            standalone_question=standalone if standalone != asked else None,
        )
        from inference.grounding import support

        marks = self._markers.marks
        return Ended(
            state=state,
            finish_reason=reason,
            citations=within(
                citations.resolve(self._text, marks, self._passages), MAX_CITATIONS_BYTES
            ),
            flags=within(support.flags_of(self._text, marks, self._passages), MAX_FLAGS_BYTES),
            receipt=receipt,
            error=error,
        )

    def _cost(self, tokens: Tokens) -> float | None:
        price = self._limits.price
        return price.of(tokens) if price and self._parts.model.metered else None

    def _tokens(self, item: Finished | Stopped | Failed) -> Tokens:
        if not self._asks_model or not self._parts.model.metered:
            return Tokens()
        asked = prompt.build(self._known.standalone.text, self._passages).messages
        estimate = Tokens(
            prompt=sum(len(message.content) for message in asked) // CHARS_PER_TOKEN,
            completion=len(self._text) // CHARS_PER_TOKEN,
        )
        if not isinstance(item, Finished):
            return estimate
        return Tokens(
            prompt=item.prompt_tokens or estimate.prompt,
            completion=item.completion_tokens or estimate.completion,
        )


async def _recite(text: str, reason: str) -> AsyncGenerator[Generated]:
    """Stream a text that is already known, by the word."""
    for piece in re.findall(r"\s*\S+\s*$|\s*\S+", text):
        yield TextDelta(text=piece)
    yield Finished(finish_reason=reason)
