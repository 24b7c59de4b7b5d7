"""What must hold of the stack, asserted over the template that CloudFormation gets."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from copilot import wire
from copilot.answer_log.audit import audit_pk
from copilot.sealing.data_keys import APPLICATION
from copilot.table import OWNER_INDEX
from http_api import openapi
from http_api.account.desk import LATE_STORES_S
from http_api.answers.routes import WAIT_S
from http_api.authentication import CLIENT_ID_HEADER
from inference.cache.qdrant_cache import WRITE_TIMEOUT_S
from local.declared.intrinsics import Resolver
from tests.infrastructure import translate
from tests.infrastructure.translate import ROOT, TEMPLATE

Template = dict[str, Any]
TRACES = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
"""X-Ray knows no resources to name."""
BY_DEFAULT_ROUTE = {"feedback", "auth"}


def of_type(template: Template, kind: str) -> dict[str, dict[str, Any]]:
    """Logical id -> properties of every resource of one type."""
    return {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def target(reference: Any) -> str:
    """The logical id that ``Ref`` or ``Fn::GetAtt`` names."""
    name = reference.get("Ref") or reference["Fn::GetAtt"][0]
    assert isinstance(name, str)
    return name


def behind_alias(template: Template, reference: Any) -> str:
    """The logical id of the function whose alias ``reference`` names."""
    aliases = of_type(template, "AWS::Lambda::Alias")
    return target(aliases[target(reference)]["FunctionName"])


def walk(value: Any) -> Iterator[Any]:
    yield value
    if isinstance(value, dict):
        for child in value.values():
            yield from walk(child)
    elif isinstance(value, list):
        for child in value:
            yield from walk(child)


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    """The statements of a role's inline policies, optional ones included."""
    found = []
    for policy in role.get("Policies", []):
        for statement in policy["PolicyDocument"]["Statement"]:
            found.append(statement["Fn::If"][1] if "Fn::If" in statement else statement)
    return found


def allowed(role: dict[str, Any]) -> list[dict[str, Any]]:
    """The statements that grant something."""
    return [s for s in statements(role) if s["Effect"] == "Allow"]


def actions(statement: dict[str, Any]) -> set[str]:
    action = statement["Action"]
    return {action} if isinstance(action, str) else set(action)


# --- the template itself --------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["written", "translated"])
def test_the_template_lints_clean(form: str, request: pytest.FixtureRequest) -> None:
    text = (
        TEMPLATE.read_text()
        if form == "written"
        else json.dumps(request.getfixturevalue("translated"))
    )
    lint = subprocess.run(
        [str(Path(sys.executable).with_name("cfn-lint")), "--regions", "us-east-1"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert lint.stdout == ""
    assert lint.returncode == 0


def test_the_template_uses_no_yaml_aliases_which_cloudformation_does_not_read() -> None:
    import yaml

    tokens = yaml.scan(TEMPLATE.read_text())
    assert not [t for t in tokens if isinstance(t, yaml.AliasToken | yaml.AnchorToken)]


def test_every_parameter_is_used(written: Template) -> None:
    body = json.dumps([written["Conditions"], written["Resources"], written["Outputs"]])
    unused = [
        name
        for name in written["Parameters"]
        if f'"Ref": "{name}"' not in body and f"${{{name}}}" not in body
    ]
    assert unused == []


def test_every_parameter_is_offered_in_one_group(written: Template) -> None:
    groups = written["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    offered = [name for group in groups for name in group["Parameters"]]
    assert sorted(offered) == sorted(written["Parameters"])


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({}, []),
        ({"AuthMode": "api-key"}, ["ApiKeysAreListed"]),
        ({"AuthMode": "api-key", "ApiKeysSecretArn": "arn"}, []),
        ({"CognitoIssuer": "https://pool"}, ["IssuerHasClient"]),
        ({"CognitoIssuer": "https://pool", "CognitoClientId": "c"}, []),
        ({"Qdrant": "url"}, ["QdrantHasAddress"]),
        ({"Qdrant": "url", "QdrantUrl": "https://q"}, []),
        ({"QdrantUrl": "https://q"}, ["QdrantIsMeant"]),
        ({"Retriever": "qdrant"}, ["VectorsHaveAServerThatCanBeFilled"]),
        (
            {"Retriever": "qdrant", "Qdrant": "ec2", "QdrantImage": "q@sha256:0"},
            ["VectorsHaveAServerThatCanBeFilled"],
        ),
        ({"Retriever": "qdrant", "Qdrant": "url", "QdrantUrl": "https://q"}, []),
        ({"Qdrant": "ec2"}, ["QdrantHasImage"]),
        ({"AuthMode": "cognito"}, []),
        ({"PageDomain": "a.example"}, ["PageDomainHasCertificate"]),
        ({"SocketDomain": "a.example"}, ["SocketDomainHasCertificate"]),
        ({"SocketDomain": "a.example", "SocketCertificateArn": "arn"}, []),
        ({"PromptPrice": "0.15"}, ["PromptPriceHasItsPair"]),
        ({"CompletionPrice": "0.6"}, ["CompletionPriceHasItsPair"]),
        ({"PromptPrice": "0.15", "CompletionPrice": "0.6"}, []),
    ],
)
def test_parameters_that_do_not_go_together_are_refused_with_what_is_needed(
    given: dict[str, str], refused: list[str], written: Template
) -> None:
    values = {name: str(p["Default"]) for name, p in written["Parameters"].items()} | given
    found = []
    for name, rule in written["Rules"].items():
        resolver = Resolver(values, {"If": rule["RuleCondition"]}, {}, lambda name, att: None)
        for assertion in rule["Assertions"]:
            holds = Resolver(values, {"Holds": assertion["Assert"]}, {}, lambda name, att: None)
            if resolver.holds("If") and not holds.holds("Holds"):
                found.append(name)
                needed = set(re.findall(r"[A-Z]\w+", assertion["AssertDescription"]))
                assert needed & written["Parameters"].keys()
    assert found == refused


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("OpenAiSecretArn", "energycopilot/openai"),
        ("OpenAiBaseUrl", "http://models.example"),
        ("ChatModel", "gpt-4o"),
        ("QdrantUrl", "cluster.cloud:6333"),
        ("QdrantImage", "qdrant/qdrant:latest"),
        ("QdrantInstanceType", "t3.small"),
        ("AllowedOrigins", "https://a.example/"),
        ("AllowedOrigins", "a.example"),
        ("PageDomain", "https://a.example"),
        ("PageCertificateArn", "arn:aws:acm:eu-west-1:111122223333:certificate/1"),
        ("Release", "2026-11-21"),
        ("WarmUpRate", "5 minutes"),
        ("PromptPrice", "0.15 USD"),
        ("AlarmEmail", "somebody"),
        ("Environment", "production"),
        ("InferenceTimeoutS", "90"),
    ],
)
def test_a_value_that_cannot_work_is_refused_in_words(
    parameter: str, value: str, written: Template
) -> None:
    declared = written["Parameters"][parameter]
    if "AllowedValues" in declared:
        assert value not in [str(allowed) for allowed in declared["AllowedValues"]]
    else:
        assert not re.search(declared["AllowedPattern"], value)
        assert declared["ConstraintDescription"]


def test_every_pattern_says_in_words_what_it_wants(written: Template) -> None:
    for name, parameter in written["Parameters"].items():
        if "AllowedPattern" in parameter:
            assert re.search(parameter["AllowedPattern"], parameter["Default"]), name
            assert parameter.get("ConstraintDescription"), name


# --- queues ---------------------------------------------------------------------------------------


def test_a_message_that_keeps_failing_reaches_the_dead_letter_queue(translated: Template) -> None:
    queues = of_type(translated, "AWS::SQS::Queue")
    redrive = {n: q["RedrivePolicy"] for n, q in queues.items() if "RedrivePolicy" in q}
    assert {n: target(p["deadLetterTargetArn"]) for n, p in redrive.items()} == {
        "QuestionQueue": "DeadLetterQueue",
        "DocumentQueue": "DocumentDeadLetterQueue",
    }
    assert queues.keys() - redrive.keys() == {"DeadLetterQueue", "DocumentDeadLetterQueue"}
    assert redrive["QuestionQueue"]["maxReceiveCount"] == 5
    ingestion = of_type(translated, "AWS::Lambda::Function")["IngestionFunction"]
    attempts = ingestion["Environment"]["Variables"]["INGESTION_ATTEMPTS"]
    assert redrive["DocumentQueue"]["maxReceiveCount"] == int(attempts)


def test_dead_letters_are_kept_fourteen_days(translated: Template) -> None:
    for name, queue in of_type(translated, "AWS::SQS::Queue").items():
        if name.endswith("DeadLetterQueue"):
            assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_queues_are_encrypted(translated: Template) -> None:
    for queue in of_type(translated, "AWS::SQS::Queue").values():
        assert queue["SqsManagedSseEnabled"] == {
            "Fn::If": ["HasOwnKey", {"Ref": "AWS::NoValue"}, True]
        }
        assert queue["KmsMasterKeyId"] == {
            "Fn::If": ["HasOwnKey", {"Ref": "Key"}, {"Ref": "AWS::NoValue"}]
        }


def test_visibility_is_at_least_six_times_the_timeout_of_the_consumer(
    translated: Template,
) -> None:
    queues = of_type(translated, "AWS::SQS::Queue")
    functions = of_type(translated, "AWS::Lambda::Function")
    mappings = of_type(translated, "AWS::Lambda::EventSourceMapping").values()
    consumers = {
        target(m["EventSourceArn"]): behind_alias(translated, m["FunctionName"]) for m in mappings
    }
    assert consumers == {
        "QuestionQueue": "InferenceFunction",
        "DeadLetterQueue": "DeadLetterFunction",
        "DocumentQueue": "IngestionFunction",
    }
    assert queues["DocumentQueue"]["VisibilityTimeout"] >= (
        6 * functions["IngestionFunction"]["Timeout"]
    )
    assert queues["DeadLetterQueue"]["VisibilityTimeout"] >= (
        6 * functions["DeadLetterFunction"]["Timeout"]
    )
    assert functions["InferenceFunction"]["Timeout"] == {"Ref": "InferenceTimeoutS"}
    assert queues["QuestionQueue"]["VisibilityTimeout"] == {
        "Fn::FindInMap": ["SixTimes", {"Ref": "InferenceTimeoutS"}, "Seconds"]
    }
    offered = translated["Parameters"]["InferenceTimeoutS"]["AllowedValues"]
    assert translated["Mappings"]["SixTimes"] == {str(s): {"Seconds": 6 * s} for s in offered}


def test_the_cache_is_told_again_to_forget_when_no_turn_of_before_can_still_run(
    translated: Template,
) -> None:
    function = of_type(translated, "AWS::Lambda::Function")["InferenceFunction"]
    assert function["Timeout"] == {"Ref": "InferenceTimeoutS"}
    longest = max(translated["Parameters"]["InferenceTimeoutS"]["AllowedValues"])
    assert int(longest) + WRITE_TIMEOUT_S < LATE_STORES_S <= 900


def test_one_failed_message_does_not_repeat_its_batch(translated: Template) -> None:
    for mapping in of_type(translated, "AWS::Lambda::EventSourceMapping").values():
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


# --- table ----------------------------------------------------------------------------------------


def test_the_table_has_the_keys_and_the_expiry_that_the_code_writes(translated: Template) -> None:
    table = of_type(translated, "AWS::DynamoDB::Table")["Table"]
    assert {k["AttributeName"]: k["KeyType"] for k in table["KeySchema"]} == {
        "PK": "HASH",
        "SK": "RANGE",
    }
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    own = {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": {"Fn::GetAtt": ["Key", "Arn"]}}
    assert table["SSESpecification"] == {"Fn::If": ["HasOwnKey", own, {"SSEEnabled": True}]}
    (index,) = table["GlobalSecondaryIndexes"]
    assert index["IndexName"] == OWNER_INDEX
    assert [k["AttributeName"] for k in index["KeySchema"]] == ["owner_key", "list_order"]


def test_production_data_can_be_restored_and_not_deleted_by_accident(translated: Template) -> None:
    table = of_type(translated, "AWS::DynamoDB::Table")["Table"]
    in_prod_only = {"Fn::If": ["IsProd", True, False]}
    recovery = table["PointInTimeRecoverySpecification"]
    assert recovery == {"PointInTimeRecoveryEnabled": in_prod_only}
    assert table["DeletionProtectionEnabled"] == in_prod_only


# --- buckets --------------------------------------------------------------------------------------


def test_buckets_are_private_encrypted_versioned_and_reached_over_tls(
    translated: Template,
) -> None:
    policies = of_type(translated, "AWS::S3::BucketPolicy").values()
    over_tls = {target(policy["Bucket"]): policy["PolicyDocument"] for policy in policies}
    for name, bucket in of_type(translated, "AWS::S3::Bucket").items():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}, name
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}, name
        assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"], name
        (refused,) = [s for s in over_tls[name]["Statement"] if s["Effect"] == "Deny"]
        assert refused["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert [target_of_arn(r) for r in refused["Resource"]] == [name, name]


def target_of_arn(resource: Any) -> str:
    """The bucket of an ARN, or of the ARN of all its objects."""
    name = resource.get("Fn::Sub", "").removesuffix(".Arn}/*").removeprefix("${")
    return name or target(resource)


def test_the_stack_s_own_key_rotates_and_is_used_through_table_and_queues_only(
    translated: Template,
) -> None:
    (key,) = of_type(translated, "AWS::KMS::Key").values()
    assert key["EnableKeyRotation"] is True
    assert translated["Resources"]["Key"]["DeletionPolicy"] == "Retain"
    _, used, told = key["KeyPolicy"]["Statement"]
    assert told["Principal"] == {"Service": "s3.amazonaws.com"}
    assert told["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    condition = used["Condition"]["StringEquals"]
    assert condition["kms:CallerAccount"] == {"Ref": "AWS::AccountId"}
    assert condition["kms:ViaService"] == [
        {"Fn::Sub": f"{service}.${{AWS::Region}}.amazonaws.com"} for service in ("dynamodb", "sqs")
    ]


# --- WebSocket API --------------------------------------------------------------------------------


def routes(template: Template) -> dict[str, dict[str, Any]]:
    """Logical id -> properties of every route."""
    return of_type(template, "AWS::ApiGatewayV2::Route")


def test_the_routes_are_the_actions_of_the_protocol(translated: Template) -> None:
    assert {route["RouteKey"] for route in routes(translated).values()} == {
        "$connect",
        "$disconnect",
        "$default",
    } | (wire.ACTIONS - BY_DEFAULT_ROUTE)


def test_the_route_is_selected_by_the_action_of_the_frame(translated: Template) -> None:
    api = of_type(translated, "AWS::ApiGatewayV2::Api")["WebSocketApi"]
    assert api["ProtocolType"] == "WEBSOCKET"
    assert api["RouteSelectionExpression"] == "$request.body.action"


def test_every_route_that_answers_declares_its_response(translated: Template) -> None:
    answered = {
        name for name, r in routes(translated).items() if r.get("RouteResponseSelectionExpression")
    }
    silent = {routes(translated)[n]["RouteKey"] for n in routes(translated).keys() - answered}
    responses = of_type(translated, "AWS::ApiGatewayV2::RouteResponse").values()
    assert silent == {"$connect", "$disconnect"}
    assert {target(r["RouteId"]) for r in responses} == answered
    assert {r["RouteResponseKey"] for r in responses} == {"$default"}


# --- HTTP API -------------------------------------------------------------------------------------


def test_every_request_of_the_http_api_reaches_its_function(translated: Template) -> None:
    api = of_type(translated, "AWS::ApiGatewayV2::Api")["HttpApi"]
    (path,) = api["Body"]["paths"]
    assert path == "/{proxy+}"
    integration = api["Body"]["paths"][path]["x-amazon-apigateway-any-method"][
        "x-amazon-apigateway-integration"
    ]
    assert integration["payloadFormatVersion"] == "2.0"
    assert "HttpApiFunctionAliaslive" in integration["uri"]["Fn::Sub"]


def test_only_the_origins_that_may_connect_may_call_the_http_api(translated: Template) -> None:
    api = of_type(translated, "AWS::ApiGatewayV2::Api")["HttpApi"]
    condition, own_page, cors = api["Body"]["x-amazon-apigateway-cors"]["Fn::If"]
    assert condition == "OnlyOwnPage"
    assert own_page == {"Ref": "AWS::NoValue"}
    assert cors["allowOrigins"] == {"Fn::Split": [",", {"Ref": "AllowedOrigins"}]}
    assert CLIENT_ID_HEADER in cors["allowHeaders"]
    assert "allowCredentials" not in cors
    methods = {m.upper() for path in openapi.document()["paths"].values() for m in path}
    assert set(cors["allowMethods"]) == methods


# --- functions ------------------------------------------------------------------------------------


def test_each_function_starts_at_its_entry_point(translated: Template) -> None:
    functions = of_type(translated, "AWS::Lambda::Function")
    assert {n: f.get("Handler") for n, f in functions.items()} == {
        "WebSocketFunction": "websocket_handler.app.handler",
        "AuthorizerFunction": "websocket_handler.authorizer.handler",
        "HttpApiFunction": "http_api.app.handler",
        "DeadLetterFunction": "websocket_handler.dead_letters.handler",
        "InferenceFunction": None,
        "IngestionFunction": None,
    }


def test_the_image_starts_the_ingestion_function_by_another_command(translated: Template) -> None:
    functions = of_type(translated, "AWS::Lambda::Function")
    assert functions["IngestionFunction"]["ImageConfig"] == {"Command": ["embed.handler.handler"]}
    assert "ImageConfig" not in functions["InferenceFunction"]


def test_uploads_are_told_to_the_queue_that_is_read(translated: Template) -> None:
    bucket = of_type(translated, "AWS::S3::Bucket")["DocumentBucket"]
    told = bucket["NotificationConfiguration"]["QueueConfigurations"]
    assert {(t["Event"], target(t["Queue"])) for t in told} == {
        ("s3:ObjectCreated:*", "DocumentQueue"),
        ("s3:ObjectRemoved:*", "DocumentQueue"),
    }
    (policy,) = of_type(translated, "AWS::SQS::QueuePolicy").values()
    assert [target(queue) for queue in policy["Queues"]] == ["DocumentQueue"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }


def test_functions_run_on_the_platform_that_artifacts_are_built_for(translated: Template) -> None:
    assert translated["Parameters"]["Architecture"]["Default"] == "arm64"
    for function in of_type(translated, "AWS::Lambda::Function").values():
        assert function["Architectures"] == [{"Ref": "Architecture"}]
        if function.get("PackageType") != "Image":
            assert function["Runtime"] == "python3.13"


def test_a_route_answers_before_api_gateway_gives_up(translated: Template) -> None:
    functions = of_type(translated, "AWS::Lambda::Function")
    assert functions["WebSocketFunction"]["Timeout"] < 29
    assert WAIT_S < functions["HttpApiFunction"]["Timeout"] < 30


def test_every_function_is_called_through_the_alias_of_its_published_version(
    translated: Template,
) -> None:
    functions = of_type(translated, "AWS::Lambda::Function")
    aliases = of_type(translated, "AWS::Lambda::Alias")
    published = {target(alias["FunctionName"]): name for name, alias in aliases.items()}
    assert published.keys() == functions.keys()
    assert {alias["Name"] for alias in aliases.values()} == {"live"}
    callers = [
        *of_type(translated, "AWS::Lambda::Permission").values(),
        *of_type(translated, "AWS::Lambda::EventSourceMapping").values(),
    ]
    assert {target(caller["FunctionName"]) for caller in callers} == set(published.values())
    integrations = [
        *(
            i["IntegrationUri"]
            for i in of_type(translated, "AWS::ApiGatewayV2::Integration").values()
        ),
        *(
            a["AuthorizerUri"]
            for a in of_type(translated, "AWS::ApiGatewayV2::Authorizer").values()
        ),
    ]
    assert {target(next(iter(uri["Fn::Sub"][1].values()))) for uri in integrations} == {
        published["WebSocketFunction"],
        published["AuthorizerFunction"],
    }


def test_a_release_to_prod_is_tried_on_a_tenth_and_taken_back_by_alarms(
    translated: Template,
) -> None:
    groups = of_type(translated, "AWS::CodeDeploy::DeploymentGroup")
    aliases = {n: r for n, r in translated["Resources"].items() if r["Type"].endswith("::Alias")}
    moved_by = {a["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"]["Ref"]
                for a in aliases.values()}  # fmt: skip
    assert moved_by == set(groups)
    assert len(groups) == len(of_type(translated, "AWS::Lambda::Function"))
    alarms = translate.source(ROOT / "infra" / "observability.yaml")["Resources"]
    declared = {
        a["Properties"]["AlarmName"]["Fn::Sub"].removeprefix("${StackName}")
        for a in alarms.values()
        if a["Type"] == "AWS::CloudWatch::Alarm"
    }
    for group in groups.values():
        condition, watched, unwatched = group["AlarmConfiguration"]["Fn::If"]
        assert (condition, unwatched) == ("IsProd", {})
        names = {a["Name"]["Fn::Sub"].removeprefix("${AWS::StackName}") for a in watched["Alarms"]}
        assert names == {"-function-errors", "-answer-errors"} <= declared
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
        _, prod, dev = group["DeploymentConfigName"]["Fn::If"]
        assert prod["Fn::Sub"][1] == {"ConfigName": "Canary10Percent15Minutes"}
        assert dev["Fn::Sub"][1] == {"ConfigName": "AllAtOnce"}


def test_every_function_is_traced_or_none(translated: Template) -> None:
    for name, function in of_type(translated, "AWS::Lambda::Function").items():
        assert function["TracingConfig"] == {"Mode": {"Ref": "Tracing"}}, name


def test_only_versions_of_the_index_can_be_deleted_and_never_its_pointer(
    translated: Template,
) -> None:
    deleting = [
        statement["Resource"]
        for role in of_type(translated, "AWS::IAM::Role").values()
        for statement in allowed(role)
        if "s3:DeleteObject" in actions(statement)
    ]
    assert deleting == [{"Fn::Sub": "${IndexBucket.Arn}/indexes/*/*"}]


def test_zip_functions_start_from_snapshots(translated: Template) -> None:
    for function in of_type(translated, "AWS::Lambda::Function").values():
        expected = None if "ImageUri" in function["Code"] else {"ApplyOn": {"Ref": "SnapStart"}}
        assert function.get("SnapStart") == expected


def test_a_release_publishes_every_function_again() -> None:
    def versions(release: str) -> set[str]:
        template = translate.translated(Release=release)
        return set(of_type(template, "AWS::Lambda::Version"))

    first, second = versions("0123456789"), versions("9876543210")
    assert len(first) == len(second) == 6
    assert not first & second


def test_the_concurrency_of_every_function_is_bounded(translated: Template) -> None:
    bounded = {
        behind_alias(translated, mapping["FunctionName"])
        for mapping in of_type(translated, "AWS::Lambda::EventSourceMapping").values()
        if mapping["ScalingConfig"]["MaximumConcurrency"]
    }
    for name, function in of_type(translated, "AWS::Lambda::Function").items():
        reserved = function.get("ReservedConcurrentExecutions", {}).get("Fn::If")
        assert reserved or name in bounded, name
        if reserved:
            assert reserved[1]["Ref"] in translated["Parameters"]
            assert reserved[2] == {"Ref": "AWS::NoValue"}
    # Functions behind an API are also bounded by what the API lets through.
    for stage in of_type(translated, "AWS::ApiGatewayV2::Stage").values():
        assert (
            stage["DefaultRouteSettings"]["ThrottlingRateLimit"]["Ref"] in translated["Parameters"]
        )
        assert stage["DefaultRouteSettings"]["ThrottlingBurstLimit"] > 0


def test_access_logs_hold_neither_tickets_nor_texts(translated: Template) -> None:
    stages = of_type(translated, "AWS::ApiGatewayV2::Stage")
    assert len(stages) == 2
    for stage in stages.values():
        written = json.loads(stage["AccessLogSettings"]["Format"])
        assert "$context.requestId" in written.values()
        assert not [v for v in written.values() if "query" in v.lower() or "body" in v.lower()]


def test_logs_of_every_function_are_deleted_in_time(translated: Template) -> None:
    groups = of_type(translated, "AWS::Logs::LogGroup")
    used = [
        target(function["LoggingConfig"]["LogGroup"])
        for function in of_type(translated, "AWS::Lambda::Function").values()
    ]
    stages = of_type(translated, "AWS::ApiGatewayV2::Stage").values()
    used += [target(stage["AccessLogSettings"]["DestinationArn"]) for stage in stages]
    assert sorted(used) == sorted(groups)
    for group in groups.values():
        assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_the_schedule_sends_the_warm_up_event(translated: Template) -> None:
    (schedule,) = of_type(translated, "AWS::Scheduler::Schedule").values()
    sent = json.loads(schedule["Target"]["Input"])
    assert sent == json.loads((ROOT / "events/warmup.json").read_text())
    assert behind_alias(translated, schedule["Target"]["Arn"]) == "InferenceFunction"


# --- permissions ----------------------------------------------------------------------------------


def test_no_permission_is_wider_than_named_actions_on_named_resources(
    translated: Template,
) -> None:
    for role in of_type(translated, "AWS::IAM::Role").values():
        assert "ManagedPolicyArns" not in role
        for statement in statements(role):
            assert not [a for a in actions(statement) if "*" in a]
            assert statement["Resource"] != "*" or actions(statement) in (TRACES, JOINS_A_NETWORK)


JOINS_A_NETWORK = {
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
}


def test_each_function_may_do_exactly_what_it_does(translated: Template) -> None:
    items = {f"dynamodb:{a}" for a in ("GetItem", "PutItem", "UpdateItem", "Query")}
    items |= {"kms:GenerateDataKey", "kms:Decrypt"}
    receive = {
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
    }
    logs = {"logs:CreateLogStream", "logs:PutLogEvents"}
    post = {"execute-api:ManageConnections"}
    read_index = {"s3:ListBucket", "s3:GetObject"}
    logs |= TRACES
    expected = {
        "WebSocketFunction": items | logs | post | {"dynamodb:DeleteItem", "sqs:SendMessage"},
        "AuthorizerFunction": logs | {"dynamodb:DeleteItem"},
        "HttpApiFunction": items
        | logs
        | {f"dynamodb:{a}" for a in ("DeleteItem", "BatchGetItem", "BatchWriteItem")}
        | post
        | read_index
        | {"sqs:SendMessage", "secretsmanager:GetSecretValue"},
        "DeadLetterFunction": items | logs | post | receive,
        "IngestionFunction": logs
        | receive
        | read_index
        | {"s3:PutObject", "s3:DeleteObject", "dynamodb:PutItem"},
        "InferenceFunction": items
        | logs
        | post
        | receive
        | read_index
        | JOINS_A_NETWORK
        | {"sqs:ChangeMessageVisibility", "secretsmanager:GetSecretValue"},
    }
    roles = of_type(translated, "AWS::IAM::Role")
    granted = {
        name: set().union(*(actions(s) for s in allowed(roles[target(f["Role"])])))
        for name, f in of_type(translated, "AWS::Lambda::Function").items()
    }
    assert granted == expected


NAMED = {"Name", "BucketName", "TableName", "QueueName", "FunctionName", "RoleName", "LogGroupName"}
OF_ITS_PARENT = {"AWS::Lambda::Alias", "AWS::ApiGatewayV2::Authorizer"}
"""Kinds whose name is one within another resource, such as a function."""


def test_two_environments_can_live_in_one_account(translated: Template) -> None:
    for name, resource in translated["Resources"].items():
        if resource["Type"] not in OF_ITS_PARENT:
            for given in NAMED & resource.get("Properties", {}).keys():
                assert "AWS::StackName" in json.dumps(resource["Properties"][given]) or (
                    isinstance(resource["Properties"][given], dict)
                ), f"{name} has one name in every stack"


def test_no_function_may_change_or_delete_a_row_of_the_audit_trail(translated: Template) -> None:
    changes = {"dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"}
    prefix = audit_pk("t", "d").split("#")[0]
    roles = of_type(translated, "AWS::IAM::Role")
    for function in of_type(translated, "AWS::Lambda::Function").values():
        role = roles[target(function["Role"])]
        granted = [s for s in allowed(role) if actions(s) & changes]
        denied = [s for s in statements(role) if s["Effect"] == "Deny"]
        for statement in granted:
            only = statement.get("Condition", {}).get("ForAllValues:StringLike", {})
            if "dynamodb:LeadingKeys" in only:
                assert only["dynamodb:LeadingKeys"] == ["TICKET#*"]
                continue
            (never,) = denied
            assert actions(never) == changes
            assert target(never["Resource"]) == target(statement["Resource"])
            keys = {"dynamodb:LeadingKeys": [f"{prefix}#*"]}
            assert never["Condition"] == {"ForAnyValue:StringLike": keys}


def test_a_conversation_s_key_is_given_out_for_named_tenants_only(translated: Template) -> None:
    for role in of_type(translated, "AWS::IAM::Role").values():
        for statement in statements(role):
            if any(action.startswith("kms:") for action in actions(statement)):
                assert statement["Resource"] == {"Ref": "ConversationKeyArn"}
                assert statement["Condition"] == {
                    "StringEquals": {"kms:EncryptionContext:application": APPLICATION},
                    "ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "tenant"},
                }


def test_a_function_writes_only_its_own_logs(translated: Template) -> None:
    roles = of_type(translated, "AWS::IAM::Role")
    for function in of_type(translated, "AWS::Lambda::Function").values():
        for statement in statements(roles[target(function["Role"])]):
            if "logs:PutLogEvents" in actions(statement):
                group = target(function["LoggingConfig"]["LogGroup"])
                assert target(statement["Resource"]) == group


# --- environments ---------------------------------------------------------------------------------


def test_samconfig_sets_only_parameters_that_exist(written: Template) -> None:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    environments = {}
    for name in ("default", "dev", "prod"):
        overrides = config[name]["deploy"]["parameters"]["parameter_overrides"]
        values = dict(override.split("=", 1) for override in overrides)
        assert values.keys() <= written["Parameters"].keys()
        environments[name] = values["Environment"]
    assert environments == {"default": "dev", "dev": "dev", "prod": "prod"}
    assert config["prod"]["deploy"]["parameters"]["confirm_changeset"] is True
