"""A batch of answers between scripted neighbours, and what it showed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from benchmarks.streams import aws_server, model_server
from benchmarks.streams.aws_server import Seen
from benchmarks.streams.core_shares import CoreShares
from benchmarks.streams.neighbours import Neighbour
from benchmarks.streams.workers import Usage, Worker

QUESTION = "What is the contract price under the Harrow Ridge power purchase agreement?"
FIRST_TOKEN_S = 0.3
"""What the scripted model takes to its first token."""

MEMORY_GB = 2.0
"""The function's default memory, 2048 MB."""

_SETTLING_MS = 500


class Scene(Struct, frozen=True, kw_only=True):
    """How the model speaks, and how long DynamoDB and the management API take to answer."""

    tokens: int
    rate: float
    aws_delay_s: float = 0.0


class Batch(Struct, frozen=True, kw_only=True):
    """What a batch showed. Milliseconds, except where named otherwise."""

    p50: float
    p99: float
    first_p50: float
    first_last: float
    posts: float
    units: float
    """Posts as they are billed, in units of 32 KB."""
    tokens_per_s: float
    cpu_us_per_token: float
    mb_per_stream: float
    gb_s_per_million: float
    """Lambda time per million tokens."""
    steady_cpu_us_per_token: float
    """The worker's, while every stream was running."""
    worker_share: float
    aws_share: float
    model_share: float
    """Of one core, meanwhile: the worker, DynamoDB with the management API, the model."""


def answered(
    make: Callable[[str, str], Worker],
    sizes: Sequence[int],
    scene: Scene,
    *,
    by_question: bool = False,
) -> dict[int, Batch]:
    """Warm a worker by one answer, then give it a batch of each size.

    ``make`` takes the addresses of AWS and of the model. ``by_question``: its batches are questions
    instead of ids of accepted answers.
    """
    with (
        Neighbour(aws_server.serve, scene.aws_delay_s) as aws,
        Neighbour(model_server.serve, scene.tokens, scene.rate, FIRST_TOKEN_S) as model,
        make(aws.urls, model.urls) as worker,
        CoreShares({"worker": worker.pid, "aws": aws.pid, "model": model.pid}) as shares,
    ):
        found = {}
        for size in (1, *sizes):
            questions = [QUESTION] * size
            ids = aws.ask("ask", questions)
            usage = worker.answer(questions if by_question else ids)
            asked_at, seen, _ = aws.ask("report")
            found[size] = batch_of(asked_at, seen, usage, scene, shares)
        return found


def batch_of(
    asked_at: float, seen: Sequence[Seen], usage: Usage, scene: Scene, shares: CoreShares
) -> Batch:
    """The figures of one batch; every answer must have come whole."""
    tokens = scene.tokens
    got = [len(one.tokens) for one in seen]
    assert got == [tokens] * len(seen), f"tokens are missing: {got}"
    assert all(one.state == "done" for one in seen), [one.state for one in seen]
    assert usage.failures == 0, usage
    delays = steady_delays(seen)
    share = shares.between(*steady(seen))
    firsts = sorted(one.tokens[0][1] - asked_at for one in seen)
    total = sum(got)
    return Batch(
        p50=delays[len(delays) // 2],
        p99=delays[int(len(delays) * 0.99)],
        first_p50=firsts[len(firsts) // 2],
        first_last=firsts[-1],
        posts=sum(one.posts for one in seen) / len(seen),
        units=sum(one.units for one in seen) / len(seen),
        tokens_per_s=total / usage.wall_s,
        cpu_us_per_token=usage.cpu_s / total * 1e6,
        mb_per_stream=usage.grown_mb / len(seen),
        gb_s_per_million=usage.wall_s * MEMORY_GB / total * 1e6,
        steady_cpu_us_per_token=share["worker"] / (len(seen) * scene.rate) * 1e6,
        worker_share=share["worker"],
        aws_share=share["aws"],
        model_share=share["model"],
    )


def steady(seen: Sequence[Seen]) -> tuple[float, float]:
    """From when to when every stream was running; one after another, all the time."""
    began = max(one.tokens[0][0] for one in seen) + (_SETTLING_MS if len(seen) > 1 else 0)
    ended = min(one.tokens[-1][0] for one in seen)
    return (began, ended) if began <= ended else (0, float("inf"))


def steady_delays(seen: Sequence[Seen]) -> list[float]:
    """Delays of the tokens that were sent within ``steady``."""
    began, ended = steady(seen)
    return sorted(at - sent for one in seen for sent, at in one.tokens if began <= sent <= ended)
