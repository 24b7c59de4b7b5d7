"""What the stack of template.yaml costs when nobody asks anything: every resource, one by one.

The template is read as CloudFormation gets it: transformed by SAM, conditions and parameters
evaluated. A kind of resource that is neither priced here nor known to cost nothing at rest is an
error, so that nothing always-on joins the template unseen.
"""

from __future__ import annotations

import functools
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from benchmarks.cost.bill import Usage
from benchmarks.cost.figures import Figure
from local.intrinsics import Resolver
from local.sam import PSEUDO_PARAMETERS, transformed

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template.yaml"
MB_PER_GB = 1024
GB = 1024**3

FREE_AT_REST = frozenset(
    {
        "AWS::Cognito::UserPool",
        "AWS::Cognito::UserPoolClient",
        "AWS::DLM::LifecyclePolicy",
        "AWS::EC2::InternetGateway",
        "AWS::EC2::LaunchTemplate",
        "AWS::EC2::Route",
        "AWS::EC2::RouteTable",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::SecurityGroupEgress",
        "AWS::EC2::SecurityGroupIngress",
        "AWS::EC2::Subnet",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::VPC",
        "AWS::EC2::VPCGatewayAttachment",
        "AWS::ECR::Repository",
        "AWS::IAM::InstanceProfile",
        "AWS::IAM::OIDCProvider",
        "AWS::ApiGateway::Account",
        "AWS::ApiGatewayV2::Api",
        "AWS::ApiGatewayV2::ApiMapping",
        "AWS::ApiGatewayV2::Authorizer",
        "AWS::ApiGatewayV2::Integration",
        "AWS::ApiGatewayV2::Route",
        "AWS::ApiGatewayV2::RouteResponse",
        "AWS::ApiGatewayV2::Stage",
        "AWS::ApiGatewayV2::Deployment",
        "AWS::ApiGatewayV2::DomainName",
        "AWS::Budgets::Budget",
        "AWS::CertificateManager::Certificate",
        "AWS::CloudFront::CachePolicy",
        "AWS::CloudFront::Distribution",
        "AWS::CloudFront::Function",
        "AWS::CloudFront::OriginAccessControl",
        "AWS::CloudFront::OriginRequestPolicy",
        "AWS::CloudFront::ResponseHeadersPolicy",
        "AWS::CloudTrail::Trail",
        "AWS::CodeDeploy::Application",  # free for Lambda
        "AWS::CodeDeploy::DeploymentGroup",
        "AWS::DynamoDB::Table",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::KMS::Alias",
        "AWS::Lambda::Alias",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::LayerVersion",
        "AWS::Lambda::Permission",
        "AWS::Lambda::Version",
        "AWS::Logs::LogGroup",
        "AWS::Logs::QueryDefinition",
        "AWS::Logs::ResourcePolicy",
        "AWS::S3::Bucket",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::Subscription",
        "AWS::SNS::Topic",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::Queue",
        "AWS::SQS::QueuePolicy",
        "AWS::SecretsManager::ResourcePolicy",
    }
)
"""Billed by use or by what they hold, of which a stack at rest has next to none."""


class UnknownResource(Exception):
    """A resource of which nobody has said what it costs at rest."""


@dataclass(frozen=True, slots=True)
class Resting:
    """What one resource uses in a month without a question, and what switches it off."""

    name: str
    what: str
    usage: Usage
    switch: str


@dataclass(frozen=True, slots=True)
class Stack:
    """The resources of a deployment, with their properties evaluated."""

    resources: Mapping[str, Mapping[str, Any]]

    @classmethod
    def load(cls, overrides: Mapping[str, str] | None = None, path: Path = TEMPLATE) -> Stack:
        """The stack that ``path`` becomes with these values of parameters.

        Raises:
            local.sam.TemplateError: a parameter is unknown, or its value refused.
        """
        return _loaded(path, tuple(sorted((overrides or {}).items())))

    def function(self, target: str) -> str | None:
        """The function that a target names, itself or by an alias; ``None`` for anything else."""
        resource = self.resources.get(target, {"Type": ""})
        if resource["Type"] == "AWS::Lambda::Alias":
            return str(resource["Properties"]["FunctionName"])
        return target if resource["Type"] == "AWS::Lambda::Function" else None

    def memory_gb(self, function: str) -> Fraction:
        """Memory of a function."""
        return Fraction(
            int(self.resources[function]["Properties"].get("MemorySize", 128)), MB_PER_GB
        )


@functools.cache
def _loaded(path: Path, overrides: tuple[tuple[str, str], ...]) -> Stack:
    # The transform complains at exit that nobody has sent its usage metrics anywhere.
    logging.getLogger("samtranslator.metrics.metrics").setLevel(logging.ERROR)
    document, parameters = transformed(path, dict(overrides))
    resolver = Resolver(
        {**parameters, **PSEUDO_PARAMETERS},
        document.get("Conditions") or {},
        document.get("Mappings") or {},
        lambda name, attribute: name,
    )
    locations = _locations(path)
    resources: dict[str, Mapping[str, Any]] = {}
    for name, resource in document["Resources"].items():
        if "Condition" in resource and not resolver.holds(resource["Condition"]):
            continue
        properties = resolver.value(_zoned(resource.get("Properties") or {}))
        if name in locations:
            given = {key: str(value) for key, value in properties.get("Parameters", {}).items()}
            nested = _loaded(path.parent / locations[name], tuple(sorted(given.items())))
            resources.update({f"{name}.{inner}": r for inner, r in nested.resources.items()})
        else:
            resources[name] = {"Type": resource["Type"], "Properties": properties}
    return Stack(resources)


def _zoned(node: Any) -> Any:
    """``node`` with a region's availability zones in the place of ``Fn::GetAZs``."""
    if isinstance(node, dict):
        if node.keys() == {"Fn::GetAZs"}:
            return ["a", "b", "c"]
        return {key: _zoned(value) for key, value in node.items()}
    return [_zoned(value) for value in node] if isinstance(node, list) else node


def _locations(path: Path) -> dict[str, str]:
    """The nested applications of a template and their files."""
    from samtranslator.yaml_helper import yaml_parse

    return {
        name: resource["Properties"]["Location"]
        for name, resource in yaml_parse(path.read_text())["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Application"
    }


def idle(stack: Stack, figures: Mapping[str, Figure], month_hours: int) -> list[Resting]:
    """Everything that costs something at rest.

    Raises:
        UnknownResource: the template has a kind of resource that this module does not know.
    """
    found: list[Resting] = []
    for name, resource in stack.resources.items():
        kind = resource["Type"]
        if kind in _PRICED:
            context = _Context(stack, figures, month_hours)
            found.extend(_PRICED[kind](name, resource["Properties"], context))
        elif kind not in FREE_AT_REST:
            raise UnknownResource(
                f"{name} is a {kind}: say in benchmarks/cost/idle.py what it costs at rest."
            )
    if any(r["Properties"].get("PackageType") == "Image" for r in stack.resources.values()):
        size = figures["image_gb"].value
        found.append(
            Resting("ECR", "one image kept", Usage.of(ecr_gb_months=size), "delete old images")
        )
    return found


@dataclass(frozen=True, slots=True)
class _Context:
    stack: Stack
    figures: Mapping[str, Figure]
    hours: int


def _function(name: str, properties: Mapping[str, Any], context: _Context) -> Iterator[Resting]:
    """A snapshot is paid for by memory and second, for as long as its version exists."""
    if (properties.get("SnapStart") or {}).get("ApplyOn") != "PublishedVersions":
        return
    gb_seconds = context.stack.memory_gb(name) * 3600 * context.hours
    usage = Usage.of(snapstart_gb_seconds=gb_seconds)
    yield Resting(name, "a snapshot of one version", usage, "SnapStart=None")


Priced = Callable[[str, Mapping[str, Any], _Context], Iterator[Resting]]


def _mapping(name: str, properties: Mapping[str, Any], context: _Context) -> Iterator[Resting]:
    """Lambda long-polls the queue with several pollers, and every empty receive is a request."""
    pollers = context.figures["esm_pollers"].value
    polls = pollers * 3600 / context.figures["long_poll_seconds"].value * context.hours
    queue = properties["EventSourceArn"]
    if properties.get("Enabled", True) in (False, "false"):
        return
    yield Resting(
        name,
        f"{pollers} pollers of {queue}",
        Usage.of(sqs_requests=polls),
        "disable the event source mapping while nobody uses the stack",
    )


def _schedule(name: str, properties: Mapping[str, Any], context: _Context) -> Iterator[Resting]:
    if properties.get("State", "ENABLED") != "ENABLED":
        return
    times = firings(properties["ScheduleExpression"], context.hours)
    function = properties["Target"]["Arn"]
    yield Resting(
        name,
        f"wakes {function} {float(times):,.0f} times",
        Usage.of(scheduler_invocations=times) + _woken(times, function, context),
        "WarmUpState=DISABLED" if "WarmUp" in name else f"disable the schedule {name}",
    )


def _rule(name: str, properties: Mapping[str, Any], context: _Context) -> Iterator[Resting]:
    if "ScheduleExpression" not in properties or properties.get("State") == "DISABLED":
        return
    times = firings(properties["ScheduleExpression"], context.hours)
    for target in properties.get("Targets", []):
        yield Resting(
            name,
            f"wakes {target['Arn']} {float(times):,.0f} times",
            Usage.of(event_rule_events=times) + _woken(times, target["Arn"], context),
            f"disable the rule {name}",
        )


def _woken(times: Fraction, target: str, context: _Context) -> Usage:
    function = context.stack.function(target)
    if function is None:
        return Usage.of()
    seconds = times * context.figures["warm_up_ms"].value / 1000
    return Usage.of(
        lambda_requests=times,
        lambda_gb_seconds=seconds * context.stack.memory_gb(function),
        log_gb=times * context.figures["platform_log_bytes"].value / GB,
    )


def _each(key: str, what: str, switch: str) -> Priced:
    def priced(name: str, properties: Mapping[str, Any], context: _Context) -> Iterator[Resting]:
        yield Resting(name, what, Usage({key: Fraction(1)}), switch)

    return priced


def _alarm(name: str, properties: Mapping[str, Any], context: _Context) -> Iterator[Resting]:
    """An alarm is billed by the metrics that it reads."""
    metrics = [m for m in properties.get("Metrics", []) if "MetricStat" in m] or [properties]
    yield Resting(
        name, "alarm", Usage.of(alarm_months=len(metrics)), "remove alarms that nobody answers"
    )


def _instance(name: str, properties: Mapping[str, Any], context: _Context) -> Iterator[Resting]:
    """An instance of a launch template beside it, with the volumes of that template."""
    room = name.rpartition(".")[0]
    template = properties["LaunchTemplate"]["LaunchTemplateId"]
    data = context.stack.resources[f"{room}.{template}" if room else template]["Properties"]
    kind = data["LaunchTemplateData"]["InstanceType"]
    family, _, size = kind.partition(".")
    if family != "t4g" or size not in _T4G_SMALLS:
        raise UnknownResource(f"{name} is a {kind}: give its price in benchmarks/cost/idle.py.")
    disks = data["LaunchTemplateData"].get("BlockDeviceMappings", [])
    gigabytes = sum(int(disk["Ebs"]["VolumeSize"]) for disk in disks)
    usage = Usage.of(
        t4g_small_hours=_T4G_SMALLS[size] * context.hours, qdrant_disk_gb_months=gigabytes
    )
    yield Resting(name, f"one {kind} with {gigabytes} GB", usage, "Qdrant=none or url")


def _volume(name: str, properties: Mapping[str, Any], context: _Context) -> Iterator[Resting]:
    size = int(properties["Size"])
    usage = Usage.of(qdrant_disk_gb_months=size)
    yield Resting(name, f"{size} GB of disk", usage, "Qdrant=none or url")


def _endpoint(name: str, properties: Mapping[str, Any], context: _Context) -> Iterator[Resting]:
    """Endpoints of S3 and DynamoDB are gateways, which are free."""
    if properties.get("VpcEndpointType", "Gateway") != "Interface":
        return
    hours = len(properties.get("SubnetIds", [""])) * context.hours
    yield Resting(name, "interface endpoint", Usage.of(vpc_endpoint_hours=hours), f"remove {name}")


def _hourly(key: str, what: str) -> Priced:
    def priced(name: str, properties: Mapping[str, Any], context: _Context) -> Iterator[Resting]:
        yield Resting(name, what, Usage({key: Fraction(context.hours)}), "Qdrant=none or url")

    return priced


_T4G_SMALLS = {
    "micro": Fraction(1, 2),
    "small": Fraction(1),
    "medium": Fraction(2),
    "large": Fraction(4),
    "xlarge": Fraction(8),
    "2xlarge": Fraction(16),
}
"""Sizes of t4g in t4g.smalls: on-demand prices double with the size."""


def _web_acl(name: str, properties: Mapping[str, Any], context: _Context) -> Iterator[Resting]:
    rules = len(properties.get("Rules", []))
    usage = Usage.of(waf_web_acl_months=1, waf_rule_months=rules)
    yield Resting(name, f"web ACL with {rules} rules", usage, f"remove {name}")


_PRICED: Mapping[str, Priced] = {
    "AWS::Lambda::Function": _function,
    "AWS::Lambda::EventSourceMapping": _mapping,
    "AWS::Scheduler::Schedule": _schedule,
    "AWS::Events::Rule": _rule,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::CompositeAlarm": _each(
        "composite_alarm_months", "composite alarm", "remove it"
    ),
    "AWS::CloudWatch::Dashboard": _each("dashboard_months", "dashboard", "remove it"),
    "AWS::Logs::MetricFilter": _each("metric_months", "custom metric", "remove it"),
    "AWS::KMS::Key": _each("kms_key_months", "customer managed key", "EncryptionKey=aws"),
    "AWS::SecretsManager::Secret": _each("secret_months", "secret", "delete it"),
    "AWS::WAFv2::WebACL": _web_acl,
    "AWS::EC2::Instance": _instance,
    "AWS::EC2::Volume": _volume,
    "AWS::EC2::NatGateway": _hourly("nat_gateway_hours", "NAT gateway"),
    "AWS::EC2::EIP": _hourly("public_ipv4_hours", "public address"),
    "AWS::EC2::VPCEndpoint": _endpoint,
}


def firings(expression: str, hours: int) -> Fraction:
    """How often a ``rate`` or ``cron`` expression fires in so many hours.

    Days, months and weekdays of a cron expression are taken as every day: an upper bound.

    Raises:
        ValueError: it is neither.
    """
    if match := re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression):
        minutes = int(match[1]) * {"minute": 1, "hour": 60, "day": 1440}[match[2]]
        return Fraction(hours * 60, minutes)
    if match := re.fullmatch(r"cron\((\S+) (\S+) \S+ \S+ \S+ \S+\)", expression):
        return Fraction(_values(match[1], 60) * _values(match[2], 24) * hours, 24)
    raise ValueError(f"{expression} is neither a rate nor a cron expression")


def _values(field: str, size: int) -> int:
    """How many values a cron field has."""
    count = 0
    for part in field.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            width = size
        elif "-" in span:
            low, high = span.split("-")
            width = int(high) - int(low) + 1
        else:
            width = size - int(span) if step else 1
        count += -(-width // int(step or 1))
    return count
