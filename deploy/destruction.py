"""Takes a stack out of an account, and says what stays behind.

Nothing is deleted before everything that would stop it half-way has been looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from deploy.clients import Clients
from deploy.holdings import (
    BUCKET,
    EMPTIABLE,
    IRREPLACEABLE,
    LOG_GROUP,
    TABLE,
    Holding,
    Resource,
    survey,
)
from deploy.parameters import Environment
from deploy.preflight import IMAGE_REPOSITORY
from deploy.problems import Stopped
from deploy.programs import Programs
from deploy.stack import read_stack

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def destroy(
    environment: Environment,
    clients: Clients,
    programs: Programs,
    say: Callable[[str], None],
    *,
    confirm: Callable[[str], bool],
    consent: Collection[str],
    dry_run: bool = False,
) -> None:
    """Delete the stack of an environment; there is nothing to do where there is none.

    ``confirm`` is asked with the stack's name. ``consent`` names the buckets (of ``EMPTIABLE``)
    whose content may be deleted, all versions.

    Raises:
        Stopped: something stands against it; nothing was deleted.
    """
    name = environment.stack
    stack = read_stack(clients.cloudformation, name)
    if stack is None:
        say(f"There is no stack {name} in {clients.region}; nothing to destroy.")
        return
    holding = survey(stack, clients)
    reasons = list(objections(holding, consent))
    if reasons:
        raise Stopped(*reasons)
    buckets = holding.to_empty(consent)
    for line in _intended(holding, buckets):
        say(line)
    if dry_run:
        return
    if not confirm(name):
        raise Stopped(f"The stack's name was not given; {name} stays as it is.")
    for bucket in buckets:
        say(f"Emptying {bucket.name} ...")
        # Else what is deleted here would be taken out of the index, in a bucket emptied before.
        clients.s3.put_bucket_notification_configuration(
            Bucket=bucket.name, NotificationConfiguration={}
        )
        empty(clients.s3, bucket.name)
    programs.run(
        [
            *(".venv-sam/bin/sam", "delete", "--stack-name", name),
            *("--region", clients.region, "--no-prompts"),
        ]
    )
    say(f"The stack {name} is gone.")
    left = list(leftovers(holding, environment.account_stack, clients))
    for line in left or ["Nothing of it is left."]:
        say(line)


def objections(holding: Holding, consent: Collection[str]) -> Iterator[str]:
    """Why the stack cannot be destroyed now, each with what to do. Pure."""
    stack = holding.stack
    if stack.status.endswith("_IN_PROGRESS"):
        yield f"The stack {stack.name} is in {stack.status}. Wait until that is over."
    if stack.protected:
        yield (
            f"The stack {stack.name} is protected against deletion. If it really has to go: "
            "aws cloudformation update-termination-protection --no-enable-termination-protection "
            f"--stack-name {stack.name}"
        )
    for table in holding.protected_tables:
        yield (
            f"The table {table} is protected against deletion, and holds every conversation and "
            "the audit trail. Back it up (aws dynamodb create-backup --backup-name last "
            f"--table-name {table}), then: aws dynamodb update-table --table-name {table} "
            "--no-deletion-protection-enabled"
        )
    allowed, emptiable = holding.to_empty(consent), holding.to_empty(EMPTIABLE)
    for bucket in holding.full_buckets:
        if bucket in allowed:
            continue
        if bucket in emptiable:
            which = next(w for w, out in EMPTIABLE.items() if stack.outputs.get(out) == bucket.name)
            lost = IRREPLACEABLE.get(which)
            first = (
                f" It holds {lost}, which nothing makes again; copy what you need: aws s3 sync "
                f"s3://{bucket.name} DIRECTORY."
                if lost
                else ""
            )
            yield (
                f"The bucket {bucket.name} of the {which} is not empty.{first} To have it emptied, "
                f'all versions, add EMPTY="{" ".join([*consent, which])}".'
            )
        else:
            yield (
                f"The bucket {bucket.name} ({bucket.logical_id}) is not empty, and this command "
                "deletes nothing that it cannot make again. Copy what you need (aws s3 sync "
                f"s3://{bucket.name} DIRECTORY), then empty it in the S3 console, versions too."
            )


def empty(s3: S3Client, bucket: str) -> None:
    """Delete every object of a bucket, versions and delete markers included."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if not found:
            continue
        deleted = s3.delete_objects(
            Bucket=bucket,
            Delete={
                "Objects": [{"Key": o["Key"], "VersionId": o["VersionId"]} for o in found],
                "Quiet": True,
            },
        )
        if errors := deleted.get("Errors"):
            first = errors[0]
            raise Stopped(
                f"{len(errors)} objects of {bucket} could not be deleted, such as "
                f"{first.get('Key')}: {first.get('Message')}. The stack is still there."
            )


def leftovers(holding: Holding, account_stack: str, clients: Clients) -> Iterator[str]:
    """What outlives a deleted stack and may cost money, each with what removes it."""
    stack = holding.stack.name
    for resource in holding.resources:
        if resource.kind == TABLE and _table_exists(resource.name, clients):
            yield f"Left: table {resource.name}; aws dynamodb delete-table --table-name ..."
        if resource.kind == BUCKET and _bucket_exists(resource.name, clients):
            yield f"Left: bucket {resource.name}; aws s3 rb --force s3://{resource.name}"
        if resource.kept and resource.kind not in (TABLE, BUCKET, LOG_GROUP):
            yield f"Left by its deletion policy: {resource.kind} {resource.name}"
    names = {r.name for r in holding.resources if r.kind == LOG_GROUP}
    for group in sorted(names | set(_log_groups(f"/aws/lambda/{stack}-", clients))):
        if group in _log_groups(group, clients):
            yield f"Left: log group {group}; aws logs delete-log-group --log-group-name ..."
    repository, images = _images(account_stack, clients)
    if images:
        yield (
            f"Left: {images} images in {repository}, which all stacks of this account and region "
            f"share; the oldest expire by themselves. Where this was the last one: "
            f"aws ecr delete-repository --force --repository-name {repository}"
        )


def _intended(holding: Holding, buckets: Sequence[Resource]) -> Iterator[str]:
    kept = [r for r in holding.resources if r.kept]
    yield (
        f"To be destroyed: the stack {holding.stack.name} with "
        f"{len(holding.resources) - len(kept)} resources, its images and its artifacts."
    )
    for table in (r for r in holding.resources if r.kind == TABLE and not r.kept):
        yield f"  {table.name} goes with every conversation and the audit trail"
    for bucket in buckets:
        yield f"  {bucket.name} is emptied first, versions too"
    for resource in kept:
        yield f"  kept: {resource.logical_id} ({resource.kind} {resource.name})"


def _table_exists(table: str, clients: Clients) -> bool:
    try:
        status = clients.dynamodb.describe_table(TableName=table)["Table"]["TableStatus"]
    except clients.dynamodb.exceptions.ResourceNotFoundException:
        return False
    return status != "DELETING"


def _bucket_exists(bucket: str, clients: Clients) -> bool:
    try:
        clients.s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchBucket"):
            return False
        raise
    return True


def _log_groups(prefix: str, clients: Clients) -> Sequence[str]:
    pages = clients.logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
    return [group["logGroupName"] for page in pages for group in page["logGroups"]]


def _images(account_stack: str, clients: Clients) -> tuple[str, int]:
    """The repository that all stacks of the account push to, and how many images it holds."""
    account = read_stack(clients.cloudformation, account_stack)
    if account is None:
        return "", 0
    name = account.outputs.get(IMAGE_REPOSITORY, "").partition("/")[2]
    try:
        pages = clients.ecr.get_paginator("list_images").paginate(repositoryName=name)
        return name, sum(len(page["imageIds"]) for page in pages)
    except clients.ecr.exceptions.RepositoryNotFoundException:
        return name, 0
