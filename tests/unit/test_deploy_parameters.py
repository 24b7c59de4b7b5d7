"""What a deployment is told before anything is built: parameters and environments."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.parameters import (
    ENVIRONMENTS,
    assignments,
    faults,
    read_environment,
    read_template,
    settled,
)
from deploy.problems import Stopped
from deploy.stack import Stack, obstacle

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = read_template((ROOT / "template.yaml").read_text())
DECLARED = TEMPLATE["Parameters"]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_environments_of_the_repository_have_no_fault(name: str) -> None:
    environment = read_environment(ROOT / "samconfig.toml", name)
    assert environment.stack == f"energycopilot-{name}"
    assert environment.parameters["Environment"] == name
    assert list(faults(TEMPLATE, settled(DECLARED, environment.parameters))) == []


def test_another_environment_is_refused_in_words() -> None:
    with pytest.raises(Stopped, match=r"no environment 'staging': ENV is dev or prod\."):
        read_environment(ROOT / "samconfig.toml", "staging")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("LogLevl", "INFO", "The template has no parameter LogLevl. Did you mean LogLevel?"),
        ("Colour", "red", "The template has no parameter Colour. docs/deploy.md lists them."),
        ("LogLevel", "loud", "it is one of DEBUG, INFO, WARNING, ERROR."),
        ("BatchSize", "0", "it is at least 1."),
        ("BatchSize", "99", "it is at most 10."),
        ("BatchSize", "many", "it is a number."),
        ("OpenAiSecretArn", "sk-123", "it must be empty or the full ARN of a Secrets Manager"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_it_may_be(name: str, value: str, words: str) -> None:
    (fault,) = faults(TEMPLATE, settled(DECLARED, {name: value}))
    assert words in fault
    assert name in fault


def test_the_rules_of_the_template_are_checked_beforehand() -> None:
    values = settled(DECLARED, {"AuthMode": "api-key", "PageDomain": "chat.example.com"})
    needed = [fault.split(" needs ")[1].split(",")[0] for fault in faults(TEMPLATE, values)]
    assert needed == ["ApiKeysSecretArn", "PageCertificateArn"]
    arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:keys-AbCdEf"
    values |= {"ApiKeysSecretArn": arn}
    assert len(list(faults(TEMPLATE, values))) == 1


def test_every_parameter_is_settled_so_that_none_keeps_an_earlier_value() -> None:
    values = settled(DECLARED, {"LogLevel": "DEBUG"}, {"LogLevel": "ERROR"})
    assert values.keys() == DECLARED.keys()
    assert values["LogLevel"] == "ERROR"
    assert values["OpenAiModel"] == DECLARED["OpenAiModel"]["Default"]


def test_values_may_hold_blanks_and_equals_signs() -> None:
    assert assignments(['WarmUpRate="rate(5 minutes)"', "Url=https://a/?b=c", "Empty="]) == {
        "WarmUpRate": "rate(5 minutes)",
        "Url": "https://a/?b=c",
        "Empty": "",
    }
    with pytest.raises(Stopped, match="written Name=value, not 'LogLevel'"):
        assignments(["LogLevel"])


def stack(status: str) -> Stack:
    return Stack("energycopilot-dev", "arn", status, False, {}, {})


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("ROLLBACK_COMPLETE", "make destroy ENV=dev"),
        ("DELETE_FAILED", "make destroy ENV=dev"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback"),
        ("UPDATE_IN_PROGRESS", "Wait until it is done"),
    ],
)
def test_a_stack_that_takes_no_update_is_named_with_the_way_out(status: str, words: str) -> None:
    assert words in (obstacle(stack(status), "dev") or "")


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_a_stack_at_rest_is_no_obstacle(status: str) -> None:
    assert obstacle(stack(status), "dev") is None
    assert obstacle(None, "dev") is None
