"""README and deployment guide say what settings, template and Makefile do."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.parameters import faults, read_template, settled
from tests.infrastructure import diagram, makefile, tables, translate
from tests.infrastructure.translate import ROOT
from tests.security.threats import threats

GUIDE = (ROOT / "docs/deploy.md").read_text()
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("name", tables.PARTS)
def test_what_is_generated_is_up_to_date(name: str) -> None:
    comment, make = tables.PARTS[name]
    text = (ROOT / name).read_text()
    assert tables.with_part(text, comment, make()) == text, "stale: make generate"


def test_the_diagram_shows_every_resource_that_holds_or_answers_and_no_other() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    part = text[text.index("<!-- diagram:") :].split("```")[1]
    nodes = set(re.findall(r"^  (\w+)[\[{]", part, re.M))
    ends = set(re.findall(r"^  (\w+) -", part, re.M)) | set(
        re.findall(r"> ?(?:\|[^|]*\| )?(\w+)$", part, re.M)
    )
    assert nodes == set(diagram.drawn())
    assert ends <= nodes
    kinds = set(diagram.drawn().values())
    assert kinds >= {f"AWS::{k}" for k in ("SQS::Queue", "DynamoDB::Table", "S3::Bucket")}
    functions = {n for n, kind in diagram.drawn().items() if kind == "AWS::Serverless::Function"}
    assert functions <= ends


def test_the_table_of_rooms_lists_the_rooms() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    table = text[text.index("| room |") :].split("\n\n")[0]
    named = set(re.findall(r"`([\w-]+)/`", "\n".join(r.split("|")[1] for r in table.splitlines())))
    rooms = {p.parent.name for p in ROOT.glob("*/__init__.py")}
    assert named >= rooms | {"chat-ui", "tests", "benchmarks"}
    assert [name for name in sorted(named) if not (ROOT / name).is_dir()] == []
    inner = {p.parent.name for p in ROOT.glob("inference/*/__init__.py")}
    first = [
        row.split("|")[1] for row in table.splitlines() if "inference/" in row and "/`" not in row
    ]
    assert set(re.findall(r"\w+", " ".join(first))) - {"inference"} == inner


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_command_of_the_documents_exists(document: Path) -> None:
    called, given = makefile.calls(makefile.code(document.read_text()))
    assert [target for target in called if not makefile.exists(target)] == []
    assert given <= makefile.variables()


def test_the_commands_of_the_guide_are_those_that_deploy() -> None:
    called, _ = makefile.calls(makefile.code(GUIDE))
    assert {"account", "preflight", "deploy", "deploy-page", "deploy-smoke", "destroy"} <= called


def test_every_parameter_output_and_resource_that_the_guide_names_exists() -> None:
    known = {"ImageRepository", "AWS"}
    for template in (translate.TEMPLATE, *sorted((ROOT / "infra").glob("*.yaml"))):
        parsed = translate.source(template)
        known |= {*parsed["Parameters"], *parsed["Resources"], *parsed.get("Outputs", {})}
    code = makefile.code(GUIDE[: GUIDE.index("\n## Parameters\n")])
    shell = re.sub(r'"\$\w+"|--\S+|\$\w+|\{[^}]*\}|OWNER/NAME|Stacks\[0\]\.\S+', " ", code)
    named = set(re.findall(r"(?<![\w/.:@-])([A-Z][a-z]+(?:[A-Z][a-z]+)+)(?![\w/.])", shell))
    assert len(named) > 20
    assert named - known == set()


def test_every_parameter_that_the_guide_sets_has_a_value_that_it_may_have() -> None:
    declared = read_template(translate.TEMPLATE.read_text())
    code = makefile.code(GUIDE[: GUIDE.index("\n## Parameters\n")])
    settings = re.findall(r"(?<![\w-])([A-Z][a-z]+(?:[A-Z][a-z]+)*)=([\w-]+)(?=[\s\"]|$)", code)
    own = [(name, value) for name, value in settings if name in declared["Parameters"]]
    assert len(own) >= 5
    for name, value in own:
        alone = {**declared, "Rules": {}}
        assert list(faults(alone, settled(declared["Parameters"], {name: value}))) == []


def test_every_option_of_the_guide_that_python_takes_exists() -> None:
    modules = re.findall(r"python -m ([\w.]+) ([^\n#`]*--[^\n#`]*)", makefile.code(GUIDE))
    assert modules
    for module, words in modules:
        run = [sys.executable, "-m", module, "--help"]
        shown = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for option in re.findall(r"--[a-z-]+", words):
            assert option in shown, f"{module} {option}"


def test_the_table_of_security_tests_has_a_line_for_every_threat() -> None:
    table = (ROOT / "docs/reliability.md").read_text().split("## The security tests")[1]
    rows = [row.split("|") for row in table.split("\n## ")[0].splitlines() if row.startswith("| ")]
    shown = [(row[1].strip(), row[2].strip(), int(row[3])) for row in rows[1:]]
    lines = threats((ROOT / "docs/security.md").read_text())
    assert shown == [(line.section, line.name, len(line.tests)) for line in lines]
    assert {row[6].strip() for row in rows[1:]} == {"0"}


def test_every_test_that_the_threat_model_names_exists() -> None:
    named = re.findall(r"`([\w/.-]+)::([^`]+)`", (ROOT / "docs/security.md").read_text())
    assert len(named) > 40
    for path, name in named:
        source = (ROOT / path).read_text()
        python = re.search(
            rf"^\s*(async )?def {re.escape(name)}\(|^{re.escape(name)} = ", source, re.M
        )
        assert python or f'it("{name}"' in source, f"{path} has no {name}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_that_a_document_links_to_exists(document: Path) -> None:
    links = re.findall(r"\]\((?!\w+:|#)([^)\s#]+)", document.read_text())
    missing = [link for link in links if not (document.parent / link).exists()]
    assert missing == []


def test_every_decision_has_a_number_of_its_own() -> None:
    decisions = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    headings = [int(path.read_text()[2:].partition(".")[0]) for path in decisions]
    assert headings == [int(path.name[:4]) for path in decisions]
    assert len(set(headings)) == len(headings)
