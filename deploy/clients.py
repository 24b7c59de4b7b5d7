"""The AWS clients of a command, made once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sts import STSClient


@dataclass(frozen=True, slots=True)
class Clients:
    """Every service that a command talks to, in ``region``."""

    region: str
    sts: STSClient
    cloudformation: CloudFormationClient
    secrets: SecretsManagerClient
    s3: S3Client
    cloudfront: CloudFrontClient
    dynamodb: DynamoDBClient
    logs: CloudWatchLogsClient
    ecr: ECRClient


def make_clients(region: str) -> Clients:
    """Clients with the credentials of the shell."""
    session = boto3.Session(region_name=region)
    return Clients(
        region=region,
        sts=session.client("sts"),
        cloudformation=session.client("cloudformation"),
        secrets=session.client("secretsmanager"),
        s3=session.client("s3"),
        cloudfront=session.client("cloudfront"),
        dynamodb=session.client("dynamodb"),
        logs=session.client("logs"),
        ecr=session.client("ecr"),
    )
