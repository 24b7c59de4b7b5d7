"""``python -m deploy``: the stack into an AWS account, and out of it again."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from deploy.clients import Clients, make_clients
from deploy.deployment import Deployment
from deploy.destruction import destroy
from deploy.holdings import EMPTIABLE
from deploy.parameters import (
    ENVIRONMENTS,
    assignments,
    read_environment,
    read_template,
    settled,
)
from deploy.preflight import Intent, check
from deploy.problems import Stopped
from deploy.programs import ROOT, Shell
from deploy.smoke import smoke
from deploy.stack import read_stack
from local.client.asking import QUESTION


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    arguments = _parser().parse_args(argv)
    try:
        arguments.command(arguments, os.environ)
    except Stopped as stopped:
        for done in stopped.done:
            print(f"done: {done}", file=sys.stderr)
        for reason in stopped.reasons:
            print(f"error: {reason}", file=sys.stderr)
        return 1
    except (ClientError, BotoCoreError) as error:
        print(f"error: AWS says: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


def _up(arguments: argparse.Namespace, shell: Mapping[str, str]) -> None:
    intent = _intent(arguments, shell)
    programs = Shell(shell)
    _say("Looking at what is needed ...")
    clients = check(intent, _clients, programs, _say)
    deployment = _deployment(arguments, intent, clients, programs)
    if arguments.dry_run:
        for number, step in enumerate(deployment.steps(), start=1):
            _say(f"{number}. {step.title}")
        for line in deployment.plan_page():
            _say(f"   {line}")
        _say("Nothing was built, deployed or uploaded.")
        return
    stack = deployment.run()
    if arguments.smoke:
        _say("\nAsk one question through the page's own addresses")
        asyncio.run(smoke(stack.output("PageUrl"), intent.credential, QUESTION, sys.stdout))
    _say(f"\nEnergyCopilot is deployed: {stack.outputs.get('PageUrl', '')}")


def _preflight(arguments: argparse.Namespace, shell: Mapping[str, str]) -> None:
    check(_intent(arguments, shell), _clients, Shell(shell), _say)


def _page(arguments: argparse.Namespace, shell: Mapping[str, str]) -> None:
    deployment = _deployment(arguments, _intent(arguments, shell), _clients(), Shell(shell))
    if arguments.dry_run:
        for line in deployment.plan_page():
            _say(line)
    else:
        deployment.publish_page()


def _smoke(arguments: argparse.Namespace, shell: Mapping[str, str]) -> None:
    url = arguments.url or _page_url(arguments.env)
    asyncio.run(smoke(url, shell.get("SMOKE_CREDENTIAL"), arguments.question, sys.stdout))


def _page_url(environment: str) -> str:
    name = read_environment(ROOT / "samconfig.toml", environment).stack
    clients = _clients()
    stack = read_stack(clients.cloudformation, name)
    if stack is None:
        raise Stopped(f"There is no stack {name} in {clients.region}.")
    return stack.output("PageUrl")


def _down(arguments: argparse.Namespace, shell: Mapping[str, str]) -> None:
    environment = read_environment(ROOT / "samconfig.toml", arguments.env)
    destroy(
        environment,
        _clients(),
        Shell(shell),
        _say,
        confirm=(lambda _: True) if arguments.yes else _typed,
        consent=arguments.empty,
        dry_run=arguments.dry_run,
    )


def _typed(name: str) -> bool:
    if not sys.stdin.isatty():
        raise Stopped("Nobody is there to confirm; add YES=1 to destroy without being asked.")
    return input(f"Type {name} to destroy it: ").strip() == name


def _clients() -> Clients:
    # The AWS CLI prefers AWS_REGION; boto3 does not know it.
    region = os.environ.get("AWS_REGION") or boto3.Session().region_name
    if region is None:
        raise Stopped(
            "No region is set. Name one: export AWS_DEFAULT_REGION=eu-central-1, or aws configure "
            "set region eu-central-1"
        )
    return make_clients(region)


def _intent(arguments: argparse.Namespace, shell: Mapping[str, str]) -> Intent:
    environment = read_environment(ROOT / "samconfig.toml", arguments.env)
    template = read_template((ROOT / "template.yaml").read_text())
    given = assignments(arguments.parameter)
    own = {"Environment": arguments.env, "Architecture": arguments.arch}
    return Intent(
        environment=environment,
        template=template,
        values=settled(template["Parameters"], environment.parameters, given, own),
        index=ROOT / "faiss_index",
        credential=shell.get("SMOKE_CREDENTIAL"),
        smoke=getattr(arguments, "smoke", False),
    )


def _deployment(
    arguments: argparse.Namespace, intent: Intent, clients: Clients, programs: Shell
) -> Deployment:
    return Deployment(
        intent,
        clients,
        programs,
        _say,
        page=arguments.page,
        keep_days=arguments.keep_days,
        confirmed=getattr(arguments, "yes", False),
        execution_role=getattr(arguments, "execution_role", None),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deploy",
        description="EnergyCopilot into an AWS account, and out of it again.",
        epilog="Credentials and region come from the shell (AWS_PROFILE, AWS_DEFAULT_REGION). "
        "SMOKE_CREDENTIAL is an API key or ID token for the smoke test, where people sign in.",
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: object, words: str) -> argparse.ArgumentParser:
        made = commands.add_parser(
            name,
            help=words,
            description=words,
            formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        )
        made.set_defaults(command=run)
        made.add_argument("--env", choices=ENVIRONMENTS, default="dev", help="which environment")
        return made

    up = command("up", _up, "check, build, deploy, upload the page, ask one question")
    preflight = command("preflight", _preflight, "check what can be known beforehand; read-only")
    page = command("page", _page, "upload the built page and its config.json")
    asking = command("smoke", _smoke, "ask one question of a deployed page")
    down = command("down", _down, "destroy the stack and say what is left")
    for deploying in (up, preflight, page):
        _add_deploying(deploying)
    for uploading in (up, page):
        _add_uploading(uploading)
    asking.add_argument("--url", help="address of the page; otherwise that of the stack")
    asking.add_argument("--question", default=QUESTION)
    down.add_argument(
        "--empty",
        action="append",
        default=[],
        choices=tuple(EMPTIABLE),
        help="consent to deleting what this bucket holds, all versions",
    )
    up.add_argument(
        "--execution-role", metavar="ARN", help="role by which CloudFormation makes the resources"
    )
    up.add_argument("--no-smoke", dest="smoke", action="store_false", help="ask no question")
    for changing in (up, down):
        changing.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    for changing in (up, page, down):
        changing.add_argument(
            "--dry-run", action="store_true", help="say what would be done, and do nothing"
        )
    return parser


def _add_deploying(command: argparse.ArgumentParser) -> None:
    """What decides the template that is looked at or deployed."""
    command.add_argument("--arch", choices=("arm64", "x86_64"), default="arm64")
    command.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the template, over samconfig.toml",
    )


def _add_uploading(command: argparse.ArgumentParser) -> None:
    """What decides the page that is uploaded."""
    command.add_argument("--page", type=Path, default=ROOT / "chat-ui" / "dist")
    command.add_argument(
        "--keep-days",
        type=int,
        default=14,
        help="days that files of earlier builds are kept for tabs that are still open",
    )


if __name__ == "__main__":
    sys.exit(main())
