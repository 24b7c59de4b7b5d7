"""A model's stream under timers, tried again where that helps: it ends or is stopped, never hangs.

Pure of I/O. A watchdog and the stop signal speak through the same inbox as the model, so that a
token costs no timer of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, nullcontext
from typing import Any, Literal

from msgspec import Struct

from inference.demand import Demand
from inference.ports import ChatMessage, ChatModel, Clock, Finished, ModelError, Prompt, TextDelta

StopReason = Literal["cancelled", "deadline"]


class Stopped(Struct, frozen=True):
    """The attempt was cut: a person asked, or the invocation runs out of time."""

    reason: StopReason


class Again(Struct, frozen=True):
    """The model broke off after it had begun: what it said is void, the next attempt follows."""

    error: ModelError


class Failed(Struct, frozen=True):
    """No attempt succeeded; ``error`` is the last one's."""

    error: ModelError


Generated = TextDelta | Finished | Stopped | Again | Failed


class Patience(Struct, frozen=True, kw_only=True):
    """How long to wait for a model, in seconds, and how often to ask it."""

    first_token_s: float = 30.0
    stall_s: float = 20.0
    tries: int = 3
    """Attempts at a first token."""
    restarts: int = 2
    """Attempts after it broke off in mid-answer."""
    backoff_s: float = 0.5
    """Pause before the second attempt; it doubles."""


class Stop:
    """When to stop: a person's wish (``cancelled``) or the ``cutoff`` on the monotonic clock."""

    def __init__(self, clock: Clock, cutoff: float, cancelled: asyncio.Event | None = None) -> None:
        self._clock = clock
        self.cutoff = cutoff
        self.cancelled = cancelled or asyncio.Event()

    def now(self) -> StopReason | None:
        """The reason to stop now, if there is one."""
        if self.cancelled.is_set():
            return "cancelled"
        return "deadline" if self._clock.monotonic() >= self.cutoff else None

    def leaves(self, seconds: float) -> bool:
        """Whether there is that much time left."""
        return self._clock.monotonic() + seconds < self.cutoff

    async def pause(self, seconds: float) -> StopReason | None:
        """Wait, but no longer than until there is a reason to stop; return that reason."""
        remaining = max(0.0, min(seconds, self.cutoff - self._clock.monotonic()))
        sleep = asyncio.ensure_future(self._clock.sleep(remaining))
        wish = asyncio.ensure_future(self.cancelled.wait())
        try:
            await asyncio.wait({sleep, wish}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cancel(sleep, wish)
        return self.now()


_Inbox = asyncio.Queue[TextDelta | Finished | Stopped | ModelError | None]


async def generate(
    model: ChatModel,
    prompt: Prompt,
    *,
    clock: Clock,
    patience: Patience,
    stop: Stop,
    wanted: Demand | None = None,
) -> AsyncGenerator[Generated]:
    """Stream an answer; the last item is ``Finished``, ``Stopped`` or ``Failed``.

    While ``wanted`` is cleared the model's stream is not read on: what it says meanwhile gathers in
    the network's buffers, and is read at once when it is wanted.

    Before the first delta a retryable failure is tried again after a pause (the provider's
    Retry-After where it gives one); after it, ``Again`` marks that the answer begins anew.
    """
    tries = restarts = 0
    if reason := stop.now():
        yield Stopped(reason)
        return
    while True:
        begun = False
        try:
            stream = attempt(
                model, prompt, clock=clock, patience=patience, stop=stop, wanted=wanted
            )
            async with aclosing(stream) as items:
                async for item in items:
                    begun = begun or isinstance(item, TextDelta)
                    yield item
            return
        except ModelError as failure:
            error = failure
        tries, restarts = (tries, restarts + 1) if begun else (tries + 1, restarts)
        pause = error.retry_after_s or patience.backoff_s * 2 ** (tries + restarts - 1)
        exhausted = tries >= patience.tries or restarts > patience.restarts
        if exhausted or not error.retryable or not stop.leaves(pause):
            yield Failed(error)
            return
        if reason := await stop.pause(pause):
            yield Stopped(reason)
            return
        if begun:
            yield Again(error)


async def attempt(
    model: ChatModel,
    prompt: Prompt,
    *,
    clock: Clock,
    patience: Patience,
    stop: Stop,
    wanted: Demand | None = None,
) -> AsyncGenerator[TextDelta | Finished | Stopped]:
    """Stream once: deltas, then one ``Finished`` or ``Stopped``. ``wanted`` as for ``generate``.

    Raises:
        ModelError: the model's own, ``model_stalled`` when it went silent, ``model_incomplete``
            when its stream ended without a finish reason, ``model_empty`` when it said nothing.
    """
    run = _Attempt(clock, patience, stop, wanted)
    tasks = [
        asyncio.ensure_future(work) for work in (run.pump(model, prompt), run.watch(), run.listen())
    ]
    tasks[0].add_done_callback(lambda _: run.inbox.put_nowait(None))
    try:
        with wanted.heeded(run.heed) if wanted else nullcontext():
            while True:
                item = await run.inbox.get()
                if item is None:
                    tasks[0].result()
                    raise ModelError(
                        "model_incomplete",
                        "The language model broke off without finishing its answer.",
                        retryable=True,
                    )
                if isinstance(item, ModelError):
                    raise item
                yield item
                if not isinstance(item, TextDelta):
                    return
    finally:
        await _cancel(*tasks)


class _Attempt:
    def __init__(self, clock: Clock, patience: Patience, stop: Stop, wanted: Demand | None) -> None:
        self.inbox: _Inbox = asyncio.Queue()
        self._wanted = wanted
        self._clock = clock
        self._patience = patience
        self._stop = stop
        self._heard = clock.monotonic()
        self._spoke = False

    def heed(self, wanted: bool) -> None:
        if wanted:
            # What was said meanwhile is yet to be read: it was not silent.
            self._heard = self._clock.monotonic()

    async def pump(self, model: ChatModel, prompt: Prompt) -> None:
        async for item in model.stream(prompt, self._wanted):
            self._heard = self._clock.monotonic()
            if isinstance(item, TextDelta):
                self._spoke = self._spoke or bool(item.text)
            elif not self._spoke:
                raise ModelError(
                    "model_empty", "The language model returned an empty answer.", retryable=True
                )
            self.inbox.put_nowait(item)
            if self._wanted is not None and not self._wanted.is_set():
                await self._wanted.wait()

    async def watch(self) -> None:
        while True:
            now = self._clock.monotonic()
            if self._wanted is not None and not self._wanted.is_set():
                self._heard = now
            patience = self._patience.stall_s if self._spoke else self._patience.first_token_s
            if now >= self._stop.cutoff:
                return self.inbox.put_nowait(Stopped("deadline"))
            if now >= self._heard + patience:
                return self.inbox.put_nowait(
                    ModelError(
                        "model_stalled",
                        f"The language model was silent for {patience:.0f} seconds.",
                        retryable=True,
                    )
                )
            await self._clock.sleep(min(self._heard + patience, self._stop.cutoff) - now)

    async def listen(self) -> None:
        await self._stop.cancelled.wait()
        self.inbox.put_nowait(Stopped("cancelled"))


async def complete_within(
    seconds: float, clock: Clock, model: ChatModel, messages: Sequence[ChatMessage]
) -> str | None:
    """A short completion, or ``None`` where the model cannot, fails, or takes longer."""
    work = asyncio.ensure_future(model.complete(messages))
    sleep = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({work, sleep}, return_when=asyncio.FIRST_COMPLETED)
        return work.result() if work.done() else None
    except ModelError:
        return None
    finally:
        await _cancel(work, sleep)


async def _cancel(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
