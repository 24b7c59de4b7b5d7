"""What the stack of template.yaml costs when nobody asks anything: every resource, one by one.

A kind of resource that is neither priced here nor known to cost nothing at rest is an error, so
that nothing always-on joins the template unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from benchmarks.cost.bill import Usage
from benchmarks.cost.figures import Figure
from benchmarks.cost.schedules import firings
from benchmarks.cost.stack import Stack

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
