"""Fixtures of the infrastructure tests: the template as written and as SAM translates it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infrastructure import translate


@pytest.fixture(scope="session")
def written() -> dict[str, Any]:
    return translate.source()


@pytest.fixture(scope="session")
def translated() -> dict[str, Any]:
    return translate.translated()
