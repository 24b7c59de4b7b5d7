"""One turn, from question to the last event, on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copilot.answer_log.ending import Ending
from copilot.wire import encode_event
from inference.answering.knowledge import Parts, visibility_hash
from inference.answering.turn import Limits, run_turn
from inference.answering.turn_events import (
    Ended,
    Found,
    Question,
    Restarted,
    Started,
    Status,
    TurnEvent,
)
from inference.ports import ChatMessage, Finished, ModelError, TextDelta
from tests.fakes import (
    FakeCache,
    FakeEmbedder,
    FakeModel,
    FakeRetriever,
    Pause,
    a_passage,
    inline,
    passages,
    stop_after,
)
from tests.virtual_time import VirtualClock, run_virtually

FEE = "What is the annual fee of unit 1?"


def a_question(text: str = FEE, **changes: Any) -> Question:
    fields: dict[str, Any] = {"text": text, "tenant": "acme", "groups": frozenset({"public"})}
    return Question(**{**fields, **changes})


def parts_of(
    model: FakeModel, *, cache: FakeCache | None = None, retriever: FakeRetriever | None = None
) -> Parts:
    return Parts(
        embedder=FakeEmbedder(),
        retriever=retriever or FakeRetriever(passages(3)),
        cache=cache or FakeCache(),
        model=model,
        clock=VirtualClock(),
        offload=inline,
    )


def events_of(question: Question, parts: Parts, **options: Any) -> list[TurnEvent]:
    async def collect() -> list[TurnEvent]:
        return [event async for event in run_turn(question, parts, **options)]

    return run_virtually(collect())


def text_of(events: Sequence[TurnEvent]) -> str:
    """The text a client ends with."""
    text = ""
    for event in events:
        if isinstance(event, Restarted):
            text = ""
        elif isinstance(event, TextDelta):
            text += event.text
    return text


def end_of(events: Sequence[TurnEvent]) -> Ended:
    assert isinstance(events[-1], Ended)
    assert sum(isinstance(event, Ended) for event in events) == 1
    return events[-1]


def names(events: Sequence[TurnEvent]) -> list[str]:
    """Event names, runs of deltas folded into one."""
    found: list[str] = []
    for event in events:
        name = f"Status {event.stage}" if isinstance(event, Status) else type(event).__name__
        if name != "TextDelta" or found[-1:] != ["TextDelta"]:
            found.append(name)
    return found


def test_a_question_streams_its_sources_then_its_cited_answer() -> None:
    model = FakeModel(stop_after("The fee is ", "1,250 EUR per MW [1", "].", tokens=(90, 9)))
    events = events_of(a_question(), parts_of(model))
    assert names(events) == [
        "Status retrieving",
        "Started",
        "Found",
        "Status thinking",
        "TextDelta",
        "Ended",
    ]
    assert text_of(events) == "The fee is 1,250 EUR per MW [1]."
    end = end_of(events)
    assert (end.state, end.finish_reason, end.error) == ("done", "stop", None)
    [citation] = end.citations
    assert citation.quote == "The annual fee of unit 1 is 1,250 EUR per MW."
    assert (citation.start, citation.end) == (100, 145)
    assert citation.at == text_of(events).index("[1]")
    assert end.receipt is not None
    assert end.receipt.cache.decision == "miss"
    assert [stage.name for stage in end.receipt.stages] == ["embed", "cache", "retrieve", "model"]
    assert (end.receipt.tokens.prompt, end.receipt.tokens.completion) == (90, 9)
    [found] = [event for event in events if isinstance(event, Found)]
    assert [source.id for source in found.items] == ["1", "2", "3"]


@pytest.mark.parametrize(("metered", "counted"), [(True, True), (False, False)])
def test_tokens_are_estimated_only_for_a_model_that_counts_them(
    metered: bool, counted: bool
) -> None:
    whole = FakeModel(stop_after("The fee is 1,250 EUR [1]."))
    cut = FakeModel(["The fee is 1,250 EUR [1].", Pause(15), Pause(15)])
    for model, deadline in ((whole, 900.0), (cut, 20.0)):
        model.metered = metered
        end = end_of(events_of(a_question(), parts_of(model), deadline=deadline))
        assert end.receipt is not None
        assert bool(end.receipt.tokens.prompt) is bool(end.receipt.tokens.completion) is counted


def test_markers_of_unknown_sources_never_reach_the_client() -> None:
    model = FakeModel(stop_after("One [1]. Nine [9]. Both [2, 7].", " Years [2024]."))
    events = events_of(a_question(), parts_of(model))
    assert text_of(events) == "One [1]. Nine. Both [2]. Years."
    assert [citation.source_id for citation in end_of(events).citations] == ["1", "2"]


@settings(max_examples=60)
@given(cuts=st.lists(st.integers(0, 60), max_size=12))
def test_however_the_model_cuts_its_text_the_answer_is_the_same(cuts: list[int]) -> None:
    said = "The fee is 1,250 EUR [1, 7] per MW [ 2 ]. Due [99] in March [3][1]."
    edges = [0, *sorted(min(cut, len(said)) for cut in cuts), len(said)]
    pieces = [said[a:b] for a, b in pairwise(edges) if a < b]
    events = events_of(a_question(), parts_of(FakeModel(stop_after(*pieces))))
    whole = events_of(a_question(), parts_of(FakeModel(stop_after(said))))
    assert text_of(events) == "The fee is 1,250 EUR [1] per MW [2]. Due in March [3][1]."
    assert end_of(events).citations == end_of(whole).citations


def test_the_second_asking_is_served_from_the_cache_with_its_sources() -> None:
    cache, model = FakeCache(), FakeModel(stop_after("It is 1,250 EUR [1]."))
    parts = parts_of(model, cache=cache)
    first = events_of(a_question(), parts)
    second = events_of(a_question(), parts)
    assert names(second) == ["Status retrieving", "Started", "Found", "TextDelta", "Ended"]
    assert Started("hit") in second
    assert text_of(second) == text_of(first)
    assert end_of(second).citations == end_of(first).citations
    assert [e for e in second if isinstance(e, Found)] == [e for e in first if isinstance(e, Found)]
    assert len(model.prompts) == 1
    receipt = end_of(second).receipt
    assert receipt is not None
    assert receipt.cache.score == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (a_question(fresh=True), "asked afresh"),
        (
            a_question(
                "and why is that?",
                history=[ChatMessage(role="user", content="What was the price in 2022?")],
            ),
            "the follow-up was not condensed",
        ),
    ],
)
def test_the_cache_is_bypassed_for(asked: Question, reason: str) -> None:
    cache = FakeCache()
    events = events_of(asked, parts_of(FakeModel(stop_after("It is 1 [1].")), cache=cache))
    receipt = end_of(events).receipt
    assert receipt is not None
    assert (receipt.cache.decision, receipt.cache.reason) == ("bypass", reason)
    assert cache.lookups == 0


def test_a_cache_that_is_down_is_bypassed_and_named() -> None:
    cache = FakeCache()
    cache.down = "Qdrant did not answer within 250 ms"
    events = events_of(a_question(), parts_of(FakeModel(stop_after("Yes [1].")), cache=cache))
    assert end_of(events).state == "done"
    receipt = end_of(events).receipt
    assert receipt is not None
    assert receipt.cache.reason == "Qdrant did not answer within 250 ms"


@pytest.mark.parametrize(
    "script",
    [
        stop_after("Without any citation."),
        stop_after("With an invented one [9] beside [1]."),
        ["Cut short [1].", Finished(finish_reason="length")],
    ],
)
def test_an_answer_is_not_cached_unless_complete_and_grounded(script: Any) -> None:
    cache = FakeCache()
    events_of(a_question(), parts_of(FakeModel(script), cache=cache))
    assert cache.entries == []


def test_answers_are_shared_only_within_groups_and_filters() -> None:
    cache = FakeCache()
    parts = parts_of(FakeModel(stop_after("It is 1 [1].")), cache=cache)
    events_of(a_question(), parts)
    for other in (
        a_question(tenant="other"),
        a_question(groups=frozenset({"public", "board"})),
        a_question(filters={"year": "2024"}),
    ):
        assert Started("miss") in events_of(other, parts)
    assert visibility_hash(["a", "b"], {}) == visibility_hash(["b", "a"], {})


def test_weak_evidence_ends_in_words_with_the_nearest_passages() -> None:
    foreign = [a_passage(n, dense=0.08, text="Turbines turn.") for n in (1, 2, 3, 4)]
    model = FakeModel(stop_after("Made up."))
    events = events_of(
        a_question("Who painted the ceiling of the chapel?"),
        parts_of(model, retriever=FakeRetriever(foreign)),
    )
    end = end_of(events)
    assert (end.state, end.finish_reason) == ("done", "abstained")
    assert text_of(events).startswith("The documents do not say")
    assert [citation.source_id for citation in end.citations] == ["1", "2", "3"]
    assert model.prompts == []


def test_no_passages_at_all_end_in_words_too() -> None:
    events = events_of(a_question(), parts_of(FakeModel([]), retriever=FakeRetriever()))
    assert text_of(events).startswith("The documents do not say")
    assert end_of(events).citations == []


def test_a_follow_up_is_condensed_by_the_model_when_it_can() -> None:
    retriever = FakeRetriever(passages(2))
    model = FakeModel(stop_after("It is 1 [1]."), completion="What is the fee of unit 1 in 2023?")
    history = [ChatMessage(role="user", content="What is the fee of unit 1 in 2022?")]
    events = events_of(
        a_question("and in 2023?", history=history), parts_of(model, retriever=retriever)
    )
    assert retriever.asked[0][0] == "What is the fee of unit 1 in 2023?"
    receipt = end_of(events).receipt
    assert receipt is not None
    assert receipt.standalone_question == "What is the fee of unit 1 in 2023?"
    assert receipt.cache.decision == "miss"


@pytest.mark.parametrize(
    "completion",
    [None, "", Pause(60), ModelError("model_rate_limited", "slow down", retryable=True)],
)
def test_a_follow_up_is_condensed_by_rules_when_the_model_cannot(completion: Any) -> None:
    retriever = FakeRetriever(passages(2))
    model = FakeModel(stop_after("It is 1 [1]."), completion=completion)
    history = [ChatMessage(role="user", content="What is the fee of unit 1 in 2022?")]
    events_of(a_question("and in 2023?", history=history), parts_of(model, retriever=retriever))
    assert retriever.asked[0][0] == "What is the fee of unit 1 in 2023?"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("  \n ", "empty_question"),
        ("?!", "empty_question"),
        ("x" * 10_000, "question_too_long"),
        ("What\x00is it?", "control_characters"),
    ],
)
def test_a_question_of_bad_form_ends_in_one_typed_error(text: str, code: str) -> None:
    [end] = events_of(a_question(text), parts_of(FakeModel([])))
    assert isinstance(end, Ended)
    assert end.error is not None
    assert (end.state, end.error.code, end.error.retryable) == ("error", code, False)


# --- a model that fails ---------------------------------------------------------------------------


def test_before_the_first_token_a_busy_model_is_asked_again_when_it_says() -> None:
    busy = ModelError("model_rate_limited", "slow down", retryable=True, retry_after_s=7)
    model = FakeModel([busy], stop_after("Yes [1]."))

    async def measure() -> tuple[float, list[TurnEvent]]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        events = [event async for event in run_turn(a_question(), parts_of(model))]
        return loop.time() - began, events

    took, events = run_virtually(measure())
    assert took == pytest.approx(7, abs=0.1)
    assert text_of(events) == "Yes [1]."
    assert "Restarted" not in names(events)


def test_after_the_first_token_a_failure_begins_a_new_epoch() -> None:
    broken = ModelError("model_unavailable", "500", retryable=True)
    model = FakeModel(["Half an ", broken], stop_after("A whole answer [1]."))
    events = events_of(a_question(), parts_of(model))
    assert names(events) == [
        "Status retrieving",
        "Started",
        "Found",
        "Status thinking",
        "TextDelta",
        "Restarted",
        "Started",
        "Found",
        "TextDelta",
        "Ended",
    ]
    assert text_of(events) == "A whole answer [1]."


def test_a_stream_without_a_finish_is_a_failure_and_two_restarts_are_the_most() -> None:
    model = FakeModel(["Never ending"])
    events = events_of(a_question(), parts_of(model))
    end = end_of(events)
    assert end.error is not None
    assert (end.state, end.error.code) == ("error", "model_incomplete")
    assert names(events).count("Restarted") == 2
    assert len(model.prompts) == 3


def test_a_wrong_key_is_not_tried_twice() -> None:
    refused = ModelError("model_auth", "Check OPENAI_API_KEY.", retryable=False)
    model = FakeModel([refused])
    end = end_of(events_of(a_question(), parts_of(model)))
    assert end.error is not None
    assert (end.error.code, end.error.retryable) == ("model_auth", False)
    assert len(model.prompts) == 1


@pytest.mark.parametrize("script", [[Pause(1_000)], ["Begun", Pause(1_000)]])
def test_a_silent_model_is_given_up(script: Any) -> None:
    model = FakeModel(script)
    end = end_of(events_of(a_question(), parts_of(model)))
    assert end.error is not None
    assert end.error.code == "model_stalled"
    assert model.open_streams == 0


def test_an_empty_answer_is_a_failure() -> None:
    end = end_of(events_of(a_question(), parts_of(FakeModel(stop_after("")))))
    assert end.error is not None
    assert end.error.code == "model_empty"


def test_an_answer_near_the_end_of_the_invocation_is_truncated() -> None:
    model = FakeModel(["Begun [1] ", Pause(15), "and on ", Pause(15), "and on ", Pause(15)])
    events = events_of(a_question(), parts_of(model), deadline=30.0)
    end = end_of(events)
    assert (end.state, end.finish_reason) == ("truncated", "deadline")
    assert text_of(events) == "Begun [1] and on "
    assert len(end.citations) == 1


def test_time_that_runs_out_before_the_first_token_is_an_error_to_retry() -> None:
    end = end_of(events_of(a_question(), parts_of(FakeModel([Pause(20)])), deadline=10.0))
    assert end.error is not None
    assert (end.error.code, end.error.retryable) == ("out_of_time", True)


def test_a_retry_that_would_come_too_late_is_not_waited_for() -> None:
    busy = ModelError("model_rate_limited", "slow down", retryable=True, retry_after_s=60)
    end = end_of(events_of(a_question(), parts_of(FakeModel([busy])), deadline=30.0))
    assert end.error is not None
    assert (end.error.code, end.error.retryable) == ("model_rate_limited", True)


@pytest.mark.parametrize("script", [["Begun ", Pause(60)], [Pause(60)]])
def test_a_cancelled_answer_ends_at_once_and_keeps_its_text(script: Any) -> None:
    model = FakeModel(script)

    async def cancel_after_two_seconds() -> tuple[float, list[TurnEvent]]:
        loop, cancelled = asyncio.get_running_loop(), asyncio.Event()
        loop.call_later(2, cancelled.set)
        turn = run_turn(a_question(), parts_of(model), cancelled=cancelled)
        return loop.time(), [event async for event in turn]

    _, events = run_virtually(cancel_after_two_seconds())
    assert end_of(events).state == "cancelled"
    assert text_of(events) == ("Begun " if script[0] == "Begun " else "")
    assert model.open_streams == 0


def test_whoever_leaves_early_leaves_no_stream_open() -> None:
    model = FakeModel(["One ", "two ", Pause(60)])

    async def leave() -> None:
        turn = run_turn(a_question(), parts_of(model), limits=Limits())
        async for event in turn:
            if isinstance(event, TextDelta):
                break
        await turn.aclose()

    run_virtually(leave())
    assert model.open_streams == 0


def test_the_end_of_a_long_answer_full_of_marks_stays_one_frame() -> None:
    sentence = "The annual fee is 7,777 EUR and something that no source says at all [1]. "
    events = events_of(a_question(), parts_of(FakeModel(stop_after(sentence * 1_400))))
    ended = end_of(events)
    assert len(text_of(events)) > 100_000
    assert ended.citations
    assert {flag.kind for flag in ended.flags} == {"figure", "unsupported"}
    ending = Ending(
        state="done",
        finish_reason="stop",
        last_seq=1,
        text=text_of(events),
        citations=ended.citations,
        flags=ended.flags,
        receipt=ended.receipt,
    )
    assert len(encode_event(ending.event("a", 1))) <= 32 * 1024
