"""What a stack holds that its deletion would stumble over or leave behind. Read-only."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deploy.clients import Clients
from deploy.parameters import read_template
from deploy.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TABLE, BUCKET, LOG_GROUP = "AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::Logs::LogGroup"
NESTED = "AWS::CloudFormation::Stack"
EMPTIABLE = {
    "documents": "DocumentBucketName",
    "page": "PageBucketName",
    "index": "IndexBucketName",
}
"""What can be emptied by consent -> the output that names its bucket; in the order in which it has
to be done, since documents that go are told to the function that makes an index of the rest."""
IRREPLACEABLE = {"documents": "what people have uploaded", "index": "what was indexed of it"}
"""What of it nothing in the repository makes again."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of a stack. ``kept`` ones outlive it by their deletion policy."""

    logical_id: str
    kind: str
    name: str
    kept: bool


@dataclass(frozen=True, slots=True)
class Holding:
    """What a stack holds that its deletion would stumble over or leave behind."""

    stack: Stack
    resources: tuple[Resource, ...]
    protected_tables: tuple[str, ...]
    full_buckets: tuple[Resource, ...]

    def to_empty(self, consent: Collection[str]) -> list[Resource]:
        """The buckets that have to be emptied and may be. ``consent`` is of ``EMPTIABLE``."""
        names = [
            self.stack.outputs.get(out) for which, out in EMPTIABLE.items() if which in consent
        ]
        full = {bucket.name: bucket for bucket in self.full_buckets}
        return [full[name] for name in names if name in full]


def survey(stack: Stack, clients: Clients) -> Holding:
    """Look at what the stack holds."""
    resources = tuple(_resources(stack.stack_id, clients))
    tables = [r.name for r in resources if r.kind == TABLE and not r.kept]
    buckets = [r for r in resources if r.kind == BUCKET and not r.kept]
    return Holding(
        stack=stack,
        resources=resources,
        protected_tables=tuple(t for t in tables if _is_protected(t, clients)),
        full_buckets=tuple(b for b in buckets if _holds_something(clients.s3, b.name)),
    )


def _resources(stack: str, clients: Clients) -> Iterator[Resource]:
    """The resources of a stack and of those nested in it."""
    declared = _declared(stack, clients)
    pages = clients.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    for page in pages:
        for found in page["StackResourceSummaries"]:
            name = found.get("PhysicalResourceId")
            if not name or found["ResourceStatus"] == "DELETE_COMPLETE":
                continue
            policy = declared.get(found["LogicalResourceId"], {}).get("DeletionPolicy")
            kept = policy in ("Retain", "RetainExceptOnCreate")
            yield Resource(found["LogicalResourceId"], found["ResourceType"], name, kept)
            if found["ResourceType"] == NESTED and not kept:
                yield from _resources(name, clients)


def _declared(stack: str, clients: Clients) -> dict[str, Any]:
    """The resources of the template as SAM translated it, by logical id."""
    body: Any = clients.cloudformation.get_template(StackName=stack, TemplateStage="Processed")[
        "TemplateBody"
    ]
    parsed = body if isinstance(body, dict) else read_template(body)
    resources: dict[str, Any] = parsed["Resources"]
    return resources


def _is_protected(table: str, clients: Clients) -> bool:
    try:
        described = clients.dynamodb.describe_table(TableName=table)["Table"]
    except clients.dynamodb.exceptions.ResourceNotFoundException:
        return False
    return described.get("DeletionProtectionEnabled", False)


def _holds_something(s3: S3Client, bucket: str) -> bool:
    try:
        found = s3.list_object_versions(Bucket=bucket, MaxKeys=1)
    except s3.exceptions.NoSuchBucket:
        return False
    return bool(found.get("Versions") or found.get("DeleteMarkers"))
