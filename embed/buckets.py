"""Which bucket a command means: named, or found by the outputs of a stack."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from copilot.index_bundle.bucket import IndexBucket
from embed.errors import EmbedError

INDEX_BUCKET_OUTPUT = "IndexBucketName"


class BucketNotFound(EmbedError):
    """The stack does not exist or has no such bucket."""


def index_bucket(name: str | None, stack: str | None) -> IndexBucket:
    """The bucket ``name``, or that of the CloudFormation stack ``stack``.

    Raises:
        BucketNotFound: the stack cannot be asked, or names none.
    """
    import boto3
    from botocore.config import Config

    try:
        client = boto3.client("s3", config=Config(retries={"mode": "standard"}))
        return IndexBucket(client, name or bucket_of(stack or "", INDEX_BUCKET_OUTPUT))
    except BotoCoreError as error:
        raise BucketNotFound(f"AWS cannot be reached: {error}") from error


def bucket_of(stack: str, output: str) -> str:
    """The bucket that a stack names in ``output``.

    Raises:
        BucketNotFound: see ``index_bucket``.
    """
    import boto3

    try:
        found = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    except (BotoCoreError, ClientError) as error:
        raise BucketNotFound(
            f"The stack {stack} cannot be asked for its bucket: {error} "
            "Deploy it first, or name the bucket: --bucket NAME (make: BUCKET=NAME)."
        ) from error
    for item in found.get("Outputs", []):
        if item.get("OutputKey") == output:
            return str(item.get("OutputValue"))
    raise BucketNotFound(f"The stack {stack} has no output {output}. Deploy this version of it.")
