"""The bucket that the page is served from, and the distribution before it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from deploy.page import PageFile, Stored, Upload

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_s3 import S3Client

SUPERSEDED = "superseded-on"
"""The tag that says since when no build names an object."""
SHA256 = "sha256"


def look(s3: S3Client, bucket: str, hashed: Callable[[str], bool]) -> dict[str, Stored]:
    """What the bucket holds, by key. ``hashed`` says whether a name changes with its content."""
    stored = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for found in page.get("Contents", []):
            key = found["Key"]
            stored[key] = Stored(
                sha256=None if hashed(key) else _sha256(s3, bucket, key),
                superseded=_superseded(s3, bucket, key),
            )
    return stored


def carry_out(s3: S3Client, bucket: str, upload: Upload, today: date) -> None:
    """Change the bucket. Whatever breaks off in between leaves a page that works: the old one."""
    for key in upload.reinstate:
        s3.delete_object_tagging(Bucket=bucket, Key=key)
    for file in upload.put:
        _put(s3, bucket, file)
    for key in upload.supersede:
        s3.put_object_tagging(
            Bucket=bucket,
            Key=key,
            Tagging={"TagSet": [{"Key": SUPERSEDED, "Value": today.isoformat()}]},
        )
    for key in upload.delete:
        s3.delete_object(Bucket=bucket, Key=key)


def invalidate(
    cloudfront: CloudFrontClient, distribution: str, paths: tuple[str, ...], reference: str
) -> str:
    """Let the distribution forget ``paths``; returns the invalidation's id. The same ``reference``
    with the same paths is the same invalidation."""
    made = cloudfront.create_invalidation(
        DistributionId=distribution,
        InvalidationBatch={
            "Paths": {"Quantity": len(paths), "Items": list(paths)},
            "CallerReference": reference,
        },
    )
    return str(made["Invalidation"]["Id"])


def _put(s3: S3Client, bucket: str, file: PageFile) -> None:
    s3.put_object(
        Bucket=bucket,
        Key=file.key,
        Body=file.body,
        ContentType=file.content_type,
        CacheControl=file.cache_control,
        Metadata={SHA256: file.sha256},
    )


def _sha256(s3: S3Client, bucket: str, key: str) -> str | None:
    metadata: dict[str, str] = s3.head_object(Bucket=bucket, Key=key)["Metadata"]
    return metadata.get(SHA256)


def _superseded(s3: S3Client, bucket: str, key: str) -> date | None:
    try:
        tags = s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchTagSet"):
            return None
        raise
    for tag in tags:
        if tag["Key"] == SUPERSEDED:
            return date.fromisoformat(tag["Value"])
    return None
