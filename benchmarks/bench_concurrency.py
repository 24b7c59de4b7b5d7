"""How many answers one worker process streams at once.

The worker is the function's own composition root with its real model, index, answer log and
publisher, given a batch as its handler is. Its neighbours run in two other processes: a scripted
model server that sends every token in a write of its own, stamped with the time, and an HTTP
server that speaks DynamoDB's JSON and the management API, where the stamps are read. DynamoDB's
expressions are evaluated for real; ministack takes 300 writes a second, an eighth of what one
worker writes, and would be what is measured. *Added delay* is from a token leaving the model
server until its frame is posted: its window (112 ms), the redactor's wait for the next token (20 ms
at 50/s) and what the work costs. Only tokens sent while every stream was running count. The
questions of a batch come at the same moment, the worst case for the first token. The plain worker
answers one after another, and is measured with a batch of two.

What it saves: an invocation is paid by its time, so that ten answers in one cost a tenth, and one
worker of the account's concurrency instead of ten. SQS gives a function up to 10 messages at a
time without a batching window, and ``BatchSize`` (default 1) says how many it takes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from benchmarks.cost import prices
from benchmarks.report import Budget, Measure, Result, Table, run
from benchmarks.streams.batches import Batch, Scene, answered
from benchmarks.streams.workers import our_worker, plain_worker

BUDGET_DELAY_MS = 150.0
_STREAMS = 1000
"""At one time, for the Lambda concurrency of a load: as many as an account may have by default."""


def measure(options: argparse.Namespace) -> Result:
    """A table for each number of streams, beside the plain worker."""
    sizes = [int(size) for size in options.streams.split(",")]
    scene = Scene(tokens=options.tokens, rate=options.rate)
    ours: list[dict[int, Batch]] = []
    plain: list[Batch] = []
    for number in range(options.runs):
        print(f"  run {number + 1} of {options.runs}", file=sys.stderr, flush=True)
        ours.append(answered(our_worker, sizes, scene))
        if not options.no_plain:
            plain.append(_plain(options))
    tables = [_table(size, [found[size] for found in ours], plain) for size in sizes]
    largest = tables[-1].rows[1]
    return Result(
        title="Streams in one worker process",
        runs=options.runs,
        tables=tables,
        budgets=[
            Budget.of_median(
                Measure(what=f"added delay p99, {sizes[-1]} streams", unit="ms", ours=largest.ours),
                BUDGET_DELAY_MS,
            )
        ],
        bound="tokens arriving: a token waits for its window (112 ms) and for the next token (the "
        "redactor), so that p99 cannot be below about 130 ms at 50 tokens/s; and one core, since "
        "a worker is one process with one event loop.",
    )


def _plain(options: argparse.Namespace) -> Batch:
    scene = Scene(tokens=min(options.tokens, 150), rate=options.rate)
    return answered(plain_worker, [2], scene, by_question=True)[2]


def _table(size: int, ours: list[Batch], plain: list[Batch]) -> Table:
    price = float(prices.read().price("lambda_gb_seconds").usd)

    def row(what: str, unit: str, value: Callable[[Batch], float]) -> Measure:
        return Measure(
            what=what, unit=unit, ours=[value(b) for b in ours], plain=[value(b) for b in plain]
        )

    rows = [
        row("added delay per token, p50", "ms", lambda b: b.p50),
        row("added delay per token, p99", "ms", lambda b: b.p99),
        row("tokens a second", "1/s", lambda b: b.tokens_per_s),
        row("CPU per token, start and end of answers included", "us", lambda b: b.cpu_us_per_token),
        row("Lambda time per million tokens at 2048 MB", "GB-s", lambda b: b.gb_s_per_million),
        row("Lambda cost per million tokens", "USD", lambda b: b.gb_s_per_million * price),
        Measure(
            what="Lambda concurrency that 1,000 such streams take",
            unit="",
            ours=[_STREAMS / size] * len(ours),
            plain=[float(_STREAMS)] * len(plain),
        ),
        Measure(
            what="CPU per token while all speak",
            unit="us",
            ours=[b.steady_cpu_us_per_token for b in ours],
        ),
        Measure(
            what="of one core: the worker", unit="%", ours=[b.worker_share * 100 for b in ours]
        ),
        Measure(
            what="of one core: the scripted DynamoDB and management API",
            unit="%",
            ours=[b.aws_share * 100 for b in ours],
        ),
        Measure(
            what="of one core: the scripted model",
            unit="%",
            ours=[b.model_share * 100 for b in ours],
        ),
        Measure(
            what="first token after the batch, p50", unit="ms", ours=[b.first_p50 for b in ours]
        ),
        Measure(
            what="first token after the batch, last", unit="ms", ours=[b.first_last for b in ours]
        ),
        Measure(what="memory per stream", unit="MB", ours=[b.mb_per_stream for b in ours]),
    ]
    one = "stream" if size == 1 else "streams"
    return Table(title=f"{size} {one}", rows=rows)


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--streams", default="1,10,50,100,200", help="streams at a time")
    parser.add_argument("--rate", type=float, default=50.0, help="tokens a second and stream")
    parser.add_argument("--tokens", type=int, default=600, help="tokens of an answer")
    parser.add_argument("--runs", type=int, default=2, help="runs, ours and plain in turn")
    parser.add_argument("--no-plain", action="store_true", help="do not measure the plain worker")
    return run("concurrency", __doc__, measure, parser)


if __name__ == "__main__":
    sys.exit(main())
