"""What can be known before anything is built or changed. Every check is read-only."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from deploy.clients import Clients
from deploy.parameters import Environment, faults
from deploy.problems import Stopped
from deploy.programs import Programs
from deploy.stack import obstacle, read_stack

if TYPE_CHECKING:
    from typing import Any

EMULATORS = Path("/proc/sys/fs/binfmt_misc")
DOCKERS_NAME = {"aarch64": "arm64", "amd64": "x86_64"}
IMAGE_REPOSITORY = "ImageRepository"
"""The output of the account's stack that names where images are pushed."""
QEMU_NAME = {"arm64": "qemu-aarch64", "x86_64": "qemu-x86_64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is about to be deployed: ``template`` with ``values`` for all its parameters, ``index``
    in the image. ``credential`` is for the question at the end, which ``smoke`` asks for."""

    environment: Environment
    template: Mapping[str, Any]
    values: Mapping[str, str]
    index: Path
    credential: str | None
    smoke: bool


def check(
    intent: Intent,
    clients: Callable[[], Clients],
    programs: Programs,
    say: Callable[[str], None],
    emulators: Path = EMULATORS,
) -> Clients:
    """Check everything, say what holds, and return the clients.

    ``clients`` makes them; it is called once the rest is known not to need them.

    Raises:
        Stopped: with a sentence for each thing that is wrong; nothing was changed.
    """
    reasons = [
        *faults(intent.template, intent.values),
        *_workers(intent.values),
        *_sign_in_of_smoke(intent),
        *_index(intent.index),
        *_docker(intent.values["Architecture"], programs, emulators),
    ]
    made = None
    try:
        made = clients()
        reasons += _account(made, say)
    except Stopped as stopped:
        reasons += stopped.reasons
        made = None
    if made is not None:
        try:
            reasons += _secrets(intent.values, made)
            reasons += _shared(intent.environment.account_stack, made)
            if why := obstacle(
                read_stack(made.cloudformation, intent.environment.stack), intent.environment.name
            ):
                reasons.append(why)
        except (ClientError, BotoCoreError) as error:
            reasons.append(f"AWS does not answer as it should: {error}")
    if reasons or made is None:
        raise Stopped(*reasons)
    if intent.values.get("Retriever") == "qdrant":
        say(
            "  Retriever=qdrant: workers need the vectors of their index in Qdrant beforehand "
            "(python -m embed publish-qdrant), and documents that are uploaded are not indexed"
        )
    say("  parameters, secrets, image builder and stack are in order")
    return made


def _workers(values: Mapping[str, str]) -> list[str]:
    """What rules of a template cannot compare: numbers."""
    names = ("ReservedConcurrency", "MaximumConcurrency")
    if not all(values[name].isdigit() for name in names):
        return []  # Refused as a number, or allowed as one.
    reserved, most = (int(values[name]) for name in names)
    if reserved == 0 or reserved > most:
        return []
    return [
        f"ReservedConcurrency={reserved} must be more than MaximumConcurrency={most}: the warm-up "
        "needs one besides, and questions that find no worker end as dead letters. 0 reserves none."
    ]


def _sign_in_of_smoke(intent: Intent) -> list[str]:
    if not intent.smoke or intent.values.get("AuthMode", "none") == "none" or intent.credential:
        return []
    return [
        "People sign in to this stack, and so must the question that is asked at the end: set "
        "SMOKE_CREDENTIAL to an API key or ID token, or deploy with SMOKE=no."
    ]


def _index(index: Path) -> list[str]:
    if (index / "manifest.json").is_file():
        return []
    return [f"There is no index in {index}, and the image carries one. Build it: make index"]


def _docker(architecture: str, programs: Programs, emulators: Path) -> list[str]:
    host = programs.ask(["docker", "info", "--format", "{{.OSType}} {{.Architecture}}"])
    if not host:
        return [
            "Docker does not answer, and the image is built with it: install or start Docker, "
            "and see that `docker info` works without sudo."
        ]
    machine = host.split()[-1]
    native = DOCKERS_NAME.get(machine, machine)
    wanted = QEMU_NAME.get(architecture, architecture)
    emulated = (emulators / wanted).exists() or (emulators / wanted.replace("qemu-", "")).exists()
    if native == architecture or emulated or not emulators.is_dir():
        # Without that directory Docker runs in a machine of its own (Docker Desktop, Colima), which
        # brings its emulators along.
        return []
    return [
        f"Docker here builds for {native} and the functions run on {architecture}: install "
        "qemu-user-static, so that it can emulate, or run the functions on this machine's kind: "
        f"deploy with ARCH={native}."
    ]


def _account(clients: Clients, say: Callable[[str], None]) -> list[str]:
    try:
        caller = clients.sts.get_caller_identity()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return [
            f"AWS refuses the credentials of this shell ({code}). Sign in again, for instance: "
            "aws sso login"
        ]
    except BotoCoreError as error:
        return [
            f"There are no AWS credentials to work with ({error}). Sign in, for instance with "
            "`aws configure sso`, or set AWS_PROFILE."
        ]
    say(f"  account {caller['Account']} in {clients.region}, as {caller['Arn']}")
    return []


def _shared(account_stack: str, clients: Clients) -> list[str]:
    stack = read_stack(clients.cloudformation, account_stack)
    if stack is not None and IMAGE_REPOSITORY in stack.outputs:
        return []
    return [
        f"This account has no stack {account_stack} in {clients.region} yet, with the repository "
        "of images and the role by which APIs log. Deploy it, once: make account"
    ]


_SECRET = re.compile(r"^arn:[^:]+:secretsmanager:([^:]+):")


def _secrets(values: Mapping[str, str], clients: Clients) -> list[str]:
    reasons = []
    for name, arn in values.items():
        if name.endswith("SecretArn") and arn:
            place = _SECRET.match(arn)
            if place is None:
                continue  # Refused by its pattern already.
            if place[1] != clients.region:
                reasons.append(
                    f"{name} names a secret in {place[1]}, but the stack is in {clients.region}. "
                    "Replicate the secret there, or deploy to its region."
                )
            elif why := _unreadable(arn, clients):
                reasons.append(f"{name}: {why}")
    return reasons


def _unreadable(arn: str, clients: Clients) -> str | None:
    try:
        secret = clients.secrets.describe_secret(SecretId=arn)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "ResourceNotFoundException":
            return (
                f"there is no secret {arn}. Create it with `aws secretsmanager create-secret`, and "
                "name its whole ARN, with the six random characters."
            )
        return f"the secret {arn} cannot be looked at ({code}); ask for that permission."
    if secret.get("DeletedDate"):
        return (
            f"the secret {arn} is being deleted. Keep it: "
            f"aws secretsmanager restore-secret --secret-id {arn}"
        )
    stages = secret.get("VersionIdsToStages", {}).values()
    if not any("AWSCURRENT" in stage for stage in stages):
        return (
            f"the secret {arn} has no value yet: "
            f"aws secretsmanager put-secret-value --secret-id {arn} --secret-string ..."
        )
    return None
