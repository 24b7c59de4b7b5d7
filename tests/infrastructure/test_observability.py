"""The nested template of dashboard, alarms and saved queries, rendered as CloudFormation would."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import boto3
import jsonschema
import pytest
from botocore.validate import ParamValidator

from copilot.telemetry.metrics import CATALOGUE, DIMENSION, NAMESPACE
from local.declared.intrinsics import Resolver
from local.declared.sam import PSEUDO_PARAMETERS
from tests.infrastructure import dashboard_body
from tests.infrastructure.test_template import of_type, target
from tests.infrastructure.translate import ROOT, source
from tests.saved_queries import fields_of
from tests.saved_queries import saved_queries as all_queries

Template = dict[str, Any]
NESTED = ROOT / "infra" / "observability.yaml"
RUNBOOK = ROOT / "docs" / "operations.md"

PUBLISHED = {
    ("AWS/Lambda", ("FunctionName",)): {"Errors", "Throttles", "Duration", "ConcurrentExecutions"},
    ("AWS/SQS", ("QueueName",)): {
        "ApproximateNumberOfMessagesVisible",
        "ApproximateAgeOfOldestMessage",
    },
    ("AWS/ApiGateway", ("ApiId", "Stage")): {"ConnectCount", "MessageCount", "IntegrationError"},
    ("AWS/DynamoDB", ("TableName",)): {
        "ConsumedWriteCapacityUnits",
        "ConsumedReadCapacityUnits",
        "WriteThrottleEvents",
    },
    (NAMESPACE, (DIMENSION,)): {metric.name for metric in CATALOGUE},
}
"""What AWS documents for a kind of resource, and what our functions leave."""

MEASURED = {
    "FunctionName": "AWS::Serverless::Function",
    "QueueName": "AWS::SQS::Queue",
    "ApiId": "AWS::Serverless::WebSocketApi",
    "TableName": "AWS::DynamoDB::Table",
}
"""Dimension -> the kind of resource that must stand behind its value."""

ANCHOR = re.compile(r"docs/operations\.md#([a-z-]+)$")


class Rendered:
    """The nested template with the names of its parameters for values."""

    def __init__(self, cache: str = "on") -> None:
        self.document = source(NESTED)
        values = {name: name for name in self.document["Parameters"]}
        values |= {"Watched": "on", "Cache": cache, "AlarmEmail": "ops@example.com"}
        values |= {"FirstTokenAlarmMs": "6000", "DailyCostAlarmUsd": "10"}
        values |= {"RunbookUrl": "docs/operations.md"}
        self._resolver = Resolver(
            {**values, **PSEUDO_PARAMETERS},
            self.document["Conditions"],
            {},
            lambda name, att: (
                f"arn:aws:cloudwatch:us-east-1:1:alarm:{name}" if att == "Arn" else name
            ),
        )

    def of_type(self, kind: str) -> dict[str, Any]:
        return {
            name: self._resolver.value(resource["Properties"])
            for name, resource in self.document["Resources"].items()
            if resource["Type"] == kind
            and ("Condition" not in resource or self._resolver.holds(resource["Condition"]))
        }

    def dashboard(self) -> dict[str, Any]:
        (dashboard,) = self.of_type("AWS::CloudWatch::Dashboard").values()
        body: dict[str, Any] = json.loads(dashboard["DashboardBody"])
        return body


@pytest.fixture(scope="module")
def rendered() -> Rendered:
    return Rendered()


Drawn = tuple[str, str, dict[str, str]]
"""Namespace, metric, dimensions."""


def drawn(dashboard: dict[str, Any]) -> Iterator[Drawn]:
    for widget in dashboard["widgets"]:
        for row in widget["properties"].get("metrics", []):
            names = [part for part in row if isinstance(part, str)]
            if names:
                namespace, metric, *pairs = names
                yield namespace, metric, dict(zip(pairs[::2], pairs[1::2], strict=True))


def watched(alarm: dict[str, Any]) -> Iterator[Drawn]:
    stats = [m["MetricStat"]["Metric"] for m in alarm.get("Metrics", []) if "MetricStat" in m]
    for metric in stats or [alarm]:
        dimensions = {d["Name"]: d["Value"] for d in metric["Dimensions"]}
        yield metric["Namespace"], metric["MetricName"], dimensions


def alarms(rendered: Rendered) -> dict[str, Any]:
    return rendered.of_type("AWS::CloudWatch::Alarm")


# --- dashboard ------------------------------------------------------------------------------------


@pytest.mark.parametrize("cache", ["on", "off"])
def test_the_dashboard_is_what_cloudwatch_documents(cache: str) -> None:
    rendered = Rendered(cache)
    body = rendered.dashboard()
    jsonschema.validate(body, dashboard_body.SCHEMA)
    (widget,) = [w for w in body["widgets"] if w["type"] == "alarm"]
    shown = {arn.rpartition(":")[2] for arn in widget["properties"]["alarms"]}
    assert shown == alarms(rendered).keys()


@pytest.mark.parametrize(
    "change",
    [
        {"x": 24},
        {"type": "number"},
        {"properties": {"metrics": [["EnergyCopilot"]], "region": "us-east-1"}},
        {"properties": {"metrics": [["N", "M", "D", "v", {"stat": "p"}]], "region": "us-east-1"}},
    ],
)
def test_a_wrong_widget_is_found(change: dict[str, Any], rendered: Rendered) -> None:
    body = rendered.dashboard()
    body["widgets"][1] |= change
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(body, dashboard_body.SCHEMA)


def test_widgets_lie_side_by_side(rendered: Rendered) -> None:
    taken: set[tuple[int, int]] = set()
    for widget in rendered.dashboard()["widgets"]:
        assert widget["x"] + widget["width"] <= dashboard_body.COLUMNS
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not taken & cells, widget["properties"].get("title")
        taken |= cells


def test_every_metric_is_one_that_somebody_leaves(rendered: Rendered) -> None:
    used = [*drawn(rendered.dashboard())]
    used += [metric for alarm in alarms(rendered).values() for metric in watched(alarm)]
    for namespace, metric, dimensions in used:
        assert metric in PUBLISHED[namespace, tuple(dimensions)], (namespace, metric)


def test_every_metric_is_of_a_resource_that_exists(written: Template, rendered: Rendered) -> None:
    handed = of_type(written, "AWS::Serverless::Application")["Observability"]["Parameters"]
    used = [*drawn(rendered.dashboard())]
    used += [metric for alarm in alarms(rendered).values() for metric in watched(alarm)]
    for _, _, dimensions in used:
        for name, parameter in dimensions.items():
            if name in MEASURED:
                kind = written["Resources"][target(handed[parameter])]["Type"]
                assert kind == MEASURED[name], parameter
    assert handed["StackName"] == {"Ref": "AWS::StackName"}
    assert handed["Stage"] == {"Ref": "Environment"}


def test_every_metric_of_ours_is_drawn(rendered: Rendered) -> None:
    ours = {
        metric for namespace, metric, _ in drawn(rendered.dashboard()) if namespace == NAMESPACE
    }
    # Widgets of logs read the same figures, and do not count as metrics of a dashboard.
    for widget in rendered.dashboard()["widgets"]:
        if widget["type"] == "log":
            _, _, query = widget["properties"]["query"].partition(" | filter")
            ours |= fields_of(f"filter{query}") & {metric.name for metric in CATALOGUE}
    assert ours == {metric.name for metric in CATALOGUE}


def test_the_dashboard_stays_within_the_metrics_of_a_free_one(rendered: Rendered) -> None:
    used = {(n, m, tuple(d.items())) for n, m, d in drawn(rendered.dashboard())}
    assert len(used) <= 50


def test_the_stack_hands_in_what_the_nested_template_declares(
    written: Template, rendered: Rendered
) -> None:
    application = of_type(written, "AWS::Serverless::Application")["Observability"]
    assert application["Location"] == NESTED.relative_to(ROOT).as_posix()
    assert application["Parameters"].keys() == rendered.document["Parameters"].keys()
    for name, function in of_type(written, "AWS::Serverless::Function").items():
        assert function["Environment"]["Variables"].get("STACK_NAME") in (
            {"Ref": "AWS::StackName"},
            None,
        ), name


# --- alarms ---------------------------------------------------------------------------------------


def test_every_alarm_is_one_that_cloudwatch_takes(rendered: Rendered) -> None:
    shape = boto3.client("cloudwatch", region_name="us-east-1").meta.service_model
    operation = shape.operation_model("PutMetricAlarm").input_shape
    for name, alarm in alarms(rendered).items():
        sent = json.loads(json.dumps(alarm))
        sent["Threshold"] = float(sent["Threshold"])
        report = ParamValidator().validate(sent, operation)
        assert not report.has_errors(), (name, report.generate_report())
        span = sent.get("Period", 300) * sent["EvaluationPeriods"]
        assert span <= 86_400, "CloudWatch looks back a day at most"
        assert sent.get("DatapointsToAlarm", 1) <= sent["EvaluationPeriods"]


def test_every_queue_for_what_was_given_up_has_an_alarm(
    written: Template, rendered: Rendered
) -> None:
    handed = of_type(written, "AWS::Serverless::Application")["Observability"]["Parameters"]
    watching = {
        target(handed[dimensions["QueueName"]])
        for alarm in alarms(rendered).values()
        for _, _, dimensions in watched(alarm)
        if "QueueName" in dimensions
    }
    queues = of_type(written, "AWS::SQS::Queue").values()
    given_up = {target(q["RedrivePolicy"]["deadLetterTargetArn"]) for q in queues
                if "RedrivePolicy" in q}  # fmt: skip
    assert given_up
    assert given_up <= watching


def test_errors_of_every_function_are_watched(written: Template, rendered: Rendered) -> None:
    handed = of_type(written, "AWS::Serverless::Application")["Observability"]["Parameters"]
    watching = {
        target(handed[dimensions["FunctionName"]])
        for alarm in alarms(rendered).values()
        for _, metric, dimensions in watched(alarm)
        if metric == "Errors"
    }
    # The consumer of dead letters is watched by what it leaves in its queue.
    functions = of_type(written, "AWS::Serverless::Function").keys() - {"DeadLetterFunction"}
    assert watching == functions


def test_an_expression_uses_the_metrics_beside_it(rendered: Rendered) -> None:
    for alarm in alarms(rendered).values():
        metrics = {m["Id"]: m for m in alarm.get("Metrics", [])}
        returned = [m for m in metrics.values() if m.get("ReturnData", True)]
        assert len(returned) == (1 if metrics else 0)
        for expression in returned:
            names = set(re.findall(r"\b[a-z][a-z_]*\b", expression["Expression"]))
            assert names == metrics.keys() - {expression["Id"]}


def test_silence_is_no_alarm_and_everybody_hears_of_start_and_end(rendered: Rendered) -> None:
    for alarm in alarms(rendered).values():
        assert alarm["TreatMissingData"] == "notBreaching"
        assert alarm["AlarmActions"] == alarm["OKActions"] == ["AlarmTopic"]


def test_alarms_have_their_section_in_the_runbook_and_no_section_is_without(
    rendered: Rendered,
) -> None:
    anchors = {}
    for name, alarm in alarms(rendered).items():
        match = ANCHOR.search(alarm["AlarmDescription"])
        assert match, name
        anchors[match[1]] = name
        assert alarm["AlarmName"] == f"StackName-{match[1]}"
    sections = sections_of(RUNBOOK.read_text())
    assert sections.keys() == anchors.keys()
    for anchor, text in sections.items():
        for part in ("**Means.**", "**Look.**", "**Causes.**", "**Do.**", "**Verify.**"):
            assert text.count(part) == 1, (anchor, part)


def test_the_runbook_names_widgets_and_queries_that_exist(rendered: Rendered) -> None:
    widgets = {w["properties"].get("title") for w in rendered.dashboard()["widgets"]}
    queries = {
        query["Name"].removeprefix("StackName/") for query in saved_queries(rendered).values()
    }
    named = {"widget": set[str](), "query": set[str]()}
    for kind, name in re.findall(r"(widget|query) \*([^*]+)\*", RUNBOOK.read_text()):
        named[kind].add(name)
    assert named["widget"] <= widgets
    assert named["query"] == queries, "every saved query is of use somewhere"


def test_what_the_runbook_says_of_cost_is_counted() -> None:
    text = " ".join(RUNBOOK.read_text().split())
    every = len(CATALOGUE)
    assert f"at most {every} metrics, {every * 0.3:.2f} USD a month" in text
    without, with_cache = (
        sum(len([*watched(alarm)]) for alarm in alarms(Rendered(cache)).values())
        for cache in ("off", "on")
    )
    assert f"The alarms watch {without} metrics, {with_cache} with a cache" in text


def test_only_cloudwatch_of_this_account_may_publish_alarms(rendered: Rendered) -> None:
    (policy,) = rendered.of_type("AWS::SNS::TopicPolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Condition"]["StringEquals"].keys() == {"aws:SourceAccount"}


def sections_of(runbook: str) -> dict[str, str]:
    """Anchor -> text of every alarm's section: those below "Alarms"."""
    _, _, alarms_part = runbook.partition("\n## Alarms\n")
    alarms_part = alarms_part.partition("\n## ")[0]
    parts = re.split(r"^### (.+)$", alarms_part, flags=re.MULTILINE)[1:]
    return {
        title.strip().lower().replace(" ", "-"): text
        for title, text in zip(parts[::2], parts[1::2], strict=True)
    }


# --- saved queries --------------------------------------------------------------------------------


def saved_queries(rendered: Rendered) -> dict[str, Any]:
    return rendered.of_type("AWS::Logs::QueryDefinition")


def test_queries_read_log_groups_of_the_stack(written: Template, rendered: Rendered) -> None:
    handed = of_type(written, "AWS::Serverless::Application")["Observability"]["Parameters"]
    for query in saved_queries(rendered).values():
        for group in query["LogGroupNames"]:
            assert written["Resources"][target(handed[group])]["Type"] == "AWS::Logs::LogGroup"


def test_the_dashboard_reads_fields_that_a_saved_query_reads_too(rendered: Rendered) -> None:
    known = set().union(*(fields_of(query.text) for query in all_queries()))
    for widget in rendered.dashboard()["widgets"]:
        if widget["type"] == "log":
            source_part, _, query = widget["properties"]["query"].partition(" | filter")
            assert fields_of(f"filter{query}") <= known
            groups = re.findall(r"SOURCE '(\w+)'", source_part)
            assert set(groups) <= rendered.document["Parameters"].keys()


def test_the_catalogue_in_the_docs_is_the_one_of_the_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.+) \|$", RUNBOOK.read_text(), re.MULTILINE)
    assert rows == [(m.name, m.unit, m.doc) for m in CATALOGUE]
