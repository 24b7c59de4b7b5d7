"""How much the local stack adds to the model's own first token.

Socket in (the question leaves the client) to socket out (the first delta arrives), minus what the
scripted model took from receiving the request to sending its first token; for an answer from the
semantic cache, to the first delta and to the verified end. One client, one question at a time, warm
workers, the whole stack as ``make run`` starts it: gateway, ZIP function, queue, worker, Qdrant,
services. The plain design cannot run there: it keeps no answer log and authorizes nobody.

Where it goes is read off the moments at which things happened: the client's own clock, what the
model server noted, and the stages of the answer's receipt. *To the queue* is the gateway, the ZIP
function and its transaction, up to ``accepted`` at the client; *to the model* is the queue, taking
the answer and everything before the model's request, of which the stages are part; *from the model*
is persist, fence, push and the socket.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import Budget, Measure, Result, Table, run
from copilot.transcript import Transcript
from copilot.wire import AnyServerEvent, Delta, Start
from local.client.chat_client import ChatClient
from tests.e2e.local_stack import LocalStack
from tests.e2e.openai_server import Script, ScriptedModel

BUDGET_MS = 60.0
MODEL_DELAY_S = 0.05
WARM_UP = 5
QUESTION = "What is the contract price under the Harrow Ridge power purchase agreement?"
UNLIMITED = {"QuestionsPerMinute": "100000"}
ANSWER = ["The price ", "is fixed ", "[1]."]

Figures = dict[str, float]
"""Milliseconds by name."""


async def one_ask(client: ChatClient, *, fresh: bool) -> tuple[dict[str, float], Transcript]:
    """Ask, and note when what arrived (``time.time()``)."""
    arrived: dict[str, float] = {"asked": time.time()}

    def note(event: AnyServerEvent, transcript: Transcript) -> None:
        if isinstance(event, Start | Delta):
            arrived.setdefault(type(event).__name__, time.time())

    accepted = await client.ask(QUESTION, fresh=fresh)
    arrived["accepted"] = time.time()
    transcript = await client.follow(accepted.answer_id, on_event=note)
    arrived["end"] = time.time()
    assert transcript.end is not None
    assert transcript.end.state == "done", transcript.end.error
    return arrived, transcript


async def fresh_figures(client: ChatClient, model: ScriptedModel) -> Figures:
    """One question that the model answers."""
    arrived, transcript = await one_ask(client, fresh=True)
    served = model.served[-1]
    own = served.token_times[0] - served.received_at
    figures = {
        "added to the first token": arrived["Delta"] - arrived["asked"] - own,
        "to the queue": arrived["accepted"] - arrived["asked"],
        "to the model": served.received_at - arrived["accepted"],
        "from the model": arrived["Delta"] - served.token_times[0],
    }
    found = {name: seconds * 1000 for name, seconds in figures.items()}
    receipt = transcript.end.receipt if transcript.end else None
    for stage in receipt.stages if receipt else []:
        if stage.name != "model":
            found[f"  of it, {stage.name}"] = stage.ms
    return found


async def cached_figures(client: ChatClient) -> Figures:
    """One question that the cache answers."""
    arrived, transcript = await one_ask(client, fresh=False)
    receipt = transcript.end.receipt if transcript.end else None
    assert receipt is not None
    assert receipt.cache.decision == "hit", receipt.cache
    return {
        "to the first text": (arrived["Delta"] - arrived["asked"]) * 1000,
        "to the verified end": (arrived["end"] - arrived["asked"]) * 1000,
    }


async def measured(stack: LocalStack, model: ScriptedModel, asks: int) -> list[list[Figures]]:
    """The figures of fresh and of cached questions; the first few only warm up."""
    async with ChatClient(stack.websocket_url) as client:
        fresh = [await fresh_figures(client, model) for _ in range(WARM_UP + asks)]
        # Whatever the last answer left to be stored is stored by the time the next one ends.
        await one_ask(client, fresh=False)
        await asyncio.sleep(0.5)
        cached = [await cached_figures(client) for _ in range(WARM_UP + asks)]
    return [fresh[WARM_UP:], cached[WARM_UP:]]


def measure(options: argparse.Namespace) -> Result:
    """One table of the model's answers, one of the cache's."""
    script = Script(tokens=ANSWER, first_delay_s=MODEL_DELAY_S)
    with tempfile.TemporaryDirectory() as directory, ScriptedModel(script) as model:
        shell = {"OPENAI_API_KEY": "scripted", "OPENAI_BASE_URL": model.base_url}
        state = Path(directory) / "state"
        with LocalStack(state, shell=shell, parameters=UNLIMITED, faults=False) as stack:
            fresh, cached = asyncio.run(measured(stack, model, options.asks))
    tables = [
        _table("A question that the model answers", fresh),
        _table("A question that the semantic cache answers", cached),
    ]
    return Result(
        title="First token through the whole local stack",
        runs=options.asks,
        tables=tables,
        budgets=[Budget.of_median(tables[0].rows[0], BUDGET_MS)],
        bound="one forward pass of the embedding model and about eight writes of the services, "
        "3 to 4 ms each here.",
    )


def _table(title: str, found: list[Figures]) -> Table:
    names = list(dict.fromkeys(name for figures in found for name in figures))
    rows = [
        Measure(what=name, unit="ms", ours=[f[name] for f in found if name in f]) for name in names
    ]
    return Table(title=title, rows=rows)


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--asks", type=int, default=40, help="questions of each kind")
    return run("first-token", __doc__, measure, parser)


if __name__ == "__main__":
    sys.exit(main())
