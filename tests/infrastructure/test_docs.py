"""README and deployment guide say what settings, template and Makefile do."""

from __future__ import annotations

import re

from tests.infrastructure import tables
from tests.infrastructure.translate import ROOT

GUIDE = (ROOT / "docs/deploy.md").read_text()


def test_the_guide_lists_the_parameters_of_the_template() -> None:
    assert tables.parameters() in GUIDE


def test_the_readme_lists_the_settings_of_the_functions() -> None:
    assert tables.settings() in (ROOT / "README.md").read_text()


def test_the_guide_names_only_targets_that_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"\bmake ([a-z][a-z/.-]*)", GUIDE):
        assert re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE), target


def test_every_test_that_the_threat_model_names_exists() -> None:
    named = re.findall(r"`([\w/.-]+)::([^`]+)`", (ROOT / "docs/security.md").read_text())
    assert len(named) > 40
    for path, name in named:
        source = (ROOT / path).read_text()
        python = re.search(
            rf"^\s*(async )?def {re.escape(name)}\(|^{re.escape(name)} = ", source, re.M
        )
        assert python or f'it("{name}"' in source, f"{path} has no {name}"
