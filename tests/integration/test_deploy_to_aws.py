"""A deployment against AWS in this process: checks, page, distribution, and what stops it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import NoCredentialsError

from copilot.index_bundle.bucket import IndexBucket
from copilot.index_bundle.pointer import IndexPointer
from deploy.clients import Clients, make_clients
from deploy.deployment import Deployment, release
from deploy.page_bucket import SUPERSEDED
from deploy.preflight import Intent, check
from deploy.problems import Stopped
from deploy.stack import read_stack
from tests.conftest import REGION
from tests.integration.deployed_stack import (
    INDEX_BUCKET,
    NAME,
    PAGE_BUCKET,
    REPOSITORY,
    ScriptedPrograms,
    deployed,
    failing,
    intent,
    prepared,
    programs,
)

EMULATORS = Path("/nonexistent")


@pytest.fixture
def clients(aws: None) -> Clients:
    made = make_clients(REGION)
    prepared(made)
    return made


@pytest.fixture
def index(tmp_path: Path) -> Path:
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "manifest.json").write_text("{}")
    return tmp_path / "index"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    build(dist, "one")
    return dist


def build(dist: Path, name: str) -> None:
    """Another build of the page: another script, named in another index.html."""
    for old in (dist / "assets").iterdir():
        old.unlink()
    (dist / "assets" / f"index-{name}.js").write_text(name)
    (dist / "index.html").write_text(f'<script src="/assets/index-{name}.js"></script>')


def deployment(
    clients: Clients, wanted: Intent, page: Path, tools: ScriptedPrograms, tmp_path: Path
) -> Deployment:
    return Deployment(
        wanted,
        clients,
        tools,
        silent,
        page=page,
        keep_days=14,
        confirmed=True,
        root=tmp_path,
    )


def keys(clients: Clients) -> set[str]:
    found = clients.s3.list_objects_v2(Bucket=PAGE_BUCKET).get("Contents", [])
    return {o["Key"] for o in found}


def invalidated(clients: Clients) -> list[list[str]]:
    (one,) = clients.cloudfront.list_distributions()["DistributionList"]["Items"]
    listed = clients.cloudfront.list_invalidations(DistributionId=one["Id"])
    return [
        clients.cloudfront.get_invalidation(DistributionId=one["Id"], Id=i["Id"])["Invalidation"][
            "InvalidationBatch"
        ]["Paths"]["Items"]
        for i in listed["InvalidationList"].get("Items", [])
    ]


def silent(_: str) -> None:
    """Hears what is said and keeps it to itself."""


# --- before anything is changed -------------------------------------------------------------------


def reasons(clients: Clients, wanted: Intent, tools: ScriptedPrograms) -> list[str]:
    with pytest.raises(Stopped) as stopped:
        check(wanted, lambda: clients, tools, silent, EMULATORS)
    return list(stopped.value.reasons)


def test_an_account_that_has_everything_passes(clients: Clients, index: Path) -> None:
    secret = clients.secrets.create_secret(Name="openai", SecretString="key")["ARN"]
    said: list[str] = []
    wanted = intent(index, OpenAiSecretArn=secret)
    assert check(wanted, lambda: clients, programs(), said.append, EMULATORS) is clients
    assert f"account 123456789012 in {REGION}" in said[0]


def test_a_secret_that_is_missing_elsewhere_or_empty_is_named(
    clients: Clients, index: Path
) -> None:
    arn = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:"
    there = clients.secrets.create_secret(Name="going", SecretString="x")["ARN"]
    clients.secrets.delete_secret(SecretId=there)
    hollow = clients.secrets.create_secret(Name="hollow")["ARN"]
    found = reasons(
        clients,
        intent(
            index,
            OpenAiSecretArn=f"{arn}absent-AbCdEf",
            QdrantApiKeySecretArn=arn.replace(REGION, "us-west-2") + "far-AbCdEf",
            ApiKeysSecretArn=there,
        ),
        programs(),
    )
    assert [reason.split(maxsplit=1)[0].rstrip(":") for reason in found] == [
        "OpenAiSecretArn",
        "QdrantApiKeySecretArn",
        "ApiKeysSecretArn",
    ]
    assert "aws secretsmanager create-secret" in found[0]
    assert f"in us-west-2, but the stack is in {REGION}" in found[1]
    assert "restore-secret" in found[2]
    (empty,) = reasons(clients, intent(index, OpenAiSecretArn=hollow), programs())
    assert "has no value yet" in empty


def test_everything_that_is_wrong_is_said_at_once(clients: Clients, tmp_path: Path) -> None:
    wanted = intent(tmp_path, smoke=True, AuthMode="api-key", BatchSize="99")
    found = reasons(clients, wanted, ScriptedPrograms({}))
    words = ["BatchSize", "SMOKE_CREDENTIAL", "make index", "Docker"]
    assert len(found) == len(words)
    for reason, word in zip(found, words, strict=True):
        assert word in reason


def test_vectors_in_qdrant_need_a_server_that_can_be_filled_and_take_no_uploads(
    clients: Clients, index: Path
) -> None:
    digest = f"qdrant/qdrant@sha256:{'0' * 64}"
    (refused,) = reasons(
        clients, intent(index, Retriever="qdrant", Qdrant="ec2", QdrantImage=digest), programs()
    )
    assert "Retriever=qdrant needs Qdrant=url" in refused
    said: list[str] = []
    wanted = intent(index, Retriever="qdrant", Qdrant="url", QdrantUrl="https://q.example:6333")
    check(wanted, lambda: clients, programs(), said.append, EMULATORS)
    (note,) = [line for line in said if "Retriever" in line]
    assert "publish-qdrant" in note
    assert "uploaded are not indexed" in note


@pytest.mark.parametrize(
    ("reserved", "most", "sound"),
    [("0", "10", True), ("11", "10", True), ("10", "10", False), ("5", "10", False)],
)
def test_workers_that_the_queue_may_start_are_reserved_for_or_none_are(
    clients: Clients, index: Path, reserved: str, most: str, sound: bool
) -> None:
    wanted = intent(index, ReservedConcurrency=reserved, MaximumConcurrency=most)
    if sound:
        assert check(wanted, lambda: clients, programs(), silent, EMULATORS)
    else:
        (reason,) = reasons(clients, wanted, programs())
        assert f"must be more than MaximumConcurrency={most}" in reason


def test_an_image_for_another_machine_needs_an_emulator(
    clients: Clients, index: Path, tmp_path: Path
) -> None:
    tools = programs()
    tools.answers["docker info"] = "linux x86_64"
    with pytest.raises(Stopped, match="deploy with ARCH=x86_64"):
        check(intent(index), lambda: clients, tools, silent, tmp_path)
    (tmp_path / "qemu-aarch64").touch()
    assert check(intent(index), lambda: clients, tools, silent, tmp_path)


def test_without_credentials_it_says_how_to_sign_in(
    clients: Clients, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(**_: str) -> None:
        raise NoCredentialsError

    monkeypatch.setattr(clients.sts, "get_caller_identity", none)
    monkeypatch.setattr(clients.cloudformation, "describe_stacks", none)
    assert "aws configure sso" in reasons(clients, intent(index), programs())[0]


def test_an_account_that_was_never_prepared_is_told_to_be(aws: None, index: Path) -> None:
    (reason,) = reasons(make_clients(REGION), intent(index), programs())
    assert reason.endswith("Deploy it, once: make account")


# --- the whole deployment -------------------------------------------------------------------------


def test_a_deployment_builds_deploys_and_publishes_and_may_be_repeated(
    clients: Clients, index: Path, page: Path, tmp_path: Path
) -> None:
    def sam_deploy(_: Sequence[str]) -> None:
        if read_stack(clients.cloudformation, NAME) is None:
            deployed(clients)

    tools = programs(sam_deploy=sam_deploy)
    wanted = intent(index, WarmUpRate="rate(9 minutes)")
    once = deployment(clients, wanted, page, tools, tmp_path)
    stack = once.run()
    assert stack.output("PageBucketName") == PAGE_BUCKET
    make, sam, publish = tools.ran
    assert make == [
        *("make", "--no-print-directory", "build", "chat-ui/dist/index.html"),
        *("ENV=dev", "ARCH=arm64"),
    ]
    given = json.loads((tmp_path / ".aws-sam" / "parameters-dev.yaml").read_text())
    assert {**given, "Release": ""} == wanted.values
    assert sam == [
        *(".venv-sam/bin/sam", "deploy", "--config-env", "dev", "--region", REGION),
        *("--image-repository", REPOSITORY),
        *("--parameter-overrides", f"file://{tmp_path / '.aws-sam' / 'parameters-dev.yaml'}"),
        "--no-confirm-changeset",
    ]
    assert publish[2:] == ["index-publish", "ENV=dev", "ARCH=arm64"]
    assert keys(clients) == {"index.html", "config.json", "assets/index-one.js"}
    config = clients.s3.get_object(Bucket=PAGE_BUCKET, Key="config.json")
    assert json.loads(config["Body"].read()) == {
        "websocketUrl": "wss://socket.example.com/dev",
        "apiUrl": "https://api.example.com",
        "authMode": "none",
    }
    assert config["CacheControl"] == "no-cache"
    asset = clients.s3.get_object(Bucket=PAGE_BUCKET, Key="assets/index-one.js")
    assert asset["CacheControl"] == "public, max-age=31536000, immutable"
    before = clients.s3.list_object_versions(Bucket=PAGE_BUCKET)["Versions"]

    once.run()
    again = json.loads((tmp_path / ".aws-sam" / "parameters-dev.yaml").read_text())
    assert again == given
    assert clients.s3.list_object_versions(Bucket=PAGE_BUCKET)["Versions"] == before
    assert invalidated(clients) == [["/", "/config.json", "/index.html"]]


def test_a_deployment_does_not_take_back_the_index_that_is_current(
    clients: Clients, index: Path, page: Path, tmp_path: Path
) -> None:
    deployed(clients)
    pointer = IndexPointer(
        version=f"{'a' * 64}-{'b' * 12}", manifest_sha256="b" * 64, published_at=1
    )
    IndexBucket(clients.s3, INDEX_BUCKET).switch(pointer, None)
    tools = programs()
    deployment(clients, intent(index), page, tools, tmp_path).run()
    assert not [command for command in tools.ran if "index-publish" in command]


def test_a_new_build_keeps_the_files_of_open_tabs_and_goes_back(
    clients: Clients, index: Path, page: Path, tmp_path: Path
) -> None:
    deployed(clients)
    here = deployment(clients, intent(index), page, programs(), tmp_path)
    here.publish_page()
    build(page, "two")
    planned = here.plan_page()
    assert "upload (2): assets/index-two.js, index.html" in planned
    assert "no longer named, kept for now (1): assets/index-one.js" in planned
    here.publish_page()
    assert "assets/index-one.js" in keys(clients)
    assert sorted(invalidated(clients)[-1]) in (
        ["/", "/index.html"],
        ["/", "/config.json", "/index.html"],
    )

    long_ago = (datetime.now(UTC).date() - timedelta(days=15)).isoformat()
    clients.s3.put_object_tagging(
        Bucket=PAGE_BUCKET,
        Key="assets/index-one.js",
        Tagging={"TagSet": [{"Key": SUPERSEDED, "Value": long_ago}]},
    )
    build(page, "one")
    here.publish_page()
    tags = clients.s3.get_object_tagging(Bucket=PAGE_BUCKET, Key="assets/index-one.js")
    assert tags["TagSet"] == []
    build(page, "two")
    here.publish_page()
    assert "assets/index-one.js" in keys(clients)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (None, "Docker has no image inferencefunction:inference"),
        ("amd64", "is for amd64, but the functions run on arm64"),
    ],
)
def test_without_the_image_nothing_is_deployed(
    clients: Clients, index: Path, page: Path, tmp_path: Path, image: str | None, words: str
) -> None:
    tools = programs()
    tools.answers["docker image inspect"] = image
    with pytest.raises(Stopped, match=words) as stopped:
        deployment(clients, intent(index), page, tools, tmp_path).run()
    assert "nothing was deployed" in str(stopped.value)
    assert not [command for command in tools.ran if "deploy" in command]


def test_a_release_is_another_where_code_image_or_parameters_are(tmp_path: Path) -> None:
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "app.py").write_text("1")
    first = release(tmp_path, "sha256:a", {"LogLevel": "INFO", "Release": "old"})
    assert first == release(tmp_path, "sha256:a", {"Release": "new", "LogLevel": "INFO"})
    others = {
        release(tmp_path, "sha256:b", {"LogLevel": "INFO"}),
        release(tmp_path, "sha256:a", {"LogLevel": "DEBUG"}),
    }
    (tmp_path / "room" / "app.py").write_text("2")
    others.add(release(tmp_path, "sha256:a", {"LogLevel": "INFO"}))
    assert len(others | {first}) == 4


def test_a_build_that_fails_stops_before_the_stack_is_touched(
    clients: Clients, index: Path, page: Path, tmp_path: Path
) -> None:
    tools = programs(make=failing("the page does not compile"))
    with pytest.raises(Stopped, match="the page does not compile") as stopped:
        deployment(clients, intent(index), page, tools, tmp_path).run()
    assert stopped.value.done == ()
    assert len(tools.ran) == 1


def test_a_stack_of_another_template_is_told_which_output_is_missing(
    clients: Clients, index: Path, page: Path, tmp_path: Path
) -> None:
    clients.cloudformation.create_stack(
        StackName=NAME,
        TemplateBody=json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}),
    )
    with pytest.raises(Stopped, match="has no output IndexBucketName") as stopped:
        deployment(clients, intent(index), page, programs(), tmp_path).run()
    assert len(stopped.value.done) == 3
