"""Clients made without boto3 are boto3's own clients."""

from __future__ import annotations

import boto3
import pytest
from botocore.exceptions import DataNotFoundError

from copilot.aws_clients import AwsClients

ENDPOINT = "https://abc.execute-api.eu-central-1.amazonaws.com/dev"


@pytest.mark.parametrize(
    ("service", "endpoint"),
    [
        ("dynamodb", None),
        ("sqs", None),
        ("secretsmanager", None),
        ("kms", None),
        ("apigatewaymanagementapi", ENDPOINT),
    ],
)
def test_a_client_has_the_operations_and_the_endpoint_that_boto3_gives_it(
    aws: None, service: str, endpoint: str | None
) -> None:
    ours = AwsClients().client(service, endpoint_url=endpoint)
    theirs = boto3.client(service, endpoint_url=endpoint)  # type: ignore[call-overload]
    assert ours.meta.endpoint_url == theirs.meta.endpoint_url
    assert ours.meta.region_name == theirs.meta.region_name
    assert ours.meta.method_to_api_mapping == theirs.meta.method_to_api_mapping
    assert ours.meta.service_model.metadata == theirs.meta.service_model.metadata


def test_a_call_reaches_the_service_and_its_errors_come_back_typed(aws: None) -> None:
    client = AwsClients().client("sqs")
    url = client.create_queue(QueueName="questions")["QueueUrl"]
    assert client.get_queue_url(QueueName="questions")["QueueUrl"] == url
    with pytest.raises(client.exceptions.QueueDoesNotExist):
        client.get_queue_url(QueueName="nothing")


def test_a_service_that_does_not_exist_is_refused(aws: None) -> None:
    with pytest.raises(DataNotFoundError):
        AwsClients().client("teapot")
