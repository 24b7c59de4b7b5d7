"""Walks one conversation through the built artifacts: `sam local invoke` with the committed events.

ZIP: connect, hello, a question, its dead letter. Image: warm-up, the answer. At last the
image alone, as Lambda runs it: an unprivileged user and a read-only file system.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from msgspec import Struct

from copilot.wire import Accepted, Delta, End, Welcome, decode_event
from tests.infrastructure.image.stand_ins import REGION, Aws, Frames, aws
from tests.infrastructure.translate import ROOT

EVENTS = ROOT / "events"
SMALL_TMP = "/tmp:size=64m"


class Failure(Exception):
    """What an artifact did wrong."""


class Functions(Struct, frozen=True):
    """The built functions and how to invoke them."""

    sam: str
    template: str
    architecture: str
    variables: str

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        """Invoke one function in a container and return its decoded result.

        Raises:
            Failure: SAM failed, or the function raised.
        """
        started = time.monotonic()
        command = [self.sam, "local", "invoke", function, "--template", self.template]
        command += ["--event", "-", "--env-vars", self.variables, "--skip-pull-image"]
        command += ["--parameter-overrides", f"Architecture={self.architecture}"]
        command += ["--region", REGION]
        run = subprocess.run(
            command,
            input=json.dumps(event),
            capture_output=True,
            text=True,
            check=False,
            env={
                **os.environ,
                "AWS_ACCESS_KEY_ID": "example",
                "AWS_SECRET_ACCESS_KEY": "example",
            },
        )
        lines = run.stdout.strip().splitlines()
        if run.returncode != 0 or not lines:
            raise Failure(f"{function} could not be invoked:\n{run.stderr[-4000:]}")
        result = json.loads(lines[-1])
        if isinstance(result, dict) and "errorMessage" in result:
            raise Failure(f"{function} failed: {lines[-1]}\n{run.stderr[-4000:]}")
        say(f"{function}: {time.monotonic() - started:.1f} s")
        return result


def say(line: str) -> None:
    sys.stdout.write(f"  {line}\n")
    sys.stdout.flush()


def event(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return loaded


def expect(condition: bool, what: str) -> None:
    if not condition:
        raise Failure(what)
    say(f"ok: {what}")


def routes(functions: Functions) -> None:
    """Connect and greet through the ZIP function."""
    connected = functions.invoke("WebSocketFunction", event("connect"))
    expect(connected["statusCode"] == 200, "the connection is accepted")
    welcome = decode_event(functions.invoke("WebSocketFunction", event("hello"))["body"])
    expect(isinstance(welcome, Welcome), "hello is answered by welcome")


def ask(functions: Functions, name: str) -> str:
    """Ask through the ZIP function; the id of the accepted answer."""
    accepted = decode_event(functions.invoke("WebSocketFunction", event(name))["body"])
    expect(isinstance(accepted, Accepted), f"the question of {name}.json is accepted")
    assert isinstance(accepted, Accepted)
    return accepted.answer_id


def deliver(cloud: Aws, functions: Functions, function: str, shape: str, answer_id: str) -> None:
    """Take the question off the queue and hand it to a function as its event source would."""
    received = cloud.queues.receive_message(QueueUrl=cloud.queue_url, WaitTimeSeconds=5)
    (message,) = received.get("Messages", [])
    expect(json.loads(message["Body"])["answer_id"] == answer_id, "the queue holds the question")
    cloud.queues.delete_message(QueueUrl=cloud.queue_url, ReceiptHandle=message["ReceiptHandle"])
    batch = event(shape)
    batch["Records"][0]["body"] = message["Body"]
    result = functions.invoke(function, batch)
    expect(result["batchItemFailures"] == [], f"{function} reports no failed message")


def answered(frames: Frames, answer_id: str) -> None:
    """The pushed frames make one complete answer."""
    events = [posted for _, posted in frames.take()]
    text = "".join(e.text for e in events if isinstance(e, Delta))
    end = events[-1] if events else None
    expect(isinstance(end, End) and end.answer_id == answer_id, "the last frame ends the answer")
    assert isinstance(end, End)
    expect(end.state == "done", f"the answer ends as {end.state}, and should as done ({end.error})")
    digest = hashlib.sha256(text.encode()).hexdigest()
    expect(digest == end.sha256, f"{len(events)} frames carry the stored text, byte for byte")


def ended_in_error(frames: Frames, answer_id: str) -> None:
    """The dead letter told the client."""
    ends = [e for _, e in frames.take() if isinstance(e, End)]
    told = [e for e in ends if e.answer_id == answer_id and e.state == "error"]
    expect(len(told) == 1, "the client hears of the dead letter")


def as_lambda_runs_it(image: str) -> None:
    """The image under an unprivileged user with nothing writable but /tmp."""
    command = ["docker", "run", "--detach", "--rm", "--read-only", "--tmpfs", SMALL_TMP]
    command += ["--user", "993:990", *_placeholders(), image]
    container = _docker(*command[1:])
    try:
        address = _docker(
            "inspect",
            "--format",
            "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}",
            container,
        )
        url = f"http://{address}:8080/2015-03-31/functions/function/invocations"
        started = time.monotonic()
        result = _post(url, json.dumps(event("warmup")).encode())
        seconds = time.monotonic() - started
        expect("errorMessage" not in result, f"it warms up read-only and unprivileged: {result}")
        say(f"from the start of the container to the warm-up's result: {seconds:.1f} s")
    finally:
        _docker("kill", container)


def _placeholders() -> list[str]:
    given = {
        "TABLE_NAME": "Table",
        "QUEUE_URL": "http://queue",
        "WEBSOCKET_ENDPOINT": "http://endpoint",
        "INDEX_DIR": "faiss_index",
        "MODEL_DIR": "inference/model",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "example",
        "AWS_SECRET_ACCESS_KEY": "example",
    }
    return [part for name, value in given.items() for part in ("--env", f"{name}={value}")]


def _post(url: str, body: bytes) -> str:
    for _ in range(50):
        try:
            with urllib.request.urlopen(url, body, timeout=60) as response:
                return str(response.read().decode())
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    raise Failure("The emulator in the image does not answer.")


def _docker(*arguments: str) -> str:
    run = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise Failure(f"docker {' '.join(arguments)}: {run.stderr}")
    return run.stdout.strip()


def report_sizes(image: str) -> None:
    total = int(_docker("image", "inspect", "--format", "{{.Size}}", image))
    base = int(
        _docker("image", "inspect", "--format", "{{.Size}}", "public.ecr.aws/lambda/python:3.13")
    )
    say(f"image: {(total - base) / 1e6:.0f} MB above its base ({total / 1e6:.0f} MB in all)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("sam", "template", "architecture", "gateway"):
        parser.add_argument(f"--{option}", required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    image = "inferencefunction:inference"
    with (
        aws(given.gateway, given.port) as cloud,
        Frames(given.gateway) as frames,
        tempfile.TemporaryDirectory() as directory,
    ):
        variables = Path(directory) / "variables.json"
        names = {
            "TABLE_NAME": cloud.table_name,
            "QUEUE_URL": cloud.queue_url,
            "WEBSOCKET_ENDPOINT": frames.endpoint,
        }
        variables.write_text(json.dumps({"Parameters": names}))
        functions = Functions(given.sam, given.template, given.architecture, str(variables))
        try:
            report_sizes(image)
            routes(functions)
            first = ask(functions, "message")
            functions.invoke("InferenceFunction", event("warmup"))
            deliver(cloud, functions, "InferenceFunction", "sqs", first)
            answered(frames, first)
            second = ask(functions, "message-short")
            deliver(cloud, functions, "DeadLetterFunction", "dead-letter", second)
            ended_in_error(frames, second)
            as_lambda_runs_it(image)
        except Failure as failure:
            sys.stderr.write(f"FAILED: {failure}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
