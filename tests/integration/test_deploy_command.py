"""``python -m deploy`` as a person types it: exit status, and what is said where."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from deploy.__main__ import main
from deploy.clients import make_clients
from tests.conftest import REGION
from tests.integration.deployed_stack import PAGE_BUCKET, deployed


def test_without_a_region_it_says_how_to_name_one(
    aws: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    assert main(["down"]) == 1
    assert (
        "error: No region is set. Name one: export AWS_DEFAULT_REGION=" in capsys.readouterr().err
    )


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_either_variable_for_the_region_is_heard(
    variable: str, aws: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv(variable, "eu-west-3")
    assert main(["down"]) == 0
    assert "in eu-west-3; nothing to destroy" in capsys.readouterr().out


def test_destroying_what_is_not_there_succeeds(
    aws: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["down", "--env", "prod"]) == 0
    assert "There is no stack energycopilot-prod" in capsys.readouterr().out


def test_a_page_or_a_question_needs_a_stack(aws: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["page"]) == 1
    assert main(["smoke"]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert [line.split(".")[0] for line in errors] == [
        f"error: There is no stack energycopilot-dev in {REGION}"
    ] * 2


def test_the_page_is_uploaded_by_its_command_and_not_by_a_dry_run(
    aws: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clients = make_clients(REGION)
    deployed(clients)
    (tmp_path / "index.html").write_text("<!doctype html>")
    assert main(["page", "--page", str(tmp_path), "--dry-run"]) == 0
    assert "upload (2): config.json, index.html" in capsys.readouterr().out
    assert "Contents" not in clients.s3.list_objects_v2(Bucket=PAGE_BUCKET)
    assert main(["page", "--page", str(tmp_path)]) == 0
    assert clients.s3.list_objects_v2(Bucket=PAGE_BUCKET)["KeyCount"] == 2


def test_nothing_is_destroyed_where_nobody_can_confirm(
    aws: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clients = make_clients(REGION)
    deployed(clients)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main(["down"]) == 1
    assert "add YES=1" in capsys.readouterr().err
    assert clients.s3.list_objects_v2(Bucket=PAGE_BUCKET)["KeyCount"] == 0


def test_a_wrong_parameter_stops_it_before_anything_else(
    aws: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["up", "--parameter", "LogLevle=INFO"]) == 1
    said = capsys.readouterr()
    assert "Did you mean LogLevel?" in said.err
    assert "1." not in said.out
