"""What runs at GitHub: what may it do, for how long, and does what it calls exist."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.infrastructure import makefile
from tests.infrastructure.iam_actions import known_resources
from tests.infrastructure.test_template import statements
from tests.infrastructure.translate import ROOT, source, translated

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
GUIDE = (ROOT / "docs" / "deploy.md").read_text()


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in WORKFLOWS:
        for name, job in yaml.safe_load(file.read_text())["jobs"].items():
            yield f"{file.name}: {name}", job


JOBS = dict(jobs())


def steps() -> list[dict[str, Any]]:
    return [step for job in JOBS.values() for step in job.get("steps", [])]


@pytest.mark.parametrize("name", JOBS)
def test_a_job_is_bounded_in_time_and_in_what_it_may_do(name: str) -> None:
    job = JOBS[name]
    # One job alone writes: it pushes a branch and proposes it.
    writes = name == "dependencies.yml: lock"
    assert job["permissions"]["contents"] == ("write" if writes else "read")
    if "uses" not in job:  # What it calls has the bound.
        assert 0 < job["timeout-minutes"] <= 60


def test_a_workflow_may_do_no_more_than_read_unless_a_job_says_so() -> None:
    for file in WORKFLOWS:
        assert yaml.safe_load(file.read_text())["permissions"] == {"contents": "read"}
    signed = {name for name, job in JOBS.items() if "id-token" in job["permissions"]}
    assert signed == {"ci.yml: deploy", "deploy.yml: deploy"}


def test_actions_are_pinned_by_commit_with_their_version_beside_it() -> None:
    for file in WORKFLOWS:
        used = re.findall(r"uses: (?!\./)(.+)", file.read_text())
        assert used
        for action in used:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action), action


def test_nothing_that_an_event_carries_is_pasted_into_a_script() -> None:
    for step in steps():
        assert "${{" not in step.get("run", "")
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_every_make_target_that_a_workflow_calls_exists() -> None:
    scripts = "\n".join(step.get("run", "") for step in steps())
    called, given = makefile.calls(scripts)
    assert {"check", "validate", "build", "deploy"} <= called <= makefile.targets()
    assert given <= makefile.variables()


def test_pull_requests_deploy_nothing_and_no_deployment_is_broken_off() -> None:
    calling, deploying = JOBS["ci.yml: deploy"], JOBS["deploy.yml: deploy"]
    assert calling["if"] == "github.event_name == 'push'"
    tested = {n.removeprefix("ci.yml: ") for n in JOBS if n.startswith("ci.yml")} - {"deploy"}
    assert set(calling["needs"]) == tested
    assert calling["with"]["environment"] == "${{ github.ref_name == 'main' && 'prod' || 'dev' }}"
    assert deploying["environment"] == "${{ inputs.environment }}"
    assert deploying["concurrency"]["cancel-in-progress"] is False


def test_an_image_carries_no_attestations_which_lambda_refuses() -> None:
    for name in ("ci.yml: image", "deploy.yml: deploy"):
        assert JOBS[name]["env"]["BUILDX_NO_DEFAULT_ATTESTATIONS"] == "1"
        assert JOBS[name]["runs-on"].endswith("-arm")


def test_the_guide_names_what_an_environment_of_github_has_to_hold() -> None:
    text = "\n".join(file.read_text() for file in WORKFLOWS)
    needed = set(re.findall(r"\$\{\{ (?:vars|secrets)\.(\w+) \}\}", text))
    assert needed == {"AWS_ROLE_ARN", "AWS_REGION", "EXECUTION_ROLE_ARN", "SMOKE_CREDENTIAL"}
    for name in needed:
        assert f"`{name}`" in GUIDE


def test_the_role_is_taken_only_by_jobs_of_one_environment_of_one_repository() -> None:
    template = source(ROOT / "infra" / "github.yaml")
    role = template["Resources"]["DeployRole"]["Properties"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    issuer = "token.actions.githubusercontent.com"
    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert trust["Condition"] == {
        "StringEquals": {
            f"{issuer}:aud": "sts.amazonaws.com",
            f"{issuer}:sub": {"Fn::Sub": "repo:${Repository}:environment:${Environment}"},
        }
    }
    for statement in statements(role):
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            assert "*" not in action, "the job hands over change sets; it makes nothing itself"
        if statement["Resource"] == "*":
            assert statement["Sid"] in {"ValidateTemplates", "SignInToRepository"}
    passes = next(s for s in statements(role) if s["Action"] == "iam:PassRole")
    assert passes["Resource"] == {"Fn::GetAtt": ["ExecutionRole", "Arn"]}


def test_dependabot_looks_where_dependencies_are_named() -> None:
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    files = {
        "npm": "package.json",
        "docker": "Dockerfile",
    }
    assert {u["package-ecosystem"] for u in updates} == {*files, "github-actions"}
    for update in updates:
        patterns = files.get(update["package-ecosystem"], "").split()
        for directory in update.get("directories") or [update["directory"]]:
            found = [f for p in patterns for f in (ROOT / directory.lstrip("/")).glob(p)]
            assert found or not patterns, directory


def test_every_lock_is_compiled_by_the_command_that_a_workflow_runs_every_week() -> None:
    compiled = set(re.findall(r" -o (\S+)", makefile.dry_run(["lock"], [])))
    locks = {*ROOT.glob("requirements/*.lock"), *ROOT.glob("[!.]*/requirements.txt")}
    assert {lock.relative_to(ROOT).as_posix() for lock in locks} == compiled
    workflow = yaml.safe_load((ROOT / ".github/workflows/dependencies.yml").read_text())
    ran = "\n".join(step.get("run", "") for step in workflow["jobs"]["lock"]["steps"])
    (command,) = makefile.commands(ran)
    assert command == makefile.Command(("lock",), (("UPGRADE", "1"),))
    newest = makefile.dry_run(command.targets, command.given)
    assert newest.count("--upgrade") == newest.count("uv pip compile") == len(compiled)
    triggers = workflow[True]  # YAML takes the key `on` for a truth.
    assert "schedule" in triggers
    tests = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    assert "workflow_dispatch" in tests[True], "the proposal is tested by it"


IAM_PREFIX = {
    "ApiGatewayV2": "apigateway",
    "CloudFormation": "cloudformation",
    "Cognito": "cognito-idp",
    "CloudFront": "cloudfront",
    "CloudWatch": "cloudwatch",
    "CodeDeploy": "codedeploy",
    "DynamoDB": "dynamodb",
    "EC2": "ec2",
    "IAM": "iam",
    "KMS": "kms",
    "Lambda": "lambda",
    "Logs": "logs",
    "S3": "s3",
    "SNS": "sns",
    "SQS": "sqs",
    "Scheduler": "scheduler",
}
"""Service in the types of resources -> service in the names of actions, where they differ."""


WITHOUT_RESOURCES = {
    "AWS::Logs::QueryDefinition": {f"logs:{verb}QueryDefinition" for verb in ("Put", "Delete")}
    | {"logs:DescribeQueryDefinitions"},
    "AWS::Lambda::EventSourceMapping": {"lambda:CreateEventSourceMapping"},
    "AWS::SecretsManager::Secret": {"secretsmanager:GetRandomPassword"},
}
"""Kind of resource -> actions that it takes and that know no resources: only ``*`` allows them."""


def test_what_knows_no_resources_is_allowed_without_any() -> None:
    role = source(ROOT / "infra" / "github.yaml")["Resources"]["ExecutionRole"]["Properties"]
    anywhere = [
        action
        for statement in statements(role)
        if statement["Effect"] == "Allow" and statement["Resource"] == "*"
        for action in statement["Action"]
    ]
    for needed in WITHOUT_RESOURCES.values():
        for action in needed:
            assert not known_resources(action), action
            assert any(fnmatch.fnmatchcase(action, pattern) for pattern in anywhere), action


def test_cloudformation_may_make_every_kind_of_resource_of_the_stack() -> None:
    github = source(ROOT / "infra" / "github.yaml")["Resources"]["ExecutionRole"]["Properties"]
    allowed = set()
    for statement in statements(github):
        if statement["Effect"] == "Allow":
            actions = statement["Action"]
            for action in [actions] if isinstance(actions, str) else actions:
                allowed.add(action.partition(":")[0])
    types = {r["Type"] for r in translated()["Resources"].values()}
    for nested in source()["Resources"].values():
        if nested["Type"] == "AWS::Serverless::Application":
            inner = source(ROOT / nested["Properties"]["Location"])["Resources"]
            types |= {r["Type"] for r in inner.values()}
    services = {IAM_PREFIX.get(t.split("::")[1], t.split("::")[1].lower()) for t in types}
    assert services - allowed == set()
