"""A stack on moto that looks like ours from outside, and programs that a test scripts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.clients import Clients
from deploy.parameters import Environment, read_declared, settled
from deploy.preflight import Intent
from deploy.problems import Stopped

ROOT = Path(__file__).resolve().parents[2]
NAME = "energycopilot-dev"
PAGE_BUCKET, INDEX_BUCKET, TABLE = "page-of-a-test", "index-of-a-test", "conversations-of-a-test"
URLS = {
    "WebSocketUrl": "wss://socket.example.com/dev",
    "HttpApiUrl": "https://api.example.com",
    "PageUrl": "https://page.example.com",
}


@dataclass
class ScriptedPrograms:
    """Programs at the edge: what ``ask`` prints is scripted, what is run is kept or acted out."""

    answers: dict[str, str | None]
    act: dict[str, Callable[[Sequence[str]], None]] = field(default_factory=dict)
    ran: list[list[str]] = field(default_factory=list)

    def run(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self.ran.append(list(command))
        for words, action in self.act.items():
            if words in " ".join(command):
                action(command)

    def ask(self, command: Sequence[str]) -> str | None:
        return next((a for words, a in self.answers.items() if words in " ".join(command)), None)


def programs(**act: Callable[[Sequence[str]], None]) -> ScriptedPrograms:
    """A machine with Docker for arm64 and a built image."""
    return ScriptedPrograms(
        {"docker info": "linux aarch64", "docker image inspect": "arm64"},
        {words.replace("_", " "): action for words, action in act.items()},
    )


def failing(reason: str) -> Callable[[Sequence[str]], None]:
    def fail(_: Sequence[str]) -> None:
        raise Stopped(reason)

    return fail


def intent(index: Path, *, smoke: bool = False, **given: str) -> Intent:
    """To deploy the template of the repository to dev."""
    declared = read_declared(ROOT / "template.yaml")
    return Intent(
        environment=Environment("dev", NAME, {}),
        declared=declared,
        values=settled(declared, {"Environment": "dev", "Architecture": "arm64"}, given),
        index=index,
        credential=None,
        smoke=smoke,
    )


def template(
    *, distribution: str = "", table: Mapping[str, Any] | None = None, kept: bool = False
) -> str:
    """What stands in an account: a table, two buckets, a group of logs."""
    key = {"AttributeName": "PK", "AttributeType": "S"}
    properties = {
        "TableName": TABLE,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [key],
        "KeySchema": [{"AttributeName": "PK", "KeyType": "HASH"}],
        **(table or {}),
    }
    return json.dumps(
        {
            "Parameters": {"AuthMode": {"Type": "String", "Default": "none"}},
            "Resources": {
                "Table": {
                    "Type": "AWS::DynamoDB::Table",
                    "DeletionPolicy": "Retain" if kept else "Delete",
                    "Properties": properties,
                },
                "PageBucket": {
                    "Type": "AWS::S3::Bucket",
                    "Properties": {"BucketName": PAGE_BUCKET},
                },
                "IndexBucket": {
                    "Type": "AWS::S3::Bucket",
                    "Properties": {"BucketName": INDEX_BUCKET},
                },
                "Logs": {
                    "Type": "AWS::Logs::LogGroup",
                    "Properties": {"LogGroupName": f"/aws/lambda/{NAME}-Logs"},
                },
            },
            "Outputs": {
                name: {"Value": value}
                for name, value in {
                    **URLS,
                    "PageBucketName": PAGE_BUCKET,
                    "IndexBucketName": INDEX_BUCKET,
                    "PageDistributionId": distribution or "none",
                }.items()
            },
        }
    )


def deployed(clients: Clients, *, protected: bool = False, **shape: Any) -> None:
    """The stack, created on moto with a distribution of its own."""
    made = clients.cloudfront.create_distribution(
        DistributionConfig={
            "CallerReference": "test",
            "Comment": "",
            "Enabled": True,
            "Origins": {
                "Quantity": 1,
                "Items": [
                    {
                        "Id": "page",
                        "DomainName": f"{PAGE_BUCKET}.s3.amazonaws.com",
                        "S3OriginConfig": {"OriginAccessIdentity": ""},
                    }
                ],
            },
            "DefaultCacheBehavior": {
                "TargetOriginId": "page",
                "ViewerProtocolPolicy": "redirect-to-https",
            },
        }
    )
    clients.cloudformation.create_stack(
        StackName=NAME,
        TemplateBody=template(distribution=made["Distribution"]["Id"], **shape),
        EnableTerminationProtection=protected,
    )
    # moto's CloudFormation leaves this property of a bucket out.
    clients.s3.put_bucket_versioning(
        Bucket=PAGE_BUCKET, VersioningConfiguration={"Status": "Enabled"}
    )
