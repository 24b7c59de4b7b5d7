"""Publishing on virtual time: what leaves, when, in which order, and what is stored."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copilot.answer_log.header import Fenced
from copilot.wire import MAX_DELTA_BYTES, Delta, End, Source, Sources, Start
from copilot.wire import Status as StatusFrame
from inference.answering.mailbox import cut
from inference.answering.turn_events import Ended, Found, Restarted, Started, Status, TurnEvent
from inference.ports import PushRefused, TextDelta
from inference.publisher import Pace, Publisher
from tests.fakes import FakeLog, FakeSink, a_lease
from tests.virtual_time import VirtualClock, run_virtually

SOURCE = Source(id="1", title="T", snippet="s", score=1.0, document="d.md", chunk_id="c")
DONE = Ended(state="done", finish_reason="stop")

Step = TurnEvent | float
"""An event, or seconds until the next one."""

OPENING: list[Step] = [
    Status("retrieving"),
    Started("miss"),
    Found([SOURCE]),
    Status("thinking"),
]


def words(count: int, every: float) -> list[Step]:
    return [step for number in range(count) for step in (TextDelta(text=f"w{number} "), every)]


class Stage:
    """One answer being published, with everything that can be looked at afterwards."""

    def __init__(self, subscribers: frozenset[str] = frozenset({"c1"}), **latency: float) -> None:
        self.lease = a_lease(subscribers=subscribers)
        self.log = FakeLog(self.lease, latency.get("log", 0.0))
        self.sink = FakeSink(latency.get("sink", 0.0))
        self.cancelled: asyncio.Event | None = None
        self.exhausted = False
        self.closed = False

    async def _turn(self, steps: Sequence[Step]) -> AsyncGenerator[TurnEvent]:
        try:
            for step in steps:
                if isinstance(step, float | int):
                    await asyncio.sleep(step)
                else:
                    yield step
            self.exhausted = True
        finally:
            self.closed = True

    async def play(self, steps: Sequence[Step], pace: Pace | None = None) -> End:
        self.cancelled = asyncio.Event()
        publisher = Publisher(self.log, self.sink, VirtualClock(), pace or Pace())
        return await publisher.publish(self.lease, self._turn(steps), self.cancelled)

    def run(self, *steps: Step, pace: Pace | None = None) -> End:
        return run_virtually(self.play(steps, pace))

    def frames(self, connection_id: str = "c1") -> list[Any]:
        return self.sink.frames.get(connection_id, [])

    def deltas(self, connection_id: str = "c1") -> list[Delta]:
        return [frame for frame in self.frames(connection_id) if isinstance(frame, Delta)]


def assert_whole(stage: Stage, end: End, connection_id: str = "c1") -> None:
    """A client that applied every frame holds exactly the stored text."""
    received = [f for f in stage.frames(connection_id) if isinstance(f, Delta | Sources)]
    current = [frame for frame in received if frame.epoch == end.epoch]
    assert [frame.seq for frame in current] == list(range(1, end.last_seq + 1))
    text = "".join(frame.text for frame in current if isinstance(frame, Delta))
    assert text == stage.log.text()
    assert hashlib.sha256(text.encode()).hexdigest() == end.sha256
    assert stage.frames(connection_id)[-1] == end


def test_the_order_of_one_answer_on_the_wire() -> None:
    stage = Stage()
    end = stage.run(*OPENING, TextDelta(text="Hello"), TextDelta(text=" there"), 1, DONE)
    kinds = [type(frame) for frame in stage.frames()]
    assert kinds == [StatusFrame, Start, Sources, StatusFrame, Delta, End]
    assert_whole(stage, end)
    assert stage.log.ending is not None
    assert stage.log.ending.sources == [SOURCE]
    assert stage.exhausted


def test_the_first_text_leaves_at_once_then_one_frame_per_window() -> None:
    stage = Stage()
    end = stage.run(*OPENING, 1.0, *words(400, 0.0125), DONE)
    times = stage.sink.times["c1"][4:-1]
    assert times[0] == pytest.approx(1.0)
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert min(gaps[:-1]) >= 0.0999
    assert max(gaps) <= 0.12
    assert len(stage.deltas()) <= 51
    assert_whole(stage, end)


def test_a_500_token_answer_costs_an_eighth_of_its_tokens_in_posts() -> None:
    """At 80 tokens/s, with 12 ms to persist and 20 ms to push; and no token waits for long."""
    stage, rate = Stage(log=0.012, sink=0.020), 80
    stage.run(*OPENING, 1.0, *words(500, 1 / rate), DONE)
    assert len(stage.frames()) <= 500 / 8
    delays: list[float] = []
    for frame, seen in zip(stage.frames(), stage.sink.times["c1"], strict=True):
        if isinstance(frame, Delta):
            for _ in range(frame.text.count("w")):
                delays.append(seen - (1.0 + len(delays) / rate))
    assert sorted(delays)[int(len(delays) * 0.99)] <= 0.150


def test_the_last_text_does_not_wait_for_its_window() -> None:
    stage = Stage()

    async def timed() -> float:
        await stage.play([TextDelta(text="a"), 0.01, TextDelta(text="b"), 0.001, DONE])
        return asyncio.get_running_loop().time()

    assert run_virtually(timed()) < 0.05


def test_everything_is_persisted_before_it_is_pushed() -> None:
    stage = Stage(log=0.02, sink=0.02)
    stage.run(Found([SOURCE]), *words(50, 0.03), DONE)
    pushed = stage.sink.times["c1"]
    for persisted, seen in zip(stage.log.flush_times, pushed, strict=False):
        assert persisted < seen


@settings(max_examples=60)
@given(
    texts=st.lists(st.text(st.characters(codec="utf-8"), max_size=5_000), max_size=12),
    pauses=st.lists(st.floats(0, 0.3), min_size=12, max_size=12),
)
def test_any_text_at_any_speed_arrives_whole(texts: list[str], pauses: list[float]) -> None:
    stage = Stage(log=0.005, sink=0.01)
    steps: list[Step] = []
    for text, pause in zip(texts, pauses, strict=False):
        steps += [TextDelta(text=text), pause]
    end = stage.run(*OPENING, *[s for s in steps if s != TextDelta(text="")], DONE)
    assert stage.log.text() == "".join(texts)
    assert all(len(delta.text.encode()) <= MAX_DELTA_BYTES for delta in stage.deltas())
    assert_whole(stage, end)


@given(text=st.text(max_size=50), limit=st.integers(4, 20))
def test_a_cut_loses_nothing_and_keeps_characters_whole(text: str, limit: int) -> None:
    head, tail = cut(text, limit)
    assert head + tail == text
    assert len(head.encode()) <= limit
    assert head or not text


def test_a_connection_that_is_gone_is_dropped_and_the_answer_goes_on() -> None:
    stage = Stage(frozenset({"c1", "gone"}))
    stage.sink.gone.add("gone")
    end = stage.run(*OPENING, *words(5, 0.2), DONE)
    assert stage.log.subscribers == {"c1"}
    assert_whole(stage, end)


def test_with_nobody_left_the_answer_is_still_stored() -> None:
    stage = Stage()
    stage.sink.gone.add("c1")
    end = stage.run(*OPENING, *words(5, 0.2), DONE)
    assert end.state == "done"
    assert stage.log.text() == "w0 w1 w2 w3 w4 "


def test_a_connection_that_attaches_midway_gets_what_follows() -> None:
    stage = Stage()

    async def attach() -> End:
        asyncio.get_running_loop().call_later(0.5, stage.log.subscribers.add, "c2")
        return await stage.play([*OPENING, *words(20, 0.1), DONE])

    end = run_virtually(attach())
    seqs = [delta.seq for delta in stage.deltas("c2")]
    assert seqs == list(range(seqs[0], end.last_seq + 1))
    assert stage.frames("c2")[-1] == end


def test_throttling_widens_the_window_keeps_the_order_and_recovers() -> None:
    stage = Stage()

    async def throttle() -> End:
        loop = asyncio.get_running_loop()
        loop.call_later(0.5, setattr, stage.sink, "throttle", 4)
        return await stage.play([*OPENING, *words(800, 0.0125), DONE])

    end = run_virtually(throttle())
    assert_whole(stage, end)
    times = stage.sink.times["c1"][4:-1]
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert max(gaps) > 0.5
    assert gaps[-2] == pytest.approx(0.1, abs=0.02)


def test_a_connection_that_stays_throttled_does_not_hold_the_answer_for_ever() -> None:
    stage = Stage()
    stage.sink.throttle = 10_000
    assert stage.run(*OPENING, *words(3, 0.1), DONE).state == "done"


def test_a_tab_that_stays_throttled_holds_the_others_up_only_once() -> None:
    stage = Stage(frozenset({"c1", "slow"}))
    stage.sink.throttled = {"slow"}
    end = stage.run(*OPENING, *words(400, 0.1), DONE)
    assert_whole(stage, end)
    gaps = [b - a for a, b in itertools.pairwise(stage.sink.times["c1"])]
    assert sum(gap > 1 for gap in gaps) == 1


def test_a_refused_push_is_no_reason_to_stop() -> None:
    stage = Stage()
    stage.sink.refusal = PushRefused("execute-api:ManageConnections is not allowed")
    assert stage.run(*OPENING, *words(3, 0.1), DONE).state == "done"
    assert stage.log.subscribers == {"c1"}


@pytest.mark.parametrize("when", [0.0, 0.55])
def test_a_worker_that_lost_its_answer_pushes_nothing_more_and_closes_its_turn(when: float) -> None:
    stage = Stage()

    async def take_over() -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(when, setattr, stage.log, "taken_over", True)
        with pytest.raises(Fenced):
            await stage.play([0.01, *OPENING, *words(100, 0.1), DONE])

    run_virtually(take_over())
    assert stage.closed
    assert not stage.exhausted
    assert all(time <= when + 0.11 for time in stage.sink.times.get("c1", []))
    assert not any(isinstance(frame, End) for frame in stage.frames())


def test_a_wish_to_stop_reaches_the_turn_within_one_flush() -> None:
    stage = Stage()

    async def turn() -> AsyncGenerator[TurnEvent]:
        assert stage.cancelled is not None
        while not stage.cancelled.is_set():
            yield TextDelta(text="x")
            await asyncio.sleep(0.02)
        yield Ended(state="cancelled", finish_reason="cancelled")

    async def play() -> tuple[End, float]:
        loop = asyncio.get_running_loop()
        loop.call_later(1.0, setattr, stage.log, "cancelled", True)
        stage.cancelled = asyncio.Event()
        publisher = Publisher(stage.log, stage.sink, VirtualClock(), Pace())
        end = await publisher.publish(stage.lease, turn(), stage.cancelled)
        return end, loop.time()

    end, took = run_virtually(play())
    assert end.state == "cancelled"
    assert took < 1.2
    assert_whole(stage, end)


def test_silence_renews_the_lease_and_tells_the_client_that_somebody_is_there() -> None:
    stage = Stage()
    stage.run(*OPENING, 31, TextDelta(text="At last"), DONE)
    assert stage.log.heartbeats >= 9
    gaps = [b - a for a, b in zip(stage.sink.times["c1"], stage.sink.times["c1"][1:], strict=False)]
    assert max(gaps) < 5, "a client's watchdog waits five seconds"


def test_a_wish_to_stop_is_heard_in_silence_too() -> None:
    stage = Stage()
    stage.log.cancelled = True

    async def play() -> bool:
        await stage.play([0.0, 4.0, DONE])
        assert stage.cancelled is not None
        return stage.cancelled.is_set()

    assert run_virtually(play())


def test_a_restart_begins_a_new_epoch_from_seq_one() -> None:
    stage = Stage()
    again: list[Step] = [Restarted("model_unavailable"), Started("miss"), Found([SOURCE])]
    end = stage.run(*OPENING, *words(3, 0.2), *again, TextDelta(text="New."), 0.2, DONE)
    assert end.epoch == 2
    assert [f.epoch for f in stage.frames() if isinstance(f, Start)] == [1, 2]
    assert stage.log.ending is not None
    assert stage.log.ending.text == "New."
    assert_whole(stage, end)


def test_text_that_waits_when_a_restart_comes_is_never_sent() -> None:
    stage = Stage()
    again: list[Step] = [Restarted("model_unavailable"), Started("miss"), Found([SOURCE])]
    stage.run(TextDelta(text="a"), 0.01, TextDelta(text="void"), 0.01, *again, DONE)
    assert not any("void" in delta.text for delta in stage.deltas())


def test_a_turn_that_breaks_is_not_ended_but_raised() -> None:
    stage = Stage()

    async def broken() -> AsyncGenerator[TurnEvent]:
        yield TextDelta(text="a")
        raise LookupError("a bug")

    async def play() -> None:
        publisher = Publisher(stage.log, stage.sink, VirtualClock(), Pace())
        await publisher.publish(stage.lease, broken(), asyncio.Event())

    with pytest.raises(LookupError):
        run_virtually(play())
    assert stage.log.end is None
