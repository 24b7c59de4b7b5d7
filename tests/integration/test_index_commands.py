"""``python -m embed``: every command by its output and exit status, with the real model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from embed.cli import main
from tests.integration.index_builders import write_corpus


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_corpus(
        tmp_path / "docs",
        {
            "tariff.md": "---\ndate: 2025-01-01\n---\n# Tariff\n\nThe peak price is 24.90 ¢/kWh.",
            "budget.md": "---\ngroups: [finance]\n---\n# Budget\n\nThe budget is $3 million.",
        },
    )


def test_build_inspect_search_and_update(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index = str(tmp_path / "index")
    assert main(["build", str(corpus), "--out", index]) == 0
    assert "2 documents, 2 chunks" in capsys.readouterr().out
    assert main(["build", str(corpus), "--out", index]) == 0
    assert "up to date" in capsys.readouterr().out

    assert main(["inspect", index, "--documents"]) == 0
    shown = capsys.readouterr().out
    assert "all-MiniLM-L6-v2@" in shown
    assert "docs/budget.md" in shown

    question = ["search", "What is the budget?", "--index", index, "--json"]
    assert main(question) == 0
    public = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [p["document"] for p in public] == ["docs/tariff.md"]
    assert main([*question, "--groups", "public,finance", "-k", "1"]) == 0
    finance = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [p["text"] for p in finance] == ["The budget is $3 million."]
    assert main(["search", "price", "--index", index, "--filter", "year=2025"]) == 0
    assert "24.90 ¢/kWh" in capsys.readouterr().out

    write_corpus(corpus, {"new.md": "# New\n\nA third document."})
    (corpus / "broken.pdf").write_bytes(b"%PDF nothing")
    assert main(["update", str(corpus), "--out", index]) == 0
    shown = capsys.readouterr().out
    assert "3 documents, 3 chunks" in shown
    assert "1 embedded, 2 kept" in shown
    assert "skipped" in shown
    assert "broken.pdf: it is not a readable PDF" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["build", "{tmp}/nowhere"], "does not exist"),
        (["build", "{tmp}/empty", "--out", "{tmp}/index"], "No documents found"),
        (["build", "{tmp}/docs", "--out", "{tmp}/docs"], "is not an index"),
        (["build", "{tmp}/docs", "--model", "{tmp}"], "make model"),
        (["update", "{tmp}/docs", "--out", "{tmp}/none"], "python -m embed build"),
        (["inspect", "{tmp}/none"], "python -m embed build"),
        (["search", "x", "--index", "{tmp}/none"], "python -m embed build"),
        (["search", "x", "--filter", "year"], "NAME=VALUE"),
        (["export-model", "{tmp}", "--name", "a/b"], "modules.json"),
        (["export-model", "{tmp}", "--name", "a/b", "--licence", "MIT"], "--licence-file"),
    ],
)
@pytest.mark.usefixtures("corpus")
def test_a_mistake_ends_with_status_1_and_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    (tmp_path / "empty").mkdir()
    assert main([argument.format(tmp=tmp_path) for argument in arguments]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("command", ["build", "update", "inspect", "search", "export-model"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    assert "--" in capsys.readouterr().out
