"""The template as the local stack reads it, on the real one and on small ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local.declared.blueprint import Authorizer, Blueprint
from local.declared.intrinsics import Resolver, UnknownReference
from local.declared.sam import TemplateError
from local.declared.template import Template, attribute_output, dockerfile_handler
from local.options import ROOT


def outputs_of(template: Template) -> dict[str, str]:
    return {name: f"arn:aws:sqs:us-east-1:0:{name}" for name in template.services()["Outputs"]}


@pytest.fixture(scope="module")
def template() -> Template:
    return Template.load(ROOT / "template.yaml", {"LogLevel": "DEBUG"})


@pytest.fixture(scope="module")
def blueprint(template: Template) -> Blueprint:
    handlers = {}
    for name, dockerfile in template.image_functions().items():
        handler = dockerfile_handler((ROOT / dockerfile).read_text())
        assert handler
        handlers[name] = handler
    return template.blueprint(
        outputs_of(template), {"WebSocketApi": "http://127.0.0.1:4000"}, handlers
    )


def test_only_what_lives_in_services_is_deployed_there(template: Template) -> None:
    services = template.services()
    kinds = {resource["Type"] for resource in services["Resources"].values()}
    assert kinds <= {
        "AWS::DynamoDB::Table",
        "AWS::S3::Bucket",
        "AWS::SQS::Queue",
        "AWS::SQS::QueuePolicy",
        "AWS::SecretsManager::Secret",
    }
    assert services["Resources"].keys() >= {"Table", "QuestionQueue", "DeadLetterQueue"}
    assert "Parameters" not in services
    assert "!Ref" not in str(services)
    assert attribute_output("QuestionQueue", "Arn") in services["Outputs"]


def test_functions_are_read_with_their_variables_resolved(blueprint: Blueprint) -> None:
    inference = blueprint.functions["InferenceFunction"]
    assert inference.handler == "inference.start.handler"
    assert inference.environment["LOG_LEVEL"] == "DEBUG"
    assert inference.environment["TABLE_NAME"].endswith("TableZRef")
    assert inference.environment["WEBSOCKET_ENDPOINT"] == "http://127.0.0.1:4000/dev"
    assert inference.environment["QDRANT_API_KEY"] == ""
    assert inference.json_logs
    socket = blueprint.functions["WebSocketFunction"]
    assert socket.handler == "websocket_handler.app.handler"
    assert socket.environment["QUESTIONS_PER_MINUTE"] == "20"


def test_routes_are_read_with_whether_they_reply(blueprint: Blueprint) -> None:
    api = blueprint.web_socket
    assert api is not None
    assert (api.stage, api.selection) == ("dev", "action")
    assert api.authorizer == Authorizer("AuthorizerFunction", ())
    replies = {key: route.replies for key, route in api.routes.items()}
    assert replies["message"]
    assert replies["$default"]
    assert not replies["$connect"]
    assert not replies["$disconnect"]
    assert {route.function for route in api.routes.values()} == {"WebSocketFunction"}


def test_queue_readers_and_schedules_are_read(blueprint: Blueprint) -> None:
    sources = {source.function: source for source in blueprint.queue_sources}
    questions = sources["InferenceFunction"]
    assert questions.queue_arn.endswith("QuestionQueueZArn")
    assert questions.batch_size == 1
    assert questions.partial_failures
    assert questions.maximum_concurrency == 10
    assert sources["DeadLetterFunction"].batch_size == 10
    [schedule] = blueprint.schedules
    assert schedule.function == "InferenceFunction"
    assert schedule.every_s == 300
    assert schedule.payload == {"source": "energycopilot.warmup"}


def test_a_disabled_schedule_is_left_out() -> None:
    template = Template.load(ROOT / "template.yaml", {"WarmUpState": "DISABLED"})
    assert (
        template.blueprint(
            outputs_of(template), {}, dict.fromkeys(template.image_functions(), "a.b")
        ).schedules
        == ()
    )


SMALL = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: { Type: String, Default: dev, AllowedValues: [dev, prod] }
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Resources:
  Store:
    Type: AWS::S3::Bucket
    Condition: IsProd
  Gate:
    Type: AWS::Serverless::Function
    Properties: { CodeUri: x/, Handler: gate.handler, Runtime: python3.13 }
  Talk:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: x/
      Handler: talk.handler
      Runtime: python3.13
      Timeout: 9
      Environment:
        Variables:
          BUCKET: !If [IsProd, !Ref Store, none]
          SOCKET: !Sub "wss://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${Stage}"
      Events:
        Things:
          Type: HttpApi
          Properties: { Path: "/things/{id}", Method: get }
  Api:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      StageName: !Ref Stage
      RouteSelectionExpression: $request.body.kind
      Auth:
        AuthType: CUSTOM
        AuthArn: !GetAtt Gate.Arn
        IdentitySource: [route.request.querystring.ticket]
      Routes:
        $connect: { FunctionArn: !GetAtt Talk.Arn }
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "template.yaml"
    path.write_text(SMALL)
    return path


def test_authorizers_and_http_routes_are_read(small: Path) -> None:
    template = Template.load(small, {})
    blueprint = template.blueprint({}, {"Api": "http://127.0.0.1:4000"}, {})
    api = blueprint.web_socket
    assert api is not None
    assert api.selection == "kind"
    assert api.authorizer is not None
    assert api.authorizer.function == "Gate"
    assert api.authorizer.identity_sources == ("route.request.querystring.ticket",)
    [route] = blueprint.http_routes
    assert (route.method, route.path, route.function) == ("GET", "/things/{id}", "Talk")
    talk = blueprint.functions["Talk"]
    assert talk.timeout_s == 9
    assert talk.environment == {"BUCKET": "none", "SOCKET": "ws://127.0.0.1:4000/dev"}


def test_a_condition_decides_what_exists(small: Path) -> None:
    assert not Template.load(small, {}).services()["Resources"]
    prod = Template.load(small, {"Stage": "prod"})
    assert prod.services()["Resources"].keys() == {"Store"}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [({"Stage": "test"}, "one of dev, prod"), ({"Size": "1"}, "no parameter Size")],
)
def test_bad_parameters_are_refused(small: Path, overrides: dict[str, str], message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        Template.load(small, overrides)


def test_a_missing_or_broken_template_is_a_clear_error(tmp_path: Path, small: Path) -> None:
    with pytest.raises(TemplateError, match="no template at"):
        Template.load(tmp_path / "none.yaml", {})
    small.write_text(SMALL.replace("Handler: gate.handler, ", ""))
    with pytest.raises(TemplateError, match="not a valid SAM template"):
        Template.load(small, {})


@pytest.mark.parametrize(
    ("text", "handler"),
    [
        ('FROM x\nCMD ["a.b.handler"]\n', "a.b.handler"),
        ('CMD ["old.one"]\nFROM y\nCMD [ "new.one" ]', "new.one"),
        ("FROM x\n", None),
        ("CMD python -m x", None),
    ],
)
def test_the_handler_of_an_image_is_its_last_command(text: str, handler: str | None) -> None:
    assert dockerfile_handler(text) == handler


def resolver() -> Resolver:
    def attribute(name: str, att: str | None) -> Any:
        if name == "Left":
            return {"Ref": name} if att is None else {"Fn::GetAtt": [name, att]}
        return f"{name}.{att}"

    return Resolver(
        {"Name": "n", "AWS::Region": "r"},
        {
            "Yes": {"Fn::Equals": [{"Ref": "Name"}, "n"]},
            "No": {"Fn::Not": [{"Condition": "Yes"}]},
            "Both": {"Fn::And": [{"Condition": "Yes"}, {"Condition": "No"}]},
            "Either": {"Fn::Or": [{"Condition": "Yes"}, {"Condition": "No"}]},
        },
        {"Map": {"r": {"size": 7}}},
        attribute,
    )


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ({"Ref": "Name"}, "n"),
        ({"Fn::GetAtt": ["Q", "Arn"]}, "Q.Arn"),
        ({"Fn::GetAtt": "Q.Arn"}, "Q.Arn"),
        ({"Fn::Sub": "${Name}-${Q.Arn}-${AWS::Region}-${!kept}"}, "n-Q.Arn-r-${kept}"),
        ({"Fn::Sub": ["${a}${Name}", {"a": {"Ref": "AWS::Region"}}]}, "rn"),
        ({"Fn::Join": ["/", ["a", {"Ref": "Name"}]]}, "a/n"),
        ({"Fn::Select": [1, {"Fn::Split": [",", "a,b"]}]}, "b"),
        ({"Fn::FindInMap": ["Map", {"Ref": "AWS::Region"}, "size"]}, 7),
        ({"Fn::If": ["Yes", 1, 2]}, 1),
        ({"Fn::If": ["No", 1, 2]}, 2),
        ({"Fn::If": ["Both", 1, 2]}, 2),
        ({"Fn::If": ["Either", 1, 2]}, 1),
        ({"a": {"Fn::If": ["No", 1, {"Ref": "AWS::NoValue"}]}, "b": 2}, {"b": 2}),
        ([1, {"Ref": "AWS::NoValue"}, 2], [1, 2]),
        ({"Fn::Join": ["/", ["a", {"Ref": "Left"}]]}, {"Fn::Join": ["/", ["a", {"Ref": "Left"}]]}),
        (
            {"Fn::Sub": "${Name}${Left.Arn}"},
            {"Fn::Sub": ["n${Left.Arn}", {"Left.Arn": {"Fn::GetAtt": ["Left", "Arn"]}}]},
        ),
    ],
)
def test_intrinsics(node: Any, value: Any) -> None:
    assert resolver().value(node) == value


def test_an_unknown_condition_is_an_error() -> None:
    with pytest.raises(UnknownReference, match="Maybe"):
        resolver().value({"Fn::If": ["Maybe", 1, 2]})
