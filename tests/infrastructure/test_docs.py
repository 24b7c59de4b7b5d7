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
