"""From a checkout to a page that answers, step by step; each step may be repeated."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from copilot.index_bundle.bucket import BucketUnreachable, IndexBucket
from copilot.index_bundle.manifest import IndexUnusable
from deploy.clients import Clients
from deploy.page import PageFile, Upload, plan, read_page
from deploy.page_bucket import carry_out, invalidate, look
from deploy.preflight import DOCKERS_NAME, IMAGE_REPOSITORY, Intent
from deploy.problems import Stopped
from deploy.programs import ROOT, Programs
from deploy.stack import Stack, read_stack

SAM_DIRECTORY = Path(".aws-sam")
"""Where SAM builds; the parameters of a deployment are written there too."""
IMAGE = "inferencefunction:inference"
"""What SAM calls the image that it builds: the function's name and ``DockerTag``, in lower case."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a deployment does. ``run`` may stop it."""

    title: str
    run: Callable[[], None]


class Deployment:
    """The steps of one deployment, in order.

    ``page`` is the directory of the built page; ``keep_days`` how long the files of earlier builds
    are kept; ``execution_role`` the role (ARN) by which CloudFormation makes the resources, where
    whoever deploys may not make them.
    """

    def __init__(
        self,
        intent: Intent,
        clients: Clients,
        programs: Programs,
        say: Callable[[str], None],
        *,
        page: Path,
        keep_days: int,
        confirmed: bool,
        execution_role: str | None = None,
        root: Path = ROOT,
    ) -> None:
        self._intent = intent
        self._clients = clients
        self._programs = programs
        self._say = say
        self._page = page
        self._keep_days = keep_days
        self._confirmed = confirmed
        self._execution_role = execution_role
        self._root = root

    def steps(self) -> Iterator[Step]:
        """Everything that can fail without AWS comes before the first change."""
        environment, values = self._intent.environment, self._intent.values
        architecture = values["Architecture"]
        yield Step(
            f"Build functions, image and page for {architecture}",
            lambda: self._make("build", "chat-ui/dist/index.html"),
        )
        yield Step("Look at the image", self._check_image)
        yield Step(f"Deploy the stack {environment.stack} with SAM", self._deploy)
        yield Step("Publish an index, where there is none yet", self._publish_index)
        yield Step("Upload the page", self.publish_page)

    def run(self) -> Stack:
        """Take every step.

        Raises:
            Stopped: one failed; ``done`` lists those that had been taken.
        """
        done: list[str] = []
        for number, step in enumerate(self.steps(), start=1):
            self._say(f"\n{number}. {step.title}")
            try:
                step.run()
            except Stopped as stopped:
                raise Stopped(*stopped.reasons, done=done) from stopped
            done.append(step.title)
        return self.stack()

    def stack(self) -> Stack:
        """The stack as it is now.

        Raises:
            Stopped: there is none.
        """
        name = self._intent.environment.stack
        stack = read_stack(self._clients.cloudformation, name)
        if stack is None:
            raise Stopped(
                f"There is no stack {name} in {self._clients.region}. Deploy it first: "
                f"make deploy ENV={self._intent.environment.name}"
            )
        return stack

    def publish_page(self) -> None:
        """Bring the bucket to what is built, and let the distribution forget what changed."""
        stack = self.stack()
        bucket, distribution = stack.output("PageBucketName"), stack.output("PageDistributionId")
        files, upload = self._upload(stack, bucket)
        for line in describe(upload):
            self._say(f"  {line}")
        now = datetime.now(UTC)
        carry_out(self._clients.s3, bucket, upload, now.date())
        if upload.invalidate:
            reference = f"{_entry(files).sha256}-{now:%Y%m%dT%H%M%SZ}"
            made = invalidate(self._clients.cloudfront, distribution, upload.invalidate, reference)
            self._say(f"  the distribution forgets {', '.join(upload.invalidate)} ({made})")

    def plan_page(self) -> list[str]:
        """What ``publish_page`` would do now, in lines for a person."""
        stack = read_stack(self._clients.cloudformation, self._intent.environment.stack)
        if stack is None:
            return ["every file of the page, into the bucket that the stack makes"]
        if not (self._page / "index.html").is_file():
            return ["what the build changes; nothing is built yet"]
        _, upload = self._upload(stack, stack.output("PageBucketName"))
        return [*describe(upload), f"forget: {', '.join(upload.invalidate) or 'nothing'}"]

    def _upload(self, stack: Stack, bucket: str) -> tuple[tuple[PageFile, ...], Upload]:
        files = read_page(self._page, page_configuration(stack))
        stored = look(self._clients.s3, bucket, lambda key: PageFile(key, b"").hashed)
        return files, plan(files, stored, datetime.now(UTC).date(), self._keep_days)

    def _make(self, *targets: str) -> None:
        values = self._intent.values
        self._programs.run(
            [
                *("make", "--no-print-directory", *targets),
                *(f"ENV={self._intent.environment.name}", f"ARCH={values['Architecture']}"),
            ]
        )

    def _check_image(self) -> None:
        built = self._programs.ask(
            ["docker", "image", "inspect", "--format", "{{.Architecture}}", IMAGE]
        )
        wanted = self._intent.values["Architecture"]
        if built is None:
            raise Stopped(
                f"Docker has no image {IMAGE}, which the stack needs; nothing was deployed. Build "
                f"it: make build ENV={self._intent.environment.name} ARCH={wanted}"
            )
        if DOCKERS_NAME.get(built, built) != wanted:
            raise Stopped(
                f"The image {IMAGE} is for {built}, but the functions run on {wanted}; nothing was "
                f"deployed. Build it again: make build ARCH={wanted}"
            )

    def _deploy(self) -> None:
        environment = self._intent.environment
        directory = self._root / SAM_DIRECTORY
        image = self._programs.ask(["docker", "image", "inspect", "--format", "{{.Id}}", IMAGE])
        values = dict(self._intent.values)
        values["Release"] = release(directory / "build", image or "", values)
        file = directory / f"parameters-{environment.name}.yaml"
        file.parent.mkdir(exist_ok=True)
        # JSON is YAML, and SAM reads parameters from YAML only.
        file.write_text(json.dumps(values, indent=1) + "\n")
        self._programs.run(
            [
                *(".venv-sam/bin/sam", "deploy", "--config-env", environment.name),
                *("--region", self._clients.region),
                *("--image-repository", self._image_repository()),
                *("--parameter-overrides", f"file://{file}"),
                *(["--role-arn", self._execution_role] if self._execution_role else []),
                *(["--no-confirm-changeset"] if self._confirmed else []),
            ]
        )

    def _publish_index(self) -> None:
        bucket = IndexBucket(self._clients.s3, self.stack().output("IndexBucketName"))
        try:
            current = bucket.current()
        except (BucketUnreachable, IndexUnusable) as error:
            raise Stopped(str(error)) from error
        if current is None:
            self._make("index-publish")
        else:
            version = current.pointer.version
            self._say(f"  {version} is current and stays so; make index-publish changes it")

    def _image_repository(self) -> str:
        name = self._intent.environment.account_stack
        account = read_stack(self._clients.cloudformation, name)
        if account is None:
            raise Stopped(f"There is no stack {name} in {self._clients.region}: make account")
        return account.output(IMAGE_REPOSITORY)


def release(build: Path, image: str, values: Mapping[str, str]) -> str:
    """A hash of everything that a deployment brings: SHA-256 in hexadecimal, 64 digits.

    The stack publishes new versions of its functions when it differs, and only then: the same
    build with the same parameters is the same release. ``build`` is what SAM has built, ``image``
    the id of the image, ``values`` the parameters.
    """
    digest = hashlib.sha256(image.encode())
    for name, value in sorted(values.items()):
        if name != "Release":
            digest.update(f"{name}={value}\0".encode())
    for path in sorted(build.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(build).as_posix().encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def page_configuration(stack: Stack) -> dict[str, str]:
    """The ``config.json`` of a stack's page.

    Raises:
        Stopped: the stack lacks an output that it names.
    """
    return {
        "websocketUrl": stack.output("WebSocketUrl"),
        "apiUrl": stack.output("HttpApiUrl"),
        "authMode": stack.parameters.get("AuthMode", "none"),
    }


def describe(upload: Upload) -> list[str]:
    """An upload in lines for a person."""
    named: Sequence[tuple[str, Sequence[str]]] = (
        ("upload", [file.key for file in upload.put]),
        ("no longer named, kept for now", upload.supersede),
        ("named again", upload.reinstate),
        ("delete", upload.delete),
    )
    lines = [f"{what} ({len(keys)}): {', '.join(keys)}" for what, keys in named if keys]
    return [*lines, f"unchanged: {upload.unchanged} files"]


def _entry(files: Sequence[PageFile]) -> PageFile:
    return next(file for file in files if file.key == "index.html")
