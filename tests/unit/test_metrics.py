"""Metrics are lines that CloudWatch reads; the log lines around them are JSON that Lambda reads."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from datetime import datetime

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot.telemetry import metrics, tracing
from copilot.telemetry.log import about, configure_logging
from copilot.telemetry.metrics import ANSWERS, CATALOGUE, POSTS, PUSH_TIME, EmfMetrics, Metric, emf
from copilot.wire import Accepted, Pong, Rejected
from tests import emf as specification
from tests.saved_queries import fields_of
from websocket_handler.figures import figures_of

numbers = st.one_of(st.integers(0, 10**9), st.floats(0, 1e9, allow_nan=False, allow_infinity=False))


@pytest.fixture
def root_logger() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@given(
    st.dictionaries(
        st.sampled_from(CATALOGUE), st.one_of(numbers, st.lists(numbers, max_size=350)), min_size=1
    )
)
def test_any_figures_make_a_document_that_cloudwatch_reads(
    figures: dict[Metric, float | list[float]],
) -> None:
    given_values = {m: v for m, v in figures.items() if v != []}
    document = emf(figures, "energycopilot-dev", 1_800_000_000.5)
    if not given_values:
        return
    values = specification.values_of(specification.check(json.dumps(document)))
    assert values.keys() == {metric.name for metric in given_values}
    for metric, value in given_values.items():
        kept = values[metric.name]
        if isinstance(value, list):
            assert set(kept) <= set(value)
            assert kept[0] == value[0]
        else:
            assert kept == value


@pytest.mark.parametrize(
    "broken",
    [
        {"_aws": {"CloudWatchMetrics": []}},
        {"_aws": {"Timestamp": 1.5, "CloudWatchMetrics": []}},
        {
            "_aws": {
                "Timestamp": 1,
                "CloudWatchMetrics": [
                    {
                        "Namespace": "N",
                        "Dimensions": [["D"]],
                        "Metrics": [{"Name": "M", "Unit": "Dollars"}],
                    }
                ],
            },
            "D": "d",
            "M": 1,
        },
    ],
)
def test_the_check_finds_what_the_specification_forbids(broken: dict[str, object]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        specification.check(json.dumps(broken))


def test_every_metric_is_in_the_catalogue_once_under_a_valid_unit() -> None:
    declared = [value for value in vars(metrics).values() if isinstance(value, Metric)]
    assert sorted(m.name for m in declared) == sorted(m.name for m in CATALOGUE)
    assert {metric.unit for metric in CATALOGUE} <= set(specification.UNITS)


def test_a_long_answer_keeps_values_of_its_whole_length() -> None:
    kept = emf({PUSH_TIME: list(range(1, 251))}, "s", 0)["PushTime"]
    assert len(kept) <= 100
    assert (kept[0], kept[-1]) == (1, 250)


@pytest.mark.usefixtures("root_logger")
def test_figures_are_written_whatever_the_level_of_logs_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("ERROR")
    logging.getLogger("x").warning("not logged")
    EmfMetrics("energycopilot-dev", lambda: 1_800_000_000.0).record(
        "answered", {ANSWERS: 1, POSTS: 3}, answer_id="a1"
    )
    (line,) = specification.metrics_of(capsys.readouterr().out)
    assert specification.values_of(line) == {"Answers": 1, "Posts": 3}
    assert (line["answer_id"], line["Stack"]) == ("a1", "energycopilot-dev")
    assert line["_aws"]["Timestamp"] == 1_800_000_000_000


@pytest.mark.usefixtures("root_logger")
def test_a_log_line_has_what_lambda_filters_by_and_the_trace(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-abc-def;Parent=53995c3f42cd8ad8;Sampled=0")
    configure_logging("INFO")
    try:
        raise LookupError("of a\nbug")
    except LookupError:
        logging.getLogger("x").exception("failed", extra={"answer_id": "\ud800", "at": object()})
    (line,) = specification.lines_of(capsys.readouterr().out)
    assert (line["level"], line["message"], line["logger"]) == ("ERROR", "failed", "x")
    assert datetime.fromisoformat(line["timestamp"]).tzinfo is not None
    assert line["xray_trace_id"] == "1-abc-def"
    assert line["exception_name"] == "LookupError"
    assert line["exception"].endswith("LookupError: of a\nbug")


@pytest.mark.usefixtures("root_logger")
def test_lines_name_what_they_are_about_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO")

    async def answer(answer_id: str) -> None:
        with about(answer_id=answer_id, asked_in_trace=None):
            await asyncio.sleep(0)
            await asyncio.to_thread(logging.getLogger("x").info, "within")

    async def both() -> None:
        with about(request_id="r"):
            await asyncio.gather(answer("a1"), answer("a2"))
            logging.getLogger("x").info("after")

    asyncio.run(both())
    logging.getLogger("x").info("outside")
    lines = specification.lines_of(capsys.readouterr().out)
    named = [(line.get("request_id"), line.get("answer_id")) for line in lines]
    assert sorted(named[:2]) == [("r", "a1"), ("r", "a2")]
    assert named[2:] == [("r", None), (None, None)]
    assert not any("asked_in_trace" in line for line in lines)


@pytest.mark.parametrize(
    ("header", "trace"),
    [
        (
            "Root=1-5759e988-bd862e3f;Sampled=1",
            "1-5759e988-bd862e3f",
        ),
        ("Sampled=?; Root=1-a-b", "1-a-b"),
        ("Self=1-c-d", None),
        ("", None),
    ],
)
def test_the_trace_of_a_header(header: str, trace: str | None) -> None:
    assert tracing.trace_id(header) == trace


def test_a_refusal_for_its_form_is_no_refusal_for_a_limit() -> None:
    accepted = Accepted(client_msg_id="m", answer_id="a", conversation_id="c")
    limited = Rejected(client_msg_id="m", code="rate_limited", message="…")
    empty = Rejected(client_msg_id="m", code="empty_question", message="…")
    assert figures_of([accepted]) == {metrics.QUESTIONS: 1}
    assert figures_of([limited]) == {metrics.REFUSED_QUESTIONS: 1}
    assert figures_of([empty, Pong(t=1)]) == {}


def test_the_fields_of_a_query() -> None:
    query = """fields @timestamp, state
    | filter level in ["ERROR", 'x | y'] and answer_id = "A.b"
    | stats count(*) as n, pct(record.metrics.x, 95) as slow by bin(1h) as hour, model
    | sort n desc | limit 5"""
    read = {"@timestamp", "state", "level", "answer_id", "record.metrics.x", "model"}
    assert fields_of(query) == read
    with pytest.raises(ValueError, match="parse"):
        fields_of("parse @message '*' as x")
    with pytest.raises(ValueError, match="median"):
        fields_of("stats median(x)")
