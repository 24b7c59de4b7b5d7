"""A stack on moto that looks like ours from outside, and programs that a test scripts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.clients import Clients
from deploy.parameters import Environment, read_template, settled
from deploy.preflight import Intent
from deploy.problems import Stopped

ROOT = Path(__file__).resolve().parents[2]
NAME, ACCOUNT = "energycopilot-dev", "energycopilot-account"
REPOSITORY = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/energycopilot/inference"
PAGE_BUCKET, INDEX_BUCKET, TABLE = "page-of-a-test", "index-of-a-test", "conversations-of-a-test"
DOCUMENTS = "documents-of-a-test"
FOREIGN = "something-of-a-test"
"""A bucket that no word of the command empties."""
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
    template = read_template((ROOT / "template.yaml").read_text())
    own = {"Environment": "dev", "Architecture": "arm64"}
    return Intent(
        environment=Environment("dev", NAME, ACCOUNT, {}),
        template=template,
        values=settled(template["Parameters"], own, given),
        index=index,
        credential=None,
        smoke=smoke,
    )


PAGE_TEMPLATE = {
    "Resources": {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": PAGE_BUCKET}},
    }
}
"""The nested stack of the page."""


def template(
    page_template: str,
    distribution: str,
    *,
    table: Mapping[str, Any] | None = None,
    kept: bool = False,
) -> str:
    """What stands in an account: a table, four buckets (one nested), a group of logs."""
    properties = {
        "TableName": TABLE,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "PK", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "PK", "KeyType": "HASH"}],
        **(table or {}),
    }
    outputs = {
        **URLS,
        "PageBucketName": PAGE_BUCKET,
        "IndexBucketName": INDEX_BUCKET,
        "DocumentBucketName": DOCUMENTS,
        "PageDistributionId": distribution,
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
                "Page": {
                    "Type": "AWS::CloudFormation::Stack",
                    "Properties": {"TemplateURL": page_template},
                },
                "IndexBucket": {
                    "Type": "AWS::S3::Bucket",
                    "Properties": {"BucketName": INDEX_BUCKET},
                },
                "Documents": {
                    "Type": "AWS::S3::Bucket",
                    "Properties": {"BucketName": DOCUMENTS},
                },
                "Foreign": {
                    "Type": "AWS::S3::Bucket",
                    "Properties": {"BucketName": FOREIGN},
                },
                "Logs": {
                    "Type": "AWS::Logs::LogGroup",
                    "Properties": {"LogGroupName": f"/aws/lambda/{NAME}-Logs"},
                },
            },
            "Outputs": {name: {"Value": value} for name, value in outputs.items()},
        }
    )


def prepared(clients: Clients) -> None:
    """What `make account` deploys, as far as a deployment looks at it."""
    clients.cloudformation.create_stack(
        StackName=ACCOUNT,
        TemplateBody=json.dumps(
            {
                "Resources": {
                    "Repository": {
                        "Type": "AWS::ECR::Repository",
                        "Properties": {"RepositoryName": REPOSITORY.partition("/")[2]},
                    }
                },
                "Outputs": {"ImageRepository": {"Value": REPOSITORY}},
            }
        ),
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
    artifacts = "artifacts-of-a-test"
    clients.s3.create_bucket(
        Bucket=artifacts, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    clients.s3.put_object(Bucket=artifacts, Key="page", Body=json.dumps(PAGE_TEMPLATE).encode())
    page_template = f"https://{artifacts}.s3.amazonaws.com/page"
    clients.cloudformation.create_stack(
        StackName=NAME,
        TemplateBody=template(page_template, made["Distribution"]["Id"], **shape),
        EnableTerminationProtection=protected,
    )
    # moto's CloudFormation leaves this property of a bucket out.
    clients.s3.put_bucket_versioning(
        Bucket=PAGE_BUCKET, VersioningConfiguration={"Status": "Enabled"}
    )
