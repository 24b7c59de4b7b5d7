"""SAM's transform, run without an account, a network or a packaged function."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

REGION = "us-east-1"
ACCOUNT = "000000000000"
STACK_NAME = "energycopilot"

PSEUDO_PARAMETERS = {
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": STACK_NAME,
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK_NAME}/local",
}

_PLACEHOLDER_CODE = "s3://not-packaged/code"
_PLACEHOLDER_TEMPLATE = "https://s3.amazonaws.com/not-packaged/template.yaml"
_PLACEHOLDER_IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/not-packaged:image"


class TemplateError(Exception):
    """The template cannot be run here; the message says what to change."""


def transformed(path: Path, overrides: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """A SAM template as CloudFormation gets it, and the values of its parameters.

    Raises:
        TemplateError: it is not a valid SAM template, or a parameter is unknown or refused.
    """
    # Importing the translator takes half a second, which `--help` need not wait for.
    from boto3.session import Session
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator
    from samtranslator.utils.py27hash_fix import (
        to_py27_compatible_template,
        undo_mark_unicode_str_in_template,
    )
    from samtranslator.yaml_helper import yaml_parse

    document = yaml_parse(path.read_text())
    parameters = _parameters(document.get("Parameters") or {}, overrides)
    for resource in document["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            _package(resource.setdefault("Properties", {}))
        elif resource["Type"] == "AWS::Serverless::Application":
            resource["Properties"]["Location"] = _PLACEHOLDER_TEMPLATE
    values = dict(parameters)
    # The same three steps as samtranslator's transform(), with a region of our own: that one
    # takes it from the machine's configuration, which may have none.
    to_py27_compatible_template(document, values)
    translator = Translator(None, Parser(), boto_session=Session(region_name=REGION))
    try:
        result = translator.translate(document, values, get_managed_policy_map=dict)
    except InvalidDocumentException as error:
        causes = "; ".join(cause.message for cause in error.causes) or error.message
        raise TemplateError(f"{path} is not a valid SAM template: {causes}") from error
    return undo_mark_unicode_str_in_template(result), parameters


def _parameters(declared: Mapping[str, Any], overrides: Mapping[str, str]) -> dict[str, str]:
    unknown = sorted(overrides.keys() - declared.keys())
    if unknown:
        raise TemplateError(f"The template has no parameter {', '.join(unknown)}.")
    return {
        name: _value(name, parameter, overrides.get(name)) for name, parameter in declared.items()
    }


def _value(name: str, parameter: Mapping[str, Any], given: str | None) -> str:
    if given is None and "Default" not in parameter:
        raise TemplateError(f"The parameter {name} has no default; give --parameter {name}=...")
    value = str(parameter["Default"] if given is None else given)
    allowed = [str(item) for item in parameter.get("AllowedValues", [])]
    if allowed and value not in allowed:
        raise TemplateError(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    pattern = parameter.get("AllowedPattern")
    if pattern and not re.fullmatch(pattern, value):
        why = parameter.get("ConstraintDescription", f"must match {pattern}.")
        raise TemplateError(f"{name} {why} Given: {value!r}.")
    return value


def _package(function: dict[str, Any]) -> None:
    """Put in what packaging would have: the translator insists on an address in S3."""
    if function.get("PackageType") == "Image":
        function["ImageUri"] = _PLACEHOLDER_IMAGE
    else:
        function["CodeUri"] = _PLACEHOLDER_CODE
