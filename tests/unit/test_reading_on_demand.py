"""A model's stream is read when its text is wanted, and nothing else waits for that."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator
from contextlib import aclosing

from copilot.wire import Delta
from inference.answering.turn_events import Ended, Started, TurnEvent
from inference.chat_models.generation import Generated, Patience, Stop, Stopped, generate
from inference.demand import Demand
from inference.ports import Finished, Prompt, TextDelta
from inference.publisher import Pace, Publisher
from tests.fakes import FakeLog, FakeModel, FakeSink, Pause, a_lease
from tests.virtual_time import VirtualClock, run_virtually

PROMPT = Prompt(messages=[], question="Fee?", passages=[])
WORDS = [f"w{number} " for number in range(4)]
SAID = [TextDelta(text=word) for word in WORDS]


class Reading:
    """A generation whose items can be looked at while it runs."""

    def __init__(self, model: FakeModel) -> None:
        self.wanted, self.cancelled = Demand(), asyncio.Event()
        self.items: list[Generated] = []
        clock = VirtualClock()
        stop = Stop(clock, clock.monotonic() + 1000, self.cancelled)
        self._stream = generate(
            model, PROMPT, clock=clock, patience=Patience(), stop=stop, wanted=self.wanted
        )

    async def read(self) -> None:
        async with aclosing(self._stream) as items:
            async for item in items:
                self.items.append(item)


def test_what_is_not_wanted_is_not_read_and_its_silence_is_no_stall() -> None:
    async def play() -> None:
        reading = Reading(FakeModel([*WORDS, Finished(finish_reason="stop")]))
        reading.wanted.clear()
        task = asyncio.ensure_future(reading.read())
        await asyncio.sleep(10 * Patience().stall_s)
        assert reading.items == SAID[:1]
        reading.wanted.set()
        await task
        assert reading.items == [*SAID, Finished(finish_reason="stop")]

    run_virtually(play())


def test_silence_after_it_is_wanted_again_is_a_stall() -> None:
    async def play() -> None:
        patience = Patience()
        model = FakeModel([WORDS[0], Pause(1000)], [Finished(finish_reason="stop")])
        reading = Reading(model)
        reading.wanted.clear()
        task = asyncio.ensure_future(reading.read())
        await asyncio.sleep(50)
        reading.wanted.set()
        await asyncio.sleep(patience.stall_s - 1)
        assert len(model.prompts) == 1
        await asyncio.sleep(2 + patience.backoff_s)
        assert len(model.prompts) == 2
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run_virtually(play())


def test_a_wish_to_stop_is_heard_while_nothing_is_wanted() -> None:
    async def play() -> None:
        reading = Reading(FakeModel([*WORDS, Pause(1000)]))
        reading.wanted.clear()
        task = asyncio.ensure_future(reading.read())
        await asyncio.sleep(1)
        reading.cancelled.set()
        await asyncio.wait_for(task, 0.01)
        assert reading.items == [SAID[0], Stopped("cancelled")]

    run_virtually(play())


def test_text_that_waited_for_the_window_goes_with_it() -> None:
    """Whoever holds text back until it is wanted delays it by nothing but the window."""
    wanted = Demand()
    pace = Pace()
    times: list[float] = []

    async def turn() -> AsyncGenerator[TurnEvent]:
        yield Started("miss")
        for word in WORDS:
            await wanted.wait()
            for _ in range(4):  # About what a read from the network takes.
                await asyncio.sleep(0)
            yield TextDelta(text=word)
            yield TextDelta(text="and ")
            # While the frame is on its way nothing is wanted.
            await asyncio.sleep(0.01)
            assert not wanted.is_set()
        yield Ended(state="done", finish_reason="stop")

    class TimedSink(FakeSink):
        async def post(self, connection_id: str, frame: bytes) -> None:
            times.append(asyncio.get_running_loop().time())
            await super().post(connection_id, frame)

    async def play() -> list[str]:
        lease = a_lease(subscribers=frozenset({"c1"}))
        sink = TimedSink(0.002)
        publisher = Publisher(FakeLog(lease, 0.002), sink, VirtualClock(), pace)
        await publisher.publish(lease, turn(), asyncio.Event(), wanted)
        return [frame.text for frame in sink.frames["c1"] if isinstance(frame, Delta)]

    assert run_virtually(play()) == [f"{word}and " for word in WORDS]
    gaps = [b - a for a, b in itertools.pairwise(times[1:-1])]
    assert all(gap < pace.window_s + 0.01 for gap in gaps), gaps
