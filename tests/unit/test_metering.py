"""What a meter sees of an answer: times to the millisecond on virtual time, and what failed."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from copilot.answer_log.answers import Lease
from inference.answering.knowledge import Parts
from inference.answering.turn import Limits, run_turn
from inference.chat_models.price import Price
from inference.metering.meter import Meter
from inference.metering.metered_ports import MeteredCache, MeteredLog, MeteredModel, MeteredSink
from inference.ports import ModelError
from inference.publisher import Pace, Publisher
from tests.fakes import (
    FakeCache,
    FakeLog,
    FakeModel,
    FakeSink,
    Pause,
    a_lease,
    stop_after,
)
from tests.unit.test_turn import a_question, parts_of
from tests.virtual_time import VirtualClock, run_virtually

ROOT = Path(__file__).parents[2]
BROKE_OFF = ModelError("model_unavailable", "…", retryable=True)


class Answer:
    """One answer written and metered, with slow surroundings."""

    def __init__(self, model: FakeModel, lease: Lease | None = None) -> None:
        self.lease = lease or a_lease()
        self.log, self.sink = FakeLog(self.lease, 0.02), FakeSink(0.01)
        self.parts, self.cache = parts_of(model), FakeCache()

    def figures(self, waited_s: float = 0.0) -> dict[str, Any]:
        return run_virtually(self._write(waited_s))

    async def _write(self, waited_s: float) -> dict[str, Any]:
        meter = Meter(VirtualClock(), waited_s)
        parts: Parts = replace(
            self.parts,
            model=MeteredModel(self.parts.model, meter),
            cache=MeteredCache(self.cache, meter),
        )
        publisher = Publisher(
            MeteredLog(self.log, meter), MeteredSink(self.sink, meter), VirtualClock(), Pace()
        )
        limits = Limits(price=Price(prompt=2.0, completion=10.0))
        turn = meter.events(run_turn(a_question(), parts, limits=limits))
        end = await publisher.publish(self.lease, turn, asyncio.Event())
        return {m.name: value for m, value in meter.figures(self.lease, end).items()}


def test_times_run_from_the_queue_to_the_first_text_and_to_the_end() -> None:
    model = FakeModel([Pause(1.0), *stop_after("It is ", "1,250 EUR [1].", tokens=(90, 9))])
    seen = Answer(model).figures(waited_s=2.5)
    assert seen["QueueTime"] == 2_500
    assert seen["ModelWaitTime"] == 1_000
    # The text is stored (20 ms) and pushed (10 ms) as soon as it is there.
    assert seen["FirstTokenTime"] == 2_500 + 1_000 + 20 + 10
    assert seen["AnswerTime"] >= seen["FirstTokenTime"]
    assert set(seen["PersistTime"]) == {20.0, 0.0}, "the fake's end takes no time"
    assert set(seen["PushTime"]) == {10.0}
    assert seen["Posts"] == len(seen["PushTime"])
    assert (seen["PromptTokens"], seen["CompletionTokens"]) == (90, 9)
    assert seen["CostUsd"] == pytest.approx((90 * 2 + 9 * 10) / 1e6)
    assert (seen["Answers"], seen["AnswerErrors"], seen["ModelErrors"]) == (1, 0, 0)


def test_with_nobody_listening_the_first_text_has_arrived_when_it_is_stored() -> None:
    model = FakeModel([Pause(1.0), *stop_after("It is 1,250 EUR [1].")])
    seen = Answer(model, a_lease(subscribers=frozenset())).figures()
    assert seen["FirstTokenTime"] == 1_020
    assert seen["PushTime"] == []


def test_a_model_that_takes_no_money_tells_no_cost() -> None:
    answer = Answer(FakeModel(stop_after("It is 1,250 EUR [1].")))
    answer.parts.model.metered = False
    assert "CostUsd" not in answer.figures()


def test_attempts_that_failed_are_counted_before_and_after_the_first_word() -> None:
    model = FakeModel([BROKE_OFF], ["It is ", BROKE_OFF], stop_after("It is 1,250 EUR [1]."))
    seen = Answer(model).figures()
    assert (seen["ModelErrors"], seen["AnswerErrors"]) == (2, 0)


def test_an_answer_that_no_attempt_could_write_is_an_error() -> None:
    seen = Answer(FakeModel([BROKE_OFF])).figures()
    assert (seen["ModelErrors"], seen["AnswerErrors"]) == (3, 1)
    assert "FirstTokenTime" not in seen


def test_a_cache_that_is_down_is_a_failure_and_one_that_is_not_there_is_none() -> None:
    answer = Answer(FakeModel(stop_after("It is 1,250 EUR per MW [1].")))
    answer.cache.down = "no answer within 250 ms"
    seen = answer.figures()
    assert seen["CacheFailures"] == 2, "asked, and asked to keep the answer"
    assert (seen["CacheHits"], seen["CacheMisses"]) == (0, 0)


def test_the_same_question_again_is_a_hit_that_asks_no_model() -> None:
    answer = Answer(FakeModel(stop_after("It is 1,250 EUR per MW [1].")))
    assert answer.figures()["CacheMisses"] == 1
    answer.log = FakeLog(answer.lease)
    seen = answer.figures()
    assert (seen["CacheHits"], seen["CacheMisses"], seen["ModelErrors"]) == (1, 0, 0)
    assert "ModelWaitTime" not in seen
    assert seen["CostUsd"] == 0


@pytest.mark.parametrize(("asked", "throttled"), [(0, 0), (2, 2)])
def test_posts_that_are_put_off_are_counted_apart(asked: int, throttled: int) -> None:
    answer = Answer(FakeModel(stop_after("It is 1,250 EUR [1].")))
    answer.sink.throttle = asked
    assert answer.figures()["ThrottledPosts"] == throttled


@pytest.mark.parametrize("entry", ["inference.app", "websocket_handler.app"])
def test_no_cold_start_pays_for_powertools(entry: str) -> None:
    program = f"import sys, {entry}; print('aws_lambda_powertools' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"
