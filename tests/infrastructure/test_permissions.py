"""Every action that a role allows is called somewhere in the code of its function, and the roles
and stores of the stack are closed. What a function calls beyond its role, the local stack refuses.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from local.declared.blueprint import Function
from local.declared.template import Template as LocalTemplate
from local.declared.template import dockerfile_handler
from local.options import ROOT
from tests.infrastructure.iam_actions import known_resources
from tests.infrastructure.test_template import (
    JOINS_A_NETWORK,
    Template,
    actions,
    allowed,
    of_type,
    statements,
    target,
    walk,
)

BY_LAMBDA_ITSELF = {
    # Reading a queue and writing logs happen in the function's name, by no code of its own.
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    *JOINS_A_NETWORK,
}
CALLED_AS = {
    "execute-api:ManageConnections": ("post_to_connection", "delete_connection", "@connections"),
    "s3:ListBucket": ("list_objects_v2", "head_bucket"),
    "kms:GenerateDataKey": ("generate_data_key",),
}
IN_TRANSACTIONS = {
    "dynamodb:PutItem": '"Put"',
    "dynamodb:UpdateItem": '"Update"',
    "dynamodb:DeleteItem": '"Delete"',
    "dynamodb:ConditionCheckItem": '"ConditionCheck"',
}


def imported(module: str) -> Iterator[str]:
    """The modules of this repository that one imports when it runs."""
    path = file_of(module)
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            node.body = []
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            if is_ours(name):
                yield name


def file_of(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def is_ours(module: str) -> bool:
    return (ROOT / module.split(".")[0]).is_dir() and file_of(module).is_file()


@cache
def code_of(handler: str) -> str:
    """The source of a function's entry and of everything that it imports."""
    seen: set[str] = set()
    waiting = [handler.rpartition(".")[0]]
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            waiting += imported(module)
    return "\n".join(file_of(module).read_text() for module in sorted(seen))


def calls(code: str, action: str) -> bool:
    """Whether code requests an action, by a client's method or by the request's name."""
    name = action.partition(":")[2]
    method = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    wanted = [f".{method}(", f'"{name}"', f".{name}", *CALLED_AS.get(action, ())]
    if "ransact" in code and action in IN_TRANSACTIONS:
        wanted.append(IN_TRANSACTIONS[action])
    return any(word in code for word in wanted)


@pytest.fixture(scope="module")
def functions() -> dict[str, Function]:
    template = LocalTemplate.load(ROOT / "template.yaml", {})
    handlers = {
        name: dockerfile_handler((ROOT / dockerfile).read_text()) or ""
        for name, dockerfile in template.image_functions().items()
    }
    return dict(template.blueprint({}, {}, handlers).functions)


def test_every_action_that_a_role_allows_is_called_by_its_function(
    functions: dict[str, Function], translated: Template
) -> None:
    roles = of_type(translated, "AWS::IAM::Role")
    for function in functions.values():
        code = code_of(function.handler)
        # Of the template as such: what a condition adds counts too.
        granted = set().union(*(actions(s) for s in allowed(roles[function.role])))
        idle = {a for a in granted - BY_LAMBDA_ITSELF if not calls(code, a)}
        assert not idle, f"{function.role} allows what {function.name} never calls: {idle}"


def test_a_permission_that_nothing_uses_would_be_noticed(functions: dict[str, Function]) -> None:
    code = code_of(functions["AuthorizerFunction"].handler)
    assert calls(code, "dynamodb:DeleteItem")
    assert not calls(code, "dynamodb:Scan")
    assert not calls(code, "sqs:SendMessage")
    assert not calls(code, "secretsmanager:GetSecretValue")


def test_only_the_service_that_a_role_is_for_may_take_it(translated: Template) -> None:
    services = set()
    for role in of_type(translated, "AWS::IAM::Role").values():
        for statement in role["AssumeRolePolicyDocument"]["Statement"]:
            assert statement["Effect"] == "Allow"
            services |= set(_several(statement["Principal"]["Service"]))
    assert services <= {f"{s}.amazonaws.com" for s in ("codedeploy", "lambda", "scheduler")}


def test_each_function_has_a_role_of_its_own(translated: Template) -> None:
    roles = [target(f["Role"]) for f in of_type(translated, "AWS::Lambda::Function").values()]
    assert len(roles) == len(set(roles))


def test_every_wildcard_in_a_template_has_a_comment_that_says_why() -> None:
    for template in (ROOT / "template.yaml", *sorted((ROOT / "infra").glob("*.yaml"))):
        lines = template.read_text().splitlines()
        for number, line in enumerate(lines):
            if re.search(r'(Resource|Principal|Action):\s*\[?\s*["\']?(\w+:)?\*["\']?', line):
                nearby = "\n".join(lines[max(0, number - 5) : number + 1])
                if "Effect: Deny" not in nearby:
                    assert "#" in nearby, f"{template.name}:{number + 1}: {line.strip()}"


def test_every_action_that_a_role_names_exists_and_can_be_allowed_on_what_it_is_allowed_on(
    written: Template,
) -> None:
    looked_at = 0
    for template in every_template(written):
        for name, role in of_type(template, "AWS::IAM::Role").items():
            for statement in statements(role):
                for action in sorted(a for a in actions(statement) if "*" not in a):
                    forms = known_resources(action)
                    looked_at += 1
                    if statement["Resource"] != "*":
                        assert forms, f"{name}: {action} knows no resources: only * allows it"
    assert looked_at > 100


ENCRYPTED_BY = {
    "AWS::DynamoDB::Table": "SSESpecification",
    "AWS::S3::Bucket": "BucketEncryption",
    "AWS::ECR::Repository": "EncryptionConfiguration",
}


def every_template(written: Template) -> Iterator[Template]:
    from tests.infrastructure.translate import source

    yield written
    for path in sorted((ROOT / "infra").glob("*.yaml")):
        yield source(path)


def test_every_store_is_encrypted(written: Template) -> None:
    stores = 0
    for template in every_template(written):
        for name, resource in template["Resources"].items():
            properties = resource.get("Properties", {})
            if resource["Type"] in ENCRYPTED_BY:
                stores += 1
                assert properties[ENCRYPTED_BY[resource["Type"]]], name
            if resource["Type"] == "AWS::SQS::Queue":
                stores += 1
                assert properties.get("SqsManagedSseEnabled") or properties["KmsMasterKeyId"], name
            if resource["Type"] == "AWS::EC2::Volume":
                stores += 1
                assert properties["Encrypted"] is True, name
            if resource["Type"] == "AWS::EC2::LaunchTemplate":
                for mapping in properties["LaunchTemplateData"]["BlockDeviceMappings"]:
                    assert mapping["Ebs"]["Encrypted"] is True, name
    assert stores >= 5


def test_every_bucket_is_private_and_refuses_plain_http(written: Template) -> None:
    buckets = 0
    for template in every_template(written):
        policies = {
            target(p["Bucket"]): p for p in of_type(template, "AWS::S3::BucketPolicy").values()
        }
        for name, bucket in of_type(template, "AWS::S3::Bucket").items():
            buckets += 1
            assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}, name
            denied = [
                s for s in policies[name]["PolicyDocument"]["Statement"] if s["Effect"] == "Deny"
            ]
            assert any("aws:SecureTransport" in _keys(s["Condition"]) for s in denied), name
    assert buckets >= 1


def test_what_holds_data_is_kept_or_said_to_go(written: Template) -> None:
    holding = {
        "AWS::DynamoDB::Table",
        "AWS::SQS::Queue",
        "AWS::S3::Bucket",
        "AWS::ECR::Repository",
        "AWS::EC2::Volume",
        "AWS::Cognito::UserPool",
        "AWS::KMS::Key",
        "AWS::Logs::LogGroup",
    }
    for template in every_template(written):
        for name, resource in template["Resources"].items():
            if resource["Type"] in holding:
                assert {"DeletionPolicy", "UpdateReplacePolicy"} <= resource.keys(), name


def _keys(condition: Any) -> set[str]:
    return {key for value in walk(condition) if isinstance(value, dict) for key in value}


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
