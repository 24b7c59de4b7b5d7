"""The question that ends a deployment, asked of the local stack by the code that asks it of AWS."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.problems import Stopped
from deploy.smoke import smoke
from tests.e2e.local_stack import LocalStack
from tests.e2e.openai_server import Script, ScriptedModel

QUESTION = "What does the utility pay each month for keeping the Millbrook battery available?"


async def asked(stack: LocalStack, credential: str | None = None) -> str:
    out = io.StringIO()
    await smoke(stack.url, credential, QUESTION, out, patience_s=0)
    return out.getvalue()


async def test_the_page_is_fetched_and_the_answer_printed_with_its_sources(
    stack: LocalStack,
) -> None:
    printed = await asked(stack)
    assert f"page {stack.url}, socket {stack.websocket_url}" in printed
    assert f"Question: {QUESTION}" in printed
    assert "Sources\n  [1] " in printed
    assert "Receipt: model " in printed
    assert "cache bypass" in printed


async def test_an_answer_that_ends_in_an_error_fails_it(
    stack: LocalStack, model: ScriptedModel
) -> None:
    model.script(Script(status=401))
    with pytest.raises(Stopped, match="The question was not answered: No complete answer came"):
        await asked(stack)


async def test_a_page_that_nothing_serves_fails_it() -> None:
    with pytest.raises(Stopped, match=r"Nothing answers at http://localhost:9"):
        await smoke("http://localhost:9", None, QUESTION, io.StringIO(), patience_s=0)


@pytest.fixture(scope="module")
def guarded(
    tmp_path_factory: pytest.TempPathFactory, model_server: ScriptedModel
) -> Iterator[LocalStack]:
    shell = {"OPENAI_API_KEY": "scripted", "OPENAI_BASE_URL": model_server.base_url}
    state: Path = tmp_path_factory.mktemp("smoke") / "state"
    with LocalStack(state, shell=shell, parameters={"AuthMode": "api-key"}) as stack:
        yield stack


async def test_where_people_sign_in_it_gets_a_ticket_for_its_key(
    guarded: LocalStack, model: ScriptedModel
) -> None:
    key = (guarded.state_directory / "api-key").read_text().strip()
    assert "Receipt: model " in await asked(guarded, key)
    with pytest.raises(Stopped, match="set SMOKE_CREDENTIAL"):
        await asked(guarded)
    with pytest.raises(Stopped, match="gives no ticket for SMOKE_CREDENTIAL: 401"):
        await asked(guarded, "wrong")
