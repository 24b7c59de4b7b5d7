"""What CloudFormation says of a stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from deploy.problems import Stopped

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack that exists. ``outputs`` and ``parameters`` are by name."""

    name: str
    stack_id: str
    status: str
    protected: bool
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]

    def output(self, name: str) -> str:
        """One output.

        Raises:
            Stopped: the stack has none of that name.
        """
        value = self.outputs.get(name)
        if not value:
            raise Stopped(
                f"The stack {self.name} has no output {name}; it was deployed from another "
                "template. Deploy it from this one: make deploy."
            )
        return value


def read_stack(cloudformation: CloudFormationClient, name: str) -> Stack | None:
    """The stack of that name, or ``None``."""
    try:
        (found,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    if found["StackStatus"] in ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE"):
        # A change set that nobody has executed yet: SAM takes it up as a new stack.
        return None
    return Stack(
        name=name,
        stack_id=found["StackId"],
        status=found["StackStatus"],
        protected=found.get("EnableTerminationProtection", False),
        outputs={o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", [])},
        parameters={
            p["ParameterKey"]: p.get("ParameterValue", "") for p in found.get("Parameters", [])
        },
    )


def obstacle(stack: Stack | None, environment: str) -> str | None:
    """Why the stack can take no update now, and what to do, or ``None``. Pure."""
    if stack is None:
        return None
    if stack.status in ("ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED"):
        return (
            f"The stack {stack.name} is in {stack.status} and takes no update: its first creation "
            "or its deletion has failed. See its events in the CloudFormation console, then: "
            f"make destroy ENV={environment}, and deploy again."
        )
    if stack.status == "UPDATE_ROLLBACK_FAILED":
        return (
            f"The stack {stack.name} is in UPDATE_ROLLBACK_FAILED. Finish that first: "
            f"aws cloudformation continue-update-rollback --stack-name {stack.name}"
        )
    if stack.status.endswith("_IN_PROGRESS"):
        return (
            f"The stack {stack.name} is in {stack.status}: somebody is deploying. Wait until it is "
            "done, then deploy again."
        )
    return None
