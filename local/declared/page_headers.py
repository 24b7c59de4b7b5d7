"""The headers that the distribution sends with the page, read from its template.

So the page runs under the same content security policy on a laptop as in AWS.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.declared.intrinsics import Resolver
from local.declared.sam import PSEUDO_PARAMETERS, TemplateError

SOCKET_ORIGIN = "{socket-origin}"
"""Stands in the policy for the origin of the WebSocket, which a request's host decides here."""


def page_headers(template: Path) -> dict[str, str]:
    """Header -> value for every response of the page, without Strict-Transport-Security: this stack
    speaks HTTP, and a browser would remember it for whatever else runs under that name.

    Raises:
        TemplateError: the template declares no single ResponseHeadersPolicy.
    """
    # Importing the translator takes half a second, which `--help` need not wait for.
    from samtranslator.yaml_helper import yaml_parse

    resources = yaml_parse(template.read_text())["Resources"].values()
    policies = [r for r in resources if r["Type"] == "AWS::CloudFront::ResponseHeadersPolicy"]
    if len(policies) != 1:
        raise TemplateError(f"{template} must declare one ResponseHeadersPolicy.")
    parameters = {**PSEUDO_PARAMETERS, "SocketOrigin": SOCKET_ORIGIN}
    resolver = Resolver(parameters, {}, {}, lambda name, attribute: name)
    return _headers(resolver.value(policies[0]["Properties"]["ResponseHeadersPolicyConfig"]))


def _headers(config: Mapping[str, Any]) -> dict[str, str]:
    security = config["SecurityHeadersConfig"]
    headers = {
        "Content-Security-Policy": security["ContentSecurityPolicy"]["ContentSecurityPolicy"],
        "Referrer-Policy": security["ReferrerPolicy"]["ReferrerPolicy"],
        "X-Frame-Options": security["FrameOptions"]["FrameOption"],
        "X-Content-Type-Options": "nosniff",
    }
    custom = config["CustomHeadersConfig"]["Items"]
    return headers | {item["Header"]: item["Value"] for item in custom}
