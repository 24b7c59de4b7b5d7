"""The nested template of a Qdrant of one's own: private, pinned, encrypted, with snapshots."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest

from tests.infrastructure.test_template import of_type, statements, target
from tests.infrastructure.translate import ROOT, source

Template = dict[str, Any]


@pytest.fixture(scope="module")
def qdrant() -> Template:
    return source(ROOT / "infra" / "qdrant.yaml")


def test_only_the_function_reaches_the_server(qdrant: Template) -> None:
    groups = of_type(qdrant, "AWS::EC2::SecurityGroup")
    (door,) = groups["QdrantSecurityGroup"]["SecurityGroupIngress"]
    assert (door["FromPort"], door["ToPort"]) == (6333, 6333)
    assert target(door["SourceSecurityGroupId"]) == "FunctionSecurityGroup"
    assert "SecurityGroupIngress" not in groups["FunctionSecurityGroup"]
    assert not of_type(qdrant, "AWS::EC2::SecurityGroupIngress")
    for group in groups.values():
        assert {rule["ToPort"] for rule in group["SecurityGroupEgress"]} == {443}


def test_nothing_but_the_gateway_has_a_public_address(qdrant: Template) -> None:
    (instance,) = of_type(qdrant, "AWS::EC2::Instance").values()
    assert target(instance["SubnetId"]) == "PrivateSubnetA"
    (address,) = of_type(qdrant, "AWS::EC2::EIP")
    (gateway,) = of_type(qdrant, "AWS::EC2::NatGateway").values()
    assert target(gateway["AllocationId"]) == address
    for subnet in of_type(qdrant, "AWS::EC2::Subnet").values():
        assert not subnet.get("MapPublicIpOnLaunch", False)
    public = {
        target(a["SubnetId"])
        for a in of_type(qdrant, "AWS::EC2::SubnetRouteTableAssociation").values()
        if target(a["RouteTableId"]) == "PublicRoutes"
    }
    assert public == {"PublicSubnet"}


def test_the_image_is_named_by_its_digest(qdrant: Template) -> None:
    pattern = qdrant["Parameters"]["Image"]["AllowedPattern"]
    assert re.search(pattern, f"qdrant/qdrant@sha256:{'0' * 64}")
    for loose in ("qdrant/qdrant", "qdrant/qdrant:v1.15.5", "qdrant/qdrant@sha256:12"):
        assert not re.search(pattern, loose)


def test_the_key_is_made_and_kept_by_secrets_manager(qdrant: Template) -> None:
    (secret,) = of_type(qdrant, "AWS::SecretsManager::Secret").values()
    assert secret["GenerateSecretString"]["PasswordLength"] >= 32
    assert "SecretString" not in secret
    role = of_type(qdrant, "AWS::IAM::Role")["InstanceRole"]
    (reads,) = [s for s in statements(role) if s["Action"] == "secretsmanager:GetSecretValue"]
    assert reads["Resource"] == {"Ref": "ApiKey"}


def test_the_instance_hands_its_credentials_to_no_container(qdrant: Template) -> None:
    (launch,) = of_type(qdrant, "AWS::EC2::LaunchTemplate").values()
    metadata = launch["LaunchTemplateData"]["MetadataOptions"]
    assert metadata == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}
    assert "KeyName" not in launch["LaunchTemplateData"]


def test_the_volume_outlives_the_instance_and_is_snapshot_daily(qdrant: Template) -> None:
    volume = qdrant["Resources"]["Volume"]
    assert (volume["DeletionPolicy"], volume["UpdateReplacePolicy"]) == ("Snapshot", "Snapshot")
    assert volume["Properties"]["Encrypted"] is True
    (policy,) = of_type(qdrant, "AWS::DLM::LifecyclePolicy").values()
    details = policy["PolicyDetails"]
    assert details["TargetTags"] == volume["Properties"]["Tags"]
    assert details["Schedules"][0]["RetainRule"] == {"Count": 7}


def test_the_start_script_is_a_script_that_refers_to_resources_only(qdrant: Template) -> None:
    (launch,) = of_type(qdrant, "AWS::EC2::LaunchTemplate").values()
    script = launch["LaunchTemplateData"]["UserData"]["Fn::Base64"]["Fn::Sub"]
    known = {*qdrant["Resources"], *qdrant["Parameters"], "AWS::Region"}
    assert set(re.findall(r"\$\{([^!}]+)\}", script)) <= known
    values = {"Volume": "vol-0123456789abcdef0", "AWS::Region": "eu-west-1"}
    filled = re.sub(r"\$\{([^!}]+)\}", lambda m: values.get(m.group(1), "value"), script)
    filled = filled.replace("${!", "${")
    subprocess.run(["bash", "-n"], input=filled, text=True, check=True)
    # By its serial number, in which EC2 leaves the dash of the volume's id out.
    lines = [line for line in filled.splitlines() if line.startswith(("volume=", "device="))]
    shown = subprocess.run(
        ["bash", "-c", "\n".join([*lines, 'echo "$device"'])],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip().endswith("_vol0123456789abcdef0")


def test_the_function_joins_the_network_only_with_a_server_of_the_stack(
    translated: Template,
) -> None:
    function = of_type(translated, "AWS::Lambda::Function")["InferenceFunction"]
    condition, joined, otherwise = function["VpcConfig"]["Fn::If"]
    assert condition == "HasOwnQdrant"
    assert otherwise == {"Ref": "AWS::NoValue"}
    assert "QdrantServer" in json.dumps(joined)
    others = of_type(translated, "AWS::Lambda::Function").items()
    assert [n for n, f in others if "VpcConfig" in f] == ["InferenceFunction"]
