"""The docs say of cost what the model says; the template at rest stays in its budget."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest

from benchmarks import generated
from benchmarks.cost import docs, report
from benchmarks.cost.bill import bill
from benchmarks.cost.idle import UnknownResource, idle
from benchmarks.cost.schedules import firings
from benchmarks.cost.stack import Stack

COSTS = report.Costs.load()
QUEUE = {"EventSourceArn": "Queue", "FunctionName": "Worker"}


def rest(resources: Mapping[str, Any]) -> Fraction:
    """Dollars that some resources cost in a month without a question."""
    stack = Stack({name: {"Properties": {}, **resource} for name, resource in resources.items()})
    found = idle(stack, COSTS.figures, COSTS.table.month_hours)
    return bill(report.total(found), COSTS.table).usd


@pytest.mark.parametrize("page", docs.PAGES, ids=lambda page: page.name)
def test_the_docs_hold_what_the_model_says(page: Any) -> None:
    written = page.read_text()
    assert set(generated.parts_of(written)) & set(docs.parts(COSTS))
    expected = generated.regenerated(written, docs.parts(COSTS))
    assert expected == written, "run: python -m benchmarks.cost.docs"


def test_the_stack_at_rest_costs_at_most_a_dollar() -> None:
    """Beyond what every account has free each month; the verdict names list prices."""
    resting = COSTS.resting()
    assert bill(report.total(resting), COSTS.table, free=True).usd <= report.IDLE_BUDGET_USD, (
        report.idle_verdict(COSTS)
    )


def test_a_polled_queue_by_hand() -> None:
    """5 pollers x 180 waits of 20 s an hour x 730 hours at 0.40 USD a million."""
    assert rest({"Poll": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": QUEUE}}) == (
        5 * 180 * 730 * Fraction("0.40") / 1_000_000
    )


def test_a_schedule_costs_its_invocations_and_the_time_of_its_function() -> None:
    function = {"Type": "AWS::Lambda::Function", "Properties": {"MemorySize": 2048}}
    alias = {"Type": "AWS::Lambda::Alias", "Properties": {"FunctionName": "Worker"}}
    schedule = {"ScheduleExpression": "rate(5 minutes)", "Target": {"Arn": "Live"}}

    def awake(state: str) -> dict[str, Any]:
        properties = {**schedule, "State": state}
        return {
            "Worker": function,
            "Live": alias,
            "Wake": {"Type": "AWS::Scheduler::Schedule", "Properties": properties},
        }

    logs = Fraction(8760 * 900, 1024**3) * Fraction("0.50")
    compute = Fraction(8760 * 30, 1000) * 2 * Fraction("0.0000133334")
    assert rest(awake("ENABLED")) == Fraction(8760, 10**6) * Fraction("1.20") + compute + logs
    assert rest(awake("DISABLED")) == 0


@pytest.mark.parametrize(
    ("kind", "dollars"),
    [
        ("AWS::KMS::Key", "1.00"),
        ("AWS::SecretsManager::Secret", "0.40"),
        ("AWS::CloudWatch::Alarm", "0.10"),
        ("AWS::CloudWatch::Dashboard", "3.00"),
        ("AWS::DynamoDB::Table", "0"),
    ],
)
def test_what_each_always_on_resource_costs(kind: str, dollars: str) -> None:
    assert rest({"It": {"Type": kind}}) == Fraction(dollars)


def test_a_resource_of_unknown_cost_is_refused() -> None:
    with pytest.raises(UnknownResource, match="AWS::RDS::DBInstance"):
        rest({"Gateway": {"Type": "AWS::RDS::DBInstance"}})


def test_conditions_and_parameters_are_evaluated() -> None:
    asleep = COSTS.resting({"WarmUpState": "DISABLED"})
    assert not [r for r in asleep if "wakes" in r.what]
    often = COSTS.resting({"WarmUpRate": "rate(1 minute)"})
    assert [r for r in often if "43,800 times" in r.what]


def test_a_verdict_above_the_budget_says_what_to_switch_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(report, "IDLE_BUDGET_USD", Fraction("0.01"))
    verdict = report.idle_verdict(COSTS)
    assert "above the budget" in verdict
    assert "First to go: " in verdict


@pytest.mark.parametrize(
    ("expression", "a_day"),
    [
        ("rate(5 minutes)", 288),
        ("rate(1 hour)", 24),
        ("cron(0 6 * * ? *)", 1),
        ("cron(0/15 8-17 ? * MON-FRI *)", 40),
        ("cron(* * * * ? *)", 1440),
    ],
)
def test_how_often_a_schedule_fires(expression: str, a_day: int) -> None:
    assert firings(expression, 24) == a_day


def test_a_schedule_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="neither"):
        firings("at(2027-01-01T00:00:00)", 24)


def test_snapshots_are_paid_for_while_they_exist() -> None:
    """Three functions of 512 MB and one of 256 MB, all month."""
    kept = [r for r in COSTS.resting({"SnapStart": "PublishedVersions"}) if "snapshot" in r.what]
    gigabytes = Fraction(3 * 512 + 256, 1024)
    paid = bill(report.total(kept), COSTS.table).usd
    assert paid == gigabytes * 3600 * 730 * Fraction("0.0000015046")
    assert {r.switch for r in kept} == {"SnapStart=None"}


def test_nested_templates_are_counted() -> None:
    assert Stack.load().resources["Page.Distribution"]["Type"] == "AWS::CloudFront::Distribution"


def test_the_host_of_qdrant_by_hand() -> None:
    """t4g.small, 8 + 10 GB of disk, NAT gateway, an address and a secret, on top of the rest."""
    dollars = {
        overrides: bill(report.total(COSTS.resting(dict(overrides))), COSTS.table).usd
        for overrides in ((), tuple(report.OWN_QDRANT.items()))
    }
    hours = (Fraction("0.0168") + Fraction("0.045") + Fraction("0.005")) * 730
    host = hours + 18 * Fraction("0.08") + Fraction("0.40")
    assert dollars[tuple(report.OWN_QDRANT.items())] - dollars[()] == host


def test_an_instance_of_unknown_price_is_refused() -> None:
    with pytest.raises(UnknownResource, match=r"m7g\.large"):
        COSTS.resting({**report.OWN_QDRANT, "QdrantInstanceType": "m7g.large"})


@pytest.mark.parametrize(
    "parameters",
    [{"Environment": "prod"}, {"EncryptionKey": "own"}, {"AuthMode": "cognito"}],
    ids=lambda parameters: str(*parameters.values()),
)
def test_every_variant_of_the_stack_can_be_priced(parameters: dict[str, str]) -> None:
    assert COSTS.resting(parameters)
