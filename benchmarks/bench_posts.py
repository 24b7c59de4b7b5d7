"""How many messages a long answer costs, against one per token.

A scripted model streams 500 tokens at 80 a second through the local stack. API Gateway bills each
posted message; the plain design posts every token. The added delay per token is the time from the
model sending it to the client having it.

``python -m benchmarks.bench_posts [--tokens 500] [--rate 80]``; the budget is an eighth of the
tokens, with a p99 of the added delay of at most 150 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from copilot.transcript import Transcript
from copilot.wire import AnyServerEvent
from local.chat_client import ChatClient
from tests.e2e.local_stack import LocalStack
from tests.e2e.openai_server import Script, ScriptedModel

BUDGET_RATIO = 8.0
BUDGET_DELAY_MS = 150.0
QUESTION = "What is the contract price under the Harrow Ridge power purchase agreement?"


async def measure(stack: LocalStack, model: ScriptedModel) -> tuple[int, list[float]]:
    """Posts of one answer, and the added milliseconds of each of its tokens."""
    lengths: list[tuple[int, float]] = []

    def note(event: AnyServerEvent, transcript: Transcript) -> None:
        lengths.append((len(transcript.text), time.time()))

    async with ChatClient(stack.websocket_url) as client:
        for _ in range(2):  # The first only warms up.
            lengths.clear()
            accepted = await client.ask(QUESTION, fresh=True)
            transcript = await client.follow(accepted.answer_id, on_event=note)
            posts = len(lengths)
            lengths.append((len(transcript.text), time.time()))
    assert transcript.end is not None
    assert transcript.end.state == "done", transcript.end.error
    return posts, _delays(model, lengths)


def _delays(model: ScriptedModel, lengths: list[tuple[int, float]]) -> list[float]:
    """A note is taken before its event is applied, so a length was reached at the note before."""
    reached = [(length, lengths[i - 1][1]) for i, (length, _) in enumerate(lengths) if i]
    served = model.served[-1]
    delays = []
    sent = 0
    for number, token_time in enumerate(served.token_times):
        sent += len(f"token{number:04d} ")
        arrival = next((at for length, at in reached if length >= sent), lengths[-1][1])
        delays.append((arrival - token_time) * 1000)
    return sorted(delays)


def main() -> int:
    """Print one table; fails beyond the budget only with ``--strict``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tokens", type=int, default=500, help="tokens of the answer")
    parser.add_argument("--rate", type=float, default=80.0, help="tokens a second")
    parser.add_argument("--window", help="FlushWindowMs, instead of the template's")
    parser.add_argument("--strict", action="store_true", help="fail beyond the budget")
    arguments = parser.parse_args()
    words = [f"token{number:04d} " for number in range(arguments.tokens)]
    script = Script(tokens=words, delay_s=1 / arguments.rate)
    with tempfile.TemporaryDirectory() as directory, ScriptedModel(script) as model:
        shell = {"OPENAI_API_KEY": "scripted", "OPENAI_BASE_URL": model.base_url}
        parameters = {"FlushWindowMs": arguments.window} if arguments.window else {}
        state = Path(directory) / "state"
        with LocalStack(state, shell=shell, parameters=parameters, faults=False) as stack:
            posts, delays = asyncio.run(measure(stack, model))
    ratio = arguments.tokens / posts
    p50, p99 = delays[len(delays) // 2], delays[int(0.99 * (len(delays) - 1))]
    print(
        f"{arguments.tokens} tokens at {arguments.rate:.0f}/s: {posts} posts, "
        f"1/{ratio:.1f} of one per token (budget 1/{BUDGET_RATIO:.0f}); "
        f"added delay per token p50 {p50:.0f} ms, p99 {p99:.0f} ms (budget {BUDGET_DELAY_MS:.0f})"
    )
    failed = ratio < BUDGET_RATIO or p99 > BUDGET_DELAY_MS
    return 1 if arguments.strict and failed else 0


if __name__ == "__main__":
    sys.exit(main())
