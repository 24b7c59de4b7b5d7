"""The diagram of docs/architecture.md, made from template.yaml and what it nests (Mermaid).

What stands in it is declared: functions, queues, tables, buckets, topics, APIs, the distribution.
An arrow is an event source, a route, an origin, a redrive policy, or a statement of a role, in the
words of its Sid; a dotted one depends on parameters or on failure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.infrastructure.translate import ROOT, source

Resources = dict[str, dict[str, Any]]
Arrow = tuple[str, str, str]
"""From where, the line, to where."""

SHAPES = {
    "AWS::Serverless::Function": '["{}<br/>{}"]',
    "AWS::Serverless::WebSocketApi": '{{{{"{}<br/>WebSocket API"}}}}',
    "AWS::Serverless::HttpApi": '{{{{"{}<br/>HTTP API"}}}}',
    "AWS::CloudFront::Distribution": '{{{{"{}<br/>CloudFront"}}}}',
    "AWS::SQS::Queue": '[["{}<br/>SQS"]]',
    "AWS::SNS::Topic": '[["{}<br/>SNS"]]',
    "AWS::DynamoDB::Table": '[("{}<br/>DynamoDB")]',
    "AWS::S3::Bucket": '[("{}<br/>S3")]',
}
"""Kind of resource -> how Mermaid draws it."""
_SOURCES = {"SQS": "Queue", "S3": "Bucket", "HttpApi": "ApiId"}


def resources() -> Resources:
    """Every resource; those of a nested stack with the stack's name before their own."""
    every: Resources = dict(source()["Resources"])
    for stack, nested in source()["Resources"].items():
        if nested["Type"] == "AWS::Serverless::Application":
            inner: Resources = source(ROOT / nested["Properties"]["Location"])["Resources"]
            every |= {f"{stack}{name}": resource for name, resource in inner.items()}
    return every


def drawn() -> dict[str, str]:
    """What the diagram has to show: logical id -> kind."""
    return {n: r["Type"] for n, r in resources().items() if r["Type"] in SHAPES}


def mermaid() -> str:
    """The diagram, in the order of the templates."""
    every = resources()
    nodes = [f"  {name}{_shape(name, every[name])}" for name in drawn()]
    said: dict[Arrow, list[str]] = {}
    for arrow, words in _arrows(every):
        said.setdefault(arrow, []).append(words)
    arrows = [f"  {s} {line}{_label(words)} {e}" for (s, line, e), words in said.items()]
    return "\n".join(["```mermaid", "flowchart LR", *nodes, *arrows, "```"]) + "\n"


def _shape(name: str, resource: dict[str, Any]) -> str:
    package = "image" if resource["Properties"].get("PackageType") == "Image" else "ZIP"
    return SHAPES[resource["Type"]].format(name, f"{package} function")


def _label(words: list[str]) -> str:
    text = ", ".join(dict.fromkeys(filter(None, words)))
    return f"|{text}|" if text else ""


def _arrows(every: Resources) -> Iterator[tuple[Arrow, str]]:
    shown = drawn()
    for name, resource in every.items():
        properties = resource.get("Properties", {})
        match resource["Type"]:
            case "AWS::Serverless::WebSocketApi":
                for route in properties["Routes"].values():
                    yield (name, "-->", _name(route["FunctionArn"])), "routes"
                yield (name, "-->", _name(properties["Auth"]["AuthArn"])), "authorizes by"
            case "AWS::Serverless::Function":
                for event in properties.get("Events", {}).values():
                    if key := _SOURCES.get(event["Type"]):
                        yield (_name(event["Properties"][key]), "-->", name), ""
                role = every[_name(properties["Role"])]["Properties"]
                for words, line, target in _permissions(role):
                    if target in shown:
                        yield (name, line, target), words
            case "AWS::SQS::Queue" if "RedrivePolicy" in properties:
                dead = _name(properties["RedrivePolicy"]["deadLetterTargetArn"])
                times = properties["RedrivePolicy"]["maxReceiveCount"]
                yield (name, "-.->", dead), f"failed {times} times"
            case "AWS::CloudFront::Distribution":
                yield (name, "-->", "HttpApi"), "/api"
                yield (name, "-->", "PageBucket"), "everything else"


def _permissions(role: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What a role may do: the words of the statement, the line to draw, to what."""
    for policy in role["Policies"]:
        for declared in policy["PolicyDocument"]["Statement"]:
            dotted = "Fn::If" in declared
            statement = declared["Fn::If"][1] if dotted else declared
            if statement["Effect"] == "Deny":
                continue
            actions = statement["Action"]
            if "sqs:ReceiveMessage" in actions:
                continue  # The event source's arrow says it.
            words = re.sub(r"(?<!^)([A-Z])", r" \1", statement["Sid"]).lower()
            targets = statement["Resource"]
            for target in targets if isinstance(targets, list) else [targets]:
                yield words, "-.->" if dotted else "-->", _name(target)


def _name(reference: Any) -> str:
    """The logical id that a reference of whatever form begins with."""
    if isinstance(reference, str):
        return reference.partition(".")[0]
    kind, argument = next(iter(reference.items()))
    if kind == "Fn::Sub":
        text = argument if isinstance(argument, str) else argument[0]
        named = re.findall(r"\$\{(?!AWS::)(\w+)", text)
        return next((n for n in named if n in resources()), "")
    return _name(argument[0] if isinstance(argument, list) else argument)
