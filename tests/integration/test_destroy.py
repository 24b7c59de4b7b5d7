"""Taking a stack out of an account: what stands against it, what goes, what is left."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from botocore.exceptions import ClientError

from deploy.clients import Clients, make_clients
from deploy.destruction import destroy
from deploy.parameters import Environment
from deploy.problems import Stopped
from tests.conftest import REGION
from tests.integration.deployed_stack import (
    ACCOUNT,
    DOCUMENTS,
    FOREIGN,
    INDEX_BUCKET,
    NAME,
    PAGE_BUCKET,
    REPOSITORY,
    TABLE,
    ScriptedPrograms,
    deployed,
    prepared,
    programs,
)

MANIFEST = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
    "layers": [],
}


@pytest.fixture
def clients(aws: None) -> Clients:
    return make_clients(REGION)


def destroying(
    clients: Clients,
    *,
    name_typed: bool = True,
    consent: tuple[str, ...] = (),
    dry_run: bool = False,
) -> tuple[list[str], ScriptedPrograms]:
    def sam_delete(_: Sequence[str]) -> None:
        clients.cloudformation.delete_stack(StackName=NAME)

    said: list[str] = []
    tools = programs(sam_delete=sam_delete)
    destroy(
        Environment("dev", NAME, ACCOUNT, {}),
        clients,
        tools,
        said.append,
        confirm=lambda _: name_typed,
        consent=consent,
        dry_run=dry_run,
    )
    return said, tools


def put_page(clients: Clients) -> None:
    """Three versions of two objects, one of them deleted."""
    for body in (b"old", b"new"):
        clients.s3.put_object(Bucket=PAGE_BUCKET, Key="index.html", Body=body)
    clients.s3.put_object(Bucket=PAGE_BUCKET, Key="gone.js", Body=b"x")
    clients.s3.delete_object(Bucket=PAGE_BUCKET, Key="gone.js")


def is_there(clients: Clients) -> bool:
    try:
        clients.cloudformation.describe_stacks(StackName=NAME)
    except ClientError:
        return False
    return True


def test_where_there_is_no_stack_there_is_nothing_to_destroy(clients: Clients) -> None:
    said, tools = destroying(clients)
    assert said == [f"There is no stack {NAME} in {REGION}; nothing to destroy."]
    assert tools.ran == []


def test_an_empty_stack_goes_and_nothing_is_left(clients: Clients) -> None:
    deployed(clients)
    said, tools = destroying(clients)
    assert not is_there(clients)
    assert tools.ran == [
        [
            *(".venv-sam/bin/sam", "delete", "--stack-name", NAME),
            *("--region", REGION, "--no-prompts"),
        ]
    ]
    assert said[-1] == "Nothing of it is left."


def test_a_page_bucket_that_is_not_empty_needs_consent(clients: Clients) -> None:
    deployed(clients)
    put_page(clients)
    with pytest.raises(Stopped, match='add EMPTY="page"'):
        destroying(clients)
    assert len(clients.s3.list_object_versions(Bucket=PAGE_BUCKET)["Versions"]) == 3
    assert is_there(clients)

    said, _ = destroying(clients, consent=("page",))
    assert f"Emptying {PAGE_BUCKET} ..." in said
    assert not is_there(clients)
    assert PAGE_BUCKET not in [b["Name"] for b in clients.s3.list_buckets()["Buckets"]]


def test_each_bucket_is_emptied_only_with_its_own_consent(clients: Clients) -> None:
    deployed(clients)
    put_page(clients)
    clients.s3.put_object(Bucket=INDEX_BUCKET, Key="current.json", Body=b"{}")
    with pytest.raises(Stopped, match=r"of the index is not empty.*page index"):
        destroying(clients, consent=("page",))
    assert clients.s3.list_object_versions(Bucket=PAGE_BUCKET)["Versions"]
    destroying(clients, consent=("page", "index"))
    assert not is_there(clients)


def test_documents_go_only_by_their_own_word_which_says_what_is_lost(clients: Clients) -> None:
    deployed(clients)
    clients.s3.put_object(Bucket=DOCUMENTS, Key="tariff.pdf", Body=b"%PDF")
    with pytest.raises(Stopped) as stopped:
        destroying(clients, consent=("page", "index"))
    (reason,) = stopped.value.reasons
    assert DOCUMENTS in reason
    assert "uploaded, which nothing makes again" in reason
    assert "aws s3 sync" in reason
    assert 'EMPTY="page index documents"' in reason
    assert is_there(clients)
    destroying(clients, consent=("page", "index", "documents"))
    assert not is_there(clients)


def test_documents_that_are_emptied_out_are_told_to_nobody_and_before_the_index(
    clients: Clients,
) -> None:
    deployed(clients)
    clients.s3.put_object(Bucket=DOCUMENTS, Key="tariff.pdf", Body=b"%PDF")
    clients.s3.put_object(Bucket=INDEX_BUCKET, Key="current.json", Body=b"{}")
    clients.s3.put_bucket_notification_configuration(
        Bucket=DOCUMENTS,
        NotificationConfiguration={"EventBridgeConfiguration": {}},
    )
    told: list[object] = []

    def sam_delete(_: Sequence[str]) -> None:
        found = clients.s3.get_bucket_notification_configuration(Bucket=DOCUMENTS)
        told.append(found.get("EventBridgeConfiguration"))

    said: list[str] = []
    destroy(
        Environment("dev", NAME, ACCOUNT, {}),
        clients,
        programs(sam_delete=sam_delete),
        said.append,
        confirm=lambda _: True,
        consent=("index", "documents"),
    )
    assert told == [None]
    emptied = [line for line in said if line.startswith("Emptying")]
    assert emptied == [f"Emptying {DOCUMENTS} ...", f"Emptying {INDEX_BUCKET} ..."]


def test_a_bucket_that_no_word_names_is_never_emptied(clients: Clients) -> None:
    deployed(clients)
    clients.s3.put_object(Bucket=FOREIGN, Key="tariff.pdf", Body=b"%PDF")
    with pytest.raises(Stopped) as stopped:
        destroying(clients, consent=("page", "index", "documents"))
    (reason,) = stopped.value.reasons
    assert FOREIGN in reason
    assert "aws s3 sync" in reason
    assert is_there(clients)


def test_a_protected_table_is_refused_with_what_to_do(clients: Clients) -> None:
    deployed(clients)
    clients.dynamodb.update_table(TableName=TABLE, DeletionProtectionEnabled=True)
    with pytest.raises(Stopped, match="--no-deletion-protection-enabled"):
        destroying(clients)
    assert is_there(clients)


def test_a_protected_stack_is_refused_with_what_to_do(clients: Clients) -> None:
    deployed(clients, protected=True)
    with pytest.raises(Stopped, match="--no-enable-termination-protection"):
        destroying(clients)


def test_nothing_is_emptied_before_the_name_was_given(clients: Clients) -> None:
    deployed(clients)
    put_page(clients)
    with pytest.raises(Stopped, match="stays as it is"):
        destroying(clients, name_typed=False, consent=("page",))
    assert clients.s3.list_object_versions(Bucket=PAGE_BUCKET)["Versions"]
    assert is_there(clients)


def test_a_dry_run_says_what_would_go_and_what_would_stay(clients: Clients) -> None:
    deployed(clients, kept=True)
    put_page(clients)
    said, tools = destroying(clients, consent=("page",), dry_run=True)
    assert said == [
        f"To be destroyed: the stack {NAME} with 6 resources, its images and its artifacts.",
        f"  {PAGE_BUCKET} is emptied first, versions too",
        f"  kept: Table (AWS::DynamoDB::Table {TABLE})",
    ]
    assert tools.ran == []
    assert is_there(clients)


def test_a_table_that_goes_is_named_with_what_it_holds(clients: Clients) -> None:
    deployed(clients)
    said, _ = destroying(clients, dry_run=True)
    assert f"  {TABLE} goes with every conversation and the audit trail" in said


def test_what_is_left_is_listed_with_what_removes_it(clients: Clients) -> None:
    deployed(clients, kept=True)
    clients.logs.create_log_group(logGroupName=f"/aws/lambda/{NAME}-Bystander")
    prepared(clients)
    repository = REPOSITORY.partition("/")[2]
    for tag in ("one", "two"):
        clients.ecr.put_image(
            repositoryName=repository,
            imageManifest=json.dumps({**MANIFEST, "config": {"digest": tag}}),
            imageTag=tag,
        )
    said, _ = destroying(clients)
    left = [line for line in said if line.startswith("Left")]
    assert len(left) == 3
    names = (f"table {TABLE}", f"/aws/lambda/{NAME}-Bystander", f"2 images in {repository}")
    for line, name in zip(left, names, strict=True):
        assert name in line
