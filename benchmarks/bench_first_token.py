"""How much the local stack adds to the model's own first token.

Socket in (the question leaves the client) to socket out (the first delta arrives), minus what the
scripted model took from receiving the request to sending its first token. One client, one question
at a time, warm workers; each question is asked afresh, so that the cache answers none.

``python -m benchmarks.bench_first_token [--asks 40]``; the budget is a median of at most 60 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

from copilot.transcript import Transcript
from copilot.wire import AnyServerEvent, Delta, Receipt
from local.chat_client import ChatClient
from tests.e2e.local_stack import LocalStack
from tests.e2e.openai_server import Script, ScriptedModel

BUDGET_MS = 60.0
MODEL_DELAY_S = 0.05
WARM_UP = 5
QUESTION = "What is the contract price under the Harrow Ridge power purchase agreement?"
UNLIMITED = {"QuestionsPerMinute": "100000"}


async def one_ask(client: ChatClient, model: ScriptedModel) -> tuple[float, Receipt | None]:
    """Milliseconds added to the first token, and the answer's receipt."""
    arrived: list[float] = []

    def note(event: AnyServerEvent, transcript: Transcript) -> None:
        if isinstance(event, Delta) and not arrived:
            arrived.append(time.time())

    asked = time.time()
    accepted = await client.ask(QUESTION, fresh=True)
    transcript = await client.follow(accepted.answer_id, on_event=note)
    assert transcript.end is not None
    assert transcript.end.state == "done", transcript.end.error
    served = model.served[-1]
    own = served.token_times[0] - served.received_at
    return (arrived[0] - asked - own) * 1000, transcript.end.receipt


async def measure(stack: LocalStack, model: ScriptedModel, asks: int) -> list[float]:
    """Ask again and again; the first few only warm up. Prints where the median question's time
    went inside the worker."""
    added = []
    stages: dict[str, list[float]] = {}
    async with ChatClient(stack.websocket_url) as client:
        for number in range(WARM_UP + asks):
            milliseconds, receipt = await one_ask(client, model)
            if number < WARM_UP:
                continue
            added.append(milliseconds)
            for stage in receipt.stages if receipt else []:
                stages.setdefault(stage.name, []).append(stage.ms)
    for name, values in stages.items():
        print(f"  of which {name:<10} p50 {statistics.median(values):6.1f} ms in the worker")
    return added


def main() -> int:
    """Print one table; fails beyond the budget only with ``--strict``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--asks", type=int, default=40, help="questions measured")
    parser.add_argument("--strict", action="store_true", help="fail beyond the budget")
    arguments = parser.parse_args()
    script = Script(tokens=["The ", "price ", "is ", "fixed."], first_delay_s=MODEL_DELAY_S)
    with tempfile.TemporaryDirectory() as directory, ScriptedModel(script) as model:
        shell = {"OPENAI_API_KEY": "scripted", "OPENAI_BASE_URL": model.base_url}
        state = Path(directory) / "state"
        with LocalStack(state, shell=shell, parameters=UNLIMITED, faults=False) as stack:
            added = sorted(asyncio.run(measure(stack, model, arguments.asks)))
    median = statistics.median(added)
    p95 = added[int(0.95 * (len(added) - 1))]
    print(
        f"first-token delay added by the stack, {len(added)} asks: "
        f"p50 {median:.1f} ms, p95 {p95:.1f} ms, max {added[-1]:.1f} ms "
        f"(budget p50 {BUDGET_MS:.0f} ms)"
    )
    return 1 if arguments.strict and median > BUDGET_MS else 0


if __name__ == "__main__":
    sys.exit(main())
