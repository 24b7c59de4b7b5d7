"""Every variable that a function reads is set in the template, and the other way round."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infrastructure.tables import READ
from tests.infrastructure.test_template import of_type, statements, target

SECRETS = {"OPENAI_API_KEY", "QDRANT_API_KEY"}
DECIDED_BY_THE_ARTIFACT = {"INDEX_DIR", "MODEL_DIR"}

Template = dict[str, Any]


def variables(template: Template, function: str) -> dict[str, Any]:
    declared: dict[str, Any] = of_type(template, "AWS::Lambda::Function")[function]
    values: dict[str, Any] = declared["Environment"]["Variables"]
    return values


def test_every_function_is_compared(translated: Template) -> None:
    assert READ.keys() == of_type(translated, "AWS::Lambda::Function").keys()


@pytest.mark.parametrize("function", READ)
def test_a_function_gets_exactly_the_variables_that_it_reads(
    function: str, translated: Template
) -> None:
    assert variables(translated, function).keys() == {v.name for v in READ[function]}


@pytest.mark.parametrize("function", READ)
def test_a_parameter_defaults_to_what_the_code_defaults_to(
    function: str, translated: Template
) -> None:
    given = variables(translated, function)
    for variable in READ[function]:
        value = given[variable.name]
        parameter = value.get("Ref") if isinstance(value, dict) else None
        if parameter in translated["Parameters"]:
            default = str(translated["Parameters"][parameter]["Default"])
            assert default == (variable.default or ""), variable.name


@pytest.mark.parametrize("function", READ)
def test_what_has_no_default_is_a_resource_or_part_of_the_image(
    function: str, translated: Template
) -> None:
    for variable in READ[function]:
        if variable.default is None and variable.name not in DECIDED_BY_THE_ARTIFACT:
            value = variables(translated, function)[variable.name]
            assert isinstance(value, dict)
            assert value.keys() <= {"Ref", "Fn::Sub"}
            assert value.get("Ref") not in translated["Parameters"]


def test_no_secret_is_a_value_in_the_template(translated: Template) -> None:
    given = variables(translated, "InferenceFunction")
    assert given["OPENAI_API_KEY"] == ""
    resolved = [
        "{{resolve:secretsmanager:${QdrantServer.Outputs.ApiKeyArn}}}",
        "{{resolve:secretsmanager:${QdrantApiKeySecretArn}}}",
    ]
    own, given_one = ({"Fn::Sub": reference} for reference in resolved)
    assert given["QDRANT_API_KEY"] == {
        "Fn::If": ["HasOwnQdrant", own, {"Fn::If": ["HasQdrantApiKey", given_one, ""]}]
    }
    others = {n for f in READ for n in variables(translated, f) if n.endswith(("_KEY", "_TOKEN"))}
    assert others <= SECRETS


def test_the_function_may_read_the_secret_that_it_is_told_of(translated: Template) -> None:
    function = of_type(translated, "AWS::Lambda::Function")["InferenceFunction"]
    role = of_type(translated, "AWS::IAM::Role")[target(function["Role"])]
    (readable,) = [
        s["Resource"] for s in statements(role) if s["Action"] == "secretsmanager:GetSecretValue"
    ]
    assert readable == variables(translated, "InferenceFunction")["OPENAI_SECRET_ARN"]
