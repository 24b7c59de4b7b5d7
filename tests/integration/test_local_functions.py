"""Functions in real processes under the real Lambda runtime client."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from local.declared.blueprint import Function
from local.functions.function_environment import PORTABLE_RUNTIME, function_environment
from local.functions.pool import Pool
from local.functions.runtime_api import FunctionFailed
from local.functions.worker import Launch
from local.options import ROOT

MakePool = Callable[..., Pool]


@pytest.fixture(params=["native", "portable"])
async def make_pool(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[MakePool]:
    """Pools under both runtime clients: the native one and the one for systems without it."""
    async with AsyncExitStack() as undo:

        def make(handler: str, *, size: int = 2, timeout_s: int = 5) -> Pool:
            function = Function(
                name="Tested",
                arn="arn:aws:lambda:us-east-1:000000000000:function:Tested",
                handler=f"tests.integration.local_handlers.{handler}",
                timeout_s=timeout_s,
                memory_mb=512,
                environment={"TABLE_NAME": "t", "OPENAI_API_KEY": "", "INDEX_DIR": "faiss_index"},
                json_logs=False,
            )
            shell = {"PATH": "/usr/bin:/bin", "OPENAI_API_KEY": "key", "SECRET_OF_MINE": "hidden"}
            environment = function_environment(
                function,
                shell,
                {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
                {"INDEX_DIR": "/elsewhere", "UNDECLARED": "x"},
                ROOT,
            )
            if request.param == "portable":
                environment["PYTHONPATH"] = f"{PORTABLE_RUNTIME}{os.pathsep}{ROOT}"
            pool = Pool(
                Launch(function, environment, ROOT, tmp_path / "Tested.log", tmp_path / "tmp"), size
            )
            undo.push_async_callback(pool.close)
            return pool

        yield make


async def run(pool: Pool, event: Any) -> Any:
    return json.loads(await pool.invoke(json.dumps(event).encode()))


async def test_an_event_reaches_the_handler_with_lambda_s_context(make_pool: MakePool) -> None:
    answer = await run(make_pool("echo"), {"question": "é"})
    assert answer["event"] == {"question": "é"}
    assert answer["function"] == "Tested"
    assert 4000 < answer["left_ms"] <= 5000
    assert answer["directory"] == str(ROOT)


async def test_a_function_sees_its_own_variables_and_nothing_of_the_shell(
    make_pool: MakePool,
) -> None:
    seen = (await run(make_pool("echo"), {}))["environment"]
    assert seen["TABLE_NAME"] == "t"
    assert seen["OPENAI_API_KEY"] == "key"
    assert seen["INDEX_DIR"] == "/elsewhere"
    assert seen["AWS_LAMBDA_FUNCTION_NAME"] == "Tested"
    assert seen["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert "SECRET_OF_MINE" not in seen
    assert "UNDECLARED" not in seen


async def test_a_process_serves_one_event_after_another(make_pool: MakePool) -> None:
    pool = make_pool("misbehave")
    pids = {(await run(pool, {}))["pid"] for _ in range(20)}
    assert len(pids) == 1
    assert len(pool.workers) == 1


async def test_events_at_once_share_as_many_processes_as_allowed(make_pool: MakePool) -> None:
    pool = make_pool("misbehave", size=2)
    answers = await asyncio.gather(*(run(pool, {"sleep": 0.2}) for _ in range(5)))
    assert len({answer["pid"] for answer in answers}) == 2


async def test_an_exception_fails_its_invocation_and_keeps_the_process(
    make_pool: MakePool,
) -> None:
    pool = make_pool("misbehave")
    pid = (await run(pool, {}))["pid"]
    with pytest.raises(FunctionFailed) as failed:
        await run(pool, {"raise": "broken"})
    assert failed.value.kind == "ValueError"
    assert failed.value.message == "broken"
    assert any("misbehave" in line for line in failed.value.trace)
    assert (await run(pool, {}))["pid"] == pid


async def test_a_task_that_takes_too_long_is_killed(make_pool: MakePool) -> None:
    pool = make_pool("misbehave", timeout_s=1)
    pid = (await run(pool, {}))["pid"]
    began = time.monotonic()
    with pytest.raises(FunctionFailed) as failed:
        await run(pool, {"sleep": 60})
    assert failed.value.kind == "Sandbox.Timedout"
    assert time.monotonic() - began < 3
    assert (await run(pool, {}))["pid"] != pid


@pytest.mark.parametrize("how", ["exit", "kill"])
async def test_a_process_that_dies_fails_its_invocation_and_is_replaced(
    make_pool: MakePool, how: str
) -> None:
    pool = make_pool("misbehave")
    pid = (await run(pool, {}))["pid"]
    if how == "exit":
        with pytest.raises(FunctionFailed, match="exit status 7"):
            await run(pool, {"exit": 7})
    else:
        asleep = asyncio.create_task(run(pool, {"sleep": 60}))
        await asyncio.sleep(0.1)
        pool.workers[0].send(signal.SIGKILL)
        with pytest.raises(FunctionFailed, match="SIGKILL"):
            await asleep
    assert (await run(pool, {}))["pid"] != pid


async def test_a_paused_process_is_killed_at_its_deadline(make_pool: MakePool) -> None:
    pool = make_pool("misbehave", timeout_s=1)
    await pool.warm()
    asleep = asyncio.create_task(run(pool, {"sleep": 0.3}))
    await asyncio.sleep(0.1)
    pool.workers[0].send(signal.SIGSTOP)
    with pytest.raises(FunctionFailed) as failed:
        await asleep
    assert failed.value.kind == "Sandbox.Timedout"


async def test_a_handler_that_cannot_be_loaded_says_why(make_pool: MakePool) -> None:
    pool = make_pool("missing")
    with pytest.raises(FunctionFailed) as failed:
        await run(pool, {})
    assert failed.value.kind == "Runtime.HandlerNotFound"
    with pytest.raises(FunctionFailed):
        await pool.warm()


async def test_what_a_handler_prints_is_in_its_log(make_pool: MakePool, tmp_path: Path) -> None:
    await run(make_pool("misbehave"), {"print": "a word for the log"})
    assert "a word for the log" in (tmp_path / "Tested.log").read_text()


async def test_closing_leaves_no_process_behind(make_pool: MakePool) -> None:
    pool = make_pool("misbehave")
    pid = (await run(pool, {}))["pid"]
    await pool.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
