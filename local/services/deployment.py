"""Deploys the template's tables, queues, secrets, keys and buckets into the emulated services.

By CloudFormation, so that nothing is declared twice. An unchanged template is left alone.
"""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local.declared.sam import REGION, STACK_NAME, TemplateError
from local.declared.template import attribute_output
from local.functions.function_environment import CREDENTIALS

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient

TIMEOUT_S = 60.0
_HASH_TAG = "template-sha256"
_BAD_ENDINGS = ("FAILED", "ROLLBACK_COMPLETE")


def deploy(endpoint: str, template: dict[str, Any]) -> dict[str, str]:
    """Create or update the stack; returns its outputs. Blocking.

    Raises:
        TemplateError: the services refused it.
    """
    client = _client("cloudformation", endpoint)
    body = json.dumps(template, sort_keys=True)
    digest = hashlib.sha256(body.encode()).hexdigest()
    stack = _describe(client)
    if stack is None or _tags(stack).get(_HASH_TAG) != digest:
        change = client.create_stack if stack is None else client.update_stack
        try:
            change(
                StackName=STACK_NAME,
                TemplateBody=body,
                Tags=[{"Key": _HASH_TAG, "Value": digest}],
            )
        except ClientError as error:
            # Only the tag differs from what is deployed: nothing to do.
            if "No updates are to be performed" not in str(error):
                raise TemplateError(f"The services refuse the template: {error}") from error
        stack = _wait(client)
        _set_expiry(endpoint, template, _outputs(stack))
    return _outputs(stack)


def secret_text(endpoint: str, secret_id: str) -> str:
    """The value of a secret.

    Raises:
        TemplateError: there is none.
    """
    try:
        return str(
            _client("secretsmanager", endpoint).get_secret_value(SecretId=secret_id)["SecretString"]
        )
    except ClientError as error:
        raise TemplateError(f"The secret {secret_id} does not exist here: {error}") from error


def _set_expiry(endpoint: str, template: dict[str, Any], outputs: dict[str, str]) -> None:
    """Time-to-live by its own call: the emulator's CloudFormation leaves it out."""
    for name, resource in template["Resources"].items():
        expiry = resource.get("Properties", {}).get("TimeToLiveSpecification")
        if resource["Type"] == "AWS::DynamoDB::Table" and expiry:
            _client("dynamodb", endpoint).update_time_to_live(
                TableName=outputs[attribute_output(name, None)], TimeToLiveSpecification=expiry
            )


def _describe(client: CloudFormationClient) -> Any | None:
    try:
        return client.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def _wait(client: CloudFormationClient) -> Any:
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        stack = _describe(client)
        status = stack["StackStatus"] if stack else "GONE"
        if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            return stack
        if status.endswith(_BAD_ENDINGS) or status == "GONE":
            raise TemplateError(f"The services could not deploy the template: {_why(client)}")
        time.sleep(0.02)
    raise TemplateError("The services did not deploy the template in time.")


def _why(client: CloudFormationClient) -> str:
    events = client.describe_stack_events(StackName=STACK_NAME)["StackEvents"]
    reasons = [
        f"{event.get('LogicalResourceId')}: {event.get('ResourceStatusReason')}"
        for event in events
        if "FAILED" in event.get("ResourceStatus", "")
    ]
    return "; ".join(reasons) or "no reason given"


def _outputs(stack: Any) -> dict[str, str]:
    return {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}


def _tags(stack: Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}


def _client(service: Any, endpoint: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        # They answer already; a start that is interrupted must not wait for retries.
        config=Config(retries={"total_max_attempts": 1}),
    )
