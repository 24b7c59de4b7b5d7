"""What AWS says of its actions: which exist, and on what kinds of resource each can be allowed.

The service authorization reference, as cfn-lint carries it
(https://docs.aws.amazon.com/service-authorization/latest/reference/).
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import cfnlint


@cache
def _services() -> dict[str, Any]:
    data = Path(cfnlint.__file__).parent / "data" / "AdditionalSpecs" / "Policies.json"
    services: dict[str, Any] = json.loads(data.read_text())
    return services


def known_resources(action: str) -> list[str]:
    """The forms of ARN (regular expressions) that an action can be allowed on; none: only ``*``.

    Raises:
        KeyError: there is no such action.
    """
    service, _, name = action.partition(":")
    described = _services()[service]
    kinds = described["Actions"][name.lower()].get("Resources", [])
    resources = {kind.lower(): resource for kind, resource in described["Resources"].items()}
    forms = [form for kind in kinds for form in resources[kind.lower()]["ARNFormats"]]
    return [re.sub(r"\\?\$\{\w+\}", "[^:]*", form) for form in forms]
