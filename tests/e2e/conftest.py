"""One local stack and one scripted model server for the whole suite: real sockets and processes.

A stack takes about three seconds to start. Tests that must break or restart theirs make their own
with ``make_stack``. The semantic cache is shared: ask with ``fresh=True`` or in words of your own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.local_stack import LocalStack
from tests.e2e.openai_server import Script, ScriptedModel

PATIENT = {"CacheLookupMs": "10000"}
"""A busy machine must not pass over the cache where a test is about what the cache knows."""
UNLIMITED = {"QuestionsPerMinute": "100000", **PATIENT}


@pytest.fixture(scope="session")
def model_server() -> Iterator[ScriptedModel]:
    """The scripted model that the shared stack asks."""
    with ScriptedModel() as server:
        yield server


@pytest.fixture(scope="session")
def shared_stack(
    model_server: ScriptedModel, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalStack]:
    shell = {"OPENAI_API_KEY": "scripted", "OPENAI_BASE_URL": model_server.base_url}
    state = tmp_path_factory.mktemp("stack") / "state"
    with LocalStack(state, shell=shell, parameters=UNLIMITED) as stack:
        yield stack
        # Whatever the suite did, no function needed more than its role allows.
        assert stack.state()["refused"] == []


@pytest.fixture
def model(model_server: ScriptedModel) -> ScriptedModel:
    """The scripted model with its plain script and no memory of earlier tests."""
    model_server.script(Script())
    model_server.served.clear()
    return model_server


@pytest.fixture
def stack(shared_stack: LocalStack, model: ScriptedModel) -> Iterator[LocalStack]:
    """The shared stack, without faults."""
    yield shared_stack
    shared_stack.clear_faults()


@pytest.fixture
def make_stack(tmp_path: Path) -> Iterator[Callable[..., LocalStack]]:
    """Makes further stacks, each stopped at the end of the test."""
    with ExitStack() as undo:

        def make(name: str = "own", **options: Any) -> LocalStack:
            return undo.enter_context(LocalStack(tmp_path / name, **options))

        yield make
