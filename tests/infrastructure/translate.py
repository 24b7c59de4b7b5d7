"""template.yaml as CloudFormation gets it: SAM's transform, run without an account or a network.

`python -m tests.infrastructure.translate` prints the translated template as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template.yaml"

# What `sam package` would have put in the place of local paths.
ARTIFACT = "s3://packaged-artifacts/zip"
NESTED = "https://s3.us-east-1.amazonaws.com/packaged-artifacts/nested.yaml"
IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/packaged-artifacts:image"


class _NoManagedPolicies:
    """Stands in for the look-up of AWS managed policies by name; the template uses none."""

    def load(self) -> dict[str, str]:
        return {}


def source(template: Path = TEMPLATE) -> dict[str, Any]:
    """The template as written, its short-form intrinsics (``!Ref``) in their long form."""
    parsed: dict[str, Any] = yaml_parse(template.read_text())
    return parsed


def translated(template: Path = TEMPLATE, **parameters: str) -> dict[str, Any]:
    """The template after SAM's transform; its defaults hold where ``parameters`` names no value.

    Raises:
        samtranslator.model.exceptions.InvalidDocumentException: the template breaks SAM's rules.
    """
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    document = source(template)
    for resource in document["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            _package(resource["Properties"])
        elif resource["Type"] == "AWS::Serverless::Application":
            resource["Properties"]["Location"] = NESTED
    result: dict[str, Any] = transform(document, parameters, _NoManagedPolicies())
    return result


def _package(function: dict[str, Any]) -> None:
    if function.get("PackageType") == "Image":
        function["ImageUri"] = IMAGE
    else:
        function["CodeUri"] = ARTIFACT


if __name__ == "__main__":
    json.dump(translated(), sys.stdout, indent=1)
