"""The SAM template as the local stack reads it: transformed, its parameters filled in. Pure.

`services()` is the part that CloudFormation deploys into the emulated services; `blueprint()` is
the part that this stack runs itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.declared.blueprint import Blueprint, Function
from local.declared.blueprint_reading import read_edges
from local.declared.intrinsics import Resolver
from local.declared.sam import ACCOUNT, PSEUDO_PARAMETERS, REGION, TemplateError, transformed

SERVICE_TYPES = frozenset(
    {
        "AWS::DynamoDB::Table",
        "AWS::SQS::Queue",
        "AWS::SQS::QueuePolicy",
        "AWS::SecretsManager::Secret",
        "AWS::KMS::Key",
        "AWS::KMS::Alias",
        "AWS::S3::Bucket",
    }
)
"""Kinds of resources that live in the emulated services; every other kind is run or ignored."""


class Template:
    """A transformed template with values for its parameters."""

    def __init__(self, document: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
        self._document = document
        self._parameters = {**parameters, **PSEUDO_PARAMETERS}
        self._conditions = document.get("Conditions") or {}
        self.resources = {
            name: resource
            for name, resource in document["Resources"].items()
            if "Condition" not in resource or self._resolver().holds(resource["Condition"])
        }

    @classmethod
    def load(cls, path: Path, overrides: Mapping[str, str]) -> Template:
        """Read and transform a SAM template; ``overrides`` are values of its parameters.

        Raises:
            TemplateError: no such file, not a valid SAM template, or a bad parameter.
        """
        if not path.is_file():
            raise TemplateError(f"There is no template at {path}.")
        return cls(*transformed(path, overrides))

    def given(self, **parameters: str) -> Template:
        """The same with other values of some parameters that SAM's transform does not read."""
        return Template(self._document, {**self._parameters, **parameters})

    def services(self) -> dict[str, Any]:
        """A CloudFormation template of only what lives in services, without parameters.

        Its outputs name what everybody else refers to: see ``attribute_output``.
        """
        kept = {n: r for n, r in self.resources.items() if r["Type"] in SERVICE_TYPES}
        resolver = self._resolver(lambda name, att: _leave(name, att) if name in kept else None)
        outputs: dict[str, Any] = {}
        for name in kept:
            outputs[attribute_output(name, None)] = {"Value": _leave(name, None)}
        for name, attribute in _attributes_of(self.resources, kept):
            outputs[attribute_output(name, attribute)] = {"Value": _leave(name, attribute)}
        return {
            "Resources": {
                name: {
                    key: resolver.value(part)
                    for key, part in resource.items()
                    if key not in ("Condition", "Metadata")
                }
                for name, resource in kept.items()
            },
            "Outputs": outputs,
        }

    def blueprint(
        self,
        outputs: Mapping[str, str],
        addresses: Mapping[str, str],
        dockerfile_command: Mapping[str, str],
    ) -> Blueprint:
        """Everything that runs here.

        ``outputs`` are those of the deployed services; ``addresses`` maps the logical id of an API
        to the local address that stands for its ``https://...amazonaws.com``;
        ``dockerfile_command`` maps the name of an image function to the handler its image starts.

        Raises:
            TemplateError: something cannot be run here.
        """

        def attribute(name: str, att: str | None) -> Any:
            return outputs.get(attribute_output(name, att))

        resolver = self._resolver(attribute)
        functions = {
            name: self._function(name, resource, resolver, addresses, dockerfile_command)
            for name, resource in self.resources.items()
            if resource["Type"] == "AWS::Lambda::Function"
        }
        return Blueprint(
            region=REGION,
            account=ACCOUNT,
            functions=functions,
            **read_edges(self.resources, resolver),
        )

    def buckets(self, outputs: Mapping[str, str]) -> dict[str, str]:
        """The names of the deployed buckets by their logical ids."""
        return {
            name: outputs[attribute_output(name, None)]
            for name, resource in self.resources.items()
            if resource["Type"] == "AWS::S3::Bucket"
        }

    def image_functions(self) -> dict[str, Path]:
        """The functions that are packaged as images, with their Dockerfiles."""
        found = {}
        for name, resource in self.resources.items():
            if resource["Properties"].get("PackageType") == "Image":
                metadata = resource.get("Metadata") or {}
                found[name] = Path(metadata.get("Dockerfile", "Dockerfile"))
        return found

    def _function(
        self,
        name: str,
        resource: Mapping[str, Any],
        resolver: Resolver,
        addresses: Mapping[str, str],
        dockerfile_command: Mapping[str, str],
    ) -> Function:
        properties = resource["Properties"]
        command = (properties.get("ImageConfig") or {}).get("Command") or [None]
        handler = properties.get("Handler") or command[0] or dockerfile_command.get(name)
        if not handler:
            raise TemplateError(f"{name} names no handler, neither here nor in a Dockerfile's CMD.")
        variables = (properties.get("Environment") or {}).get("Variables") or {}
        environment = {
            key: _local_address(str(resolver.value(value)), addresses)
            for key, value in variables.items()
        }
        return Function(
            name=name,
            arn=function_arn(name),
            handler=handler,
            timeout_s=int(resolver.value(properties.get("Timeout", 3))),
            memory_mb=int(resolver.value(properties.get("MemorySize", 128))),
            environment=environment,
            json_logs=(properties.get("LoggingConfig") or {}).get("LogFormat") == "JSON",
            **self._role(properties.get("Role"), resolver),
        )

    def _role(self, reference: Any, resolver: Resolver) -> dict[str, Any]:
        """The name and the statements of a function's role."""
        if not (isinstance(reference, dict) and "Fn::GetAtt" in reference):
            raise TemplateError("A function's Role must be !GetAtt of a role of the template.")
        name = reference["Fn::GetAtt"][0]
        policies = resolver.value(self.resources[name]["Properties"].get("Policies", []))
        statements = [s for policy in policies for s in policy["PolicyDocument"]["Statement"]]
        return {"role": name, "statements": tuple(statements)}

    def _resolver(self, attribute: Any = lambda name, att: None) -> Resolver:
        def of_everything(name: str, att: str | None) -> Any:
            value = attribute(name, att)
            return value if value is not None else self._placeholder(name, att)

        mappings = self._document.get("Mappings") or {}
        return Resolver(self._parameters, self._conditions, mappings, of_everything)

    def _placeholder(self, name: str, att: str | None) -> str:
        """What a resource that is not deployed is called; only the parts of this stack read it."""
        resource = self._document["Resources"].get(name)
        if resource is None:
            raise TemplateError(f"The template refers to {name}, which it does not declare.")
        match resource["Type"], att:
            case "AWS::Lambda::Function", "Arn":
                return function_arn(name)
            case "AWS::Lambda::Alias", None:
                # Versions are a matter of deployment; here runs what lies in the directory.
                return f"{function_arn(target_of(resource))}:{resource['Properties']['Name']}"
            case ("AWS::ApiGatewayV2::Api", None) | ("AWS::ApiGatewayV2::Api", "ApiId"):
                return api_id(name)
            case "AWS::CloudFormation::Stack", _:
                # Nested stacks (the page, Qdrant) have their counterparts in this stack.
                return ""
            case _, None:
                return name
            case kind, _:
                service = kind.split("::")[1].lower()
                return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"


def attribute_output(name: str, attribute: str | None) -> str:
    """The name of the output that holds ``Ref`` (``None``) or an attribute of a resource."""
    return f"{name}Z{(attribute or 'Ref').replace('.', 'Z')}"


def target_of(alias: Mapping[str, Any]) -> str:
    """The logical id of the function that an alias belongs to."""
    return str(alias["Properties"]["FunctionName"]["Ref"])


def function_arn(name: str) -> str:
    """The ARN of a function that runs here."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def api_id(name: str) -> str:
    """The id of an API that is served here."""
    return name.lower()


def dockerfile_handler(text: str) -> str | None:
    """The handler that an image starts: the last ``CMD ["module.handler"]`` of its Dockerfile."""
    commands = re.findall(r'^\s*CMD\s*\[\s*"([\w.]+)"\s*\]', text, re.MULTILINE)
    return commands[-1] if commands else None


def _leave(name: str, attribute: str | None) -> dict[str, Any]:
    return {"Ref": name} if attribute is None else {"Fn::GetAtt": [name, attribute]}


def _attributes_of(node: Any, kept: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Every attribute of the kept resources that somebody reads."""
    found: set[tuple[str, str]] = set()
    if isinstance(node, list):
        for part in node:
            found |= _attributes_of(part, kept)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "Fn::GetAtt":
                name, att = value.split(".", 1) if isinstance(value, str) else value
                found |= {(name, att)} if name in kept else set()
            elif key == "Fn::Sub":
                text = value if isinstance(value, str) else value[0]
                pairs = re.findall(r"\$\{(\w+)\.([\w.]+)\}", text)
                found |= {(name, att) for name, att in pairs if name in kept}
            found |= _attributes_of(value, kept)
    return found


def _local_address(value: str, addresses: Mapping[str, str]) -> str:
    for name, address in addresses.items():
        host = f"{api_id(name)}.execute-api.{REGION}.amazonaws.com"
        value = value.replace(f"https://{host}", address)
        value = value.replace(f"wss://{host}", address.replace("http", "ws", 1))
    return value
