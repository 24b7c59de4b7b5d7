"""Every command that README and docs show can be typed: ``make`` with its variables, the options
that the Makefile hands on, and the AWS command line.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from argparse import ArgumentParser
from functools import cache
from itertools import chain
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from deploy import __main__ as deploy
from embed import cli as embed
from embed.arguments import parser
from local import cli as local
from tests.infrastructure import makefile
from tests.infrastructure.test_docs import DOCUMENTS
from tests.infrastructure.translate import ROOT

SHOWN = {path: makefile.code(path.read_text()) for path in DOCUMENTS}
COMMANDS = sorted(
    {c for text in SHOWN.values() for c in makefile.commands(text) if c.targets}, key=str
)
PARSERS = {"deploy": deploy._parser, "embed": lambda: parser(embed.RUN), "local": local._parser}
OF_THE_COMMAND_LINE = {"query", "output", "region", "profile", "no-cli-pager"}
"""Options that every command of ``aws`` takes."""
OF_ITS_OWN = {
    ("s3", "cp"): set[str](),
    ("s3", "sync"): set[str](),
    ("s3", "rb"): {"force"},
    ("configure", "sso"): set[str](),
    ("configure", "set"): set[str](),
    ("sso", "login"): set[str](),
    ("cloudformation", "deploy"): {
        "template-file",
        "stack-name",
        "capabilities",
        "parameter-overrides",
    },
}
"""Commands that are no operation of a service -> the options that we use of theirs."""


def test_there_are_commands_to_look_at() -> None:
    assert len(COMMANDS) > 60


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_a_command_runs_and_each_variable_matters_to_it(command: makefile.Command) -> None:
    as_shown = makefile.dry_run(command.targets, command.given)
    for name, value in command.given:
        others = [pair for pair in command.given if pair[0] != name]
        without = makefile.dry_run(command.targets, others)
        # What is shown may be the default; some are read by the shell.
        other = makefile.dry_run(command.targets, [*others, (name, f"{value}zz")])
        assert {without, other} != {as_shown} or f"${{{name}" in as_shown, name


ASKS_FOR_MORE = {"make index-rollback"}
"""Named as such in a text; typed alone it says that it wants a VERSION."""


@pytest.mark.parametrize("command", [c for c in COMMANDS if str(c) not in ASKS_FOR_MORE], ids=str)
def test_what_make_hands_on_is_understood(command: makefile.Command) -> None:
    for module, words in handed_on(makefile.dry_run(command.targets, command.given)):
        parsed = PARSERS[module]().parse_args(words)
        assert parsed is not None


def handed_on(recipe: str) -> list[tuple[str, list[str]]]:
    """The modules that a recipe runs and whose parser is known, with their arguments."""
    found = []
    joined = recipe.replace("\\\n", " ")
    for module, rest in re.findall(r"bin/python -m (\w+) ([^\n|;&]+)", joined):
        if module in PARSERS and "$" not in rest:
            found.append((module, shlex.split(rest)))
    return found


def test_what_would_not_be_understood_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = makefile.dry_run(["destroy"], [("EMPTY", "everything")])
    ((module, words),) = handed_on(wrong)
    parser: ArgumentParser = PARSERS[module]()
    with pytest.raises(SystemExit):
        parser.parse_args(words)
    assert "everything" in capsys.readouterr().err


def test_programs_of_make_hear_of_the_region_however_it_is_named() -> None:
    # SAM and boto3 do not know AWS_REGION.
    for given in ({"AWS_REGION": "eu-west-3"}, {"AWS_DEFAULT_REGION": "eu-west-3"}):
        shown = subprocess.run(
            ["make", "--silent", "--no-print-directory", "-f", "Makefile", "-f", "-", "region"],
            input="region:\n\t@echo $$AWS_DEFAULT_REGION\n",
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **given},
            capture_output=True,
            text=True,
            check=True,
        )
        assert shown.stdout.strip() == "eu-west-3"


# --- the AWS command line -------------------------------------------------------------------------


def aws_commands(code: str) -> list[tuple[str, str, list[str]]]:
    """Service, command and options of every ``aws ...``."""
    joined = re.sub(r"\\\n\s*", " ", code)
    found = []
    for line in joined.splitlines():
        for service, name, rest in re.findall(r"(?<![\w/])aws ([a-z0-9]+) ([a-z0-9-]+)(.*)", line):
            found.append((service, name, re.findall(r"(?<!\S)--([a-z-]+)", rest)))
    return found


@cache
def model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def problems(service: str, name: str, options: list[str]) -> list[str]:
    """What the AWS command line would refuse of a command."""
    if (service, name) in OF_ITS_OWN:
        known = OF_ITS_OWN[service, name]
    elif name == "wait":
        return []
    else:
        operations = {xform_name(o, "-"): o for o in model(service).operation_names}
        if name not in operations:
            return [f"aws {service} {name}"]
        shape = model(service).operation_model(operations[name]).input_shape
        known = {xform_name(member, "-") for member in shape.members}
    given = {option.removeprefix("no-") if option not in known else option for option in options}
    return [f"aws {service} {name} --{o}" for o in given - known - OF_THE_COMMAND_LINE]


def test_commands_of_aws_in_the_docs_exist_with_their_options() -> None:
    every = list(chain.from_iterable(aws_commands(code) for code in SHOWN.values()))
    assert len(every) > 10
    assert [p for command in every for p in problems(*command)] == []


def test_commands_of_aws_in_messages_exist() -> None:
    sources = [path.read_text() for path in sorted((ROOT / "deploy").glob("*.py"))]
    every = {(s, n) for text in sources for s, n, _ in aws_commands(text)}
    assert len(every) > 8
    assert [p for service, name in sorted(every) for p in problems(service, name, [])] == []


@pytest.mark.parametrize(
    "wrong",
    [
        "aws dynamodb restore-table --source-table-name a",
        "aws sqs purge-queue --queue a",
        "aws s3 rb --recursive s3://a",
    ],
)
def test_a_command_that_aws_does_not_know_is_found(wrong: str) -> None:
    ((service, name, options),) = aws_commands(wrong)
    assert problems(service, name, options)
