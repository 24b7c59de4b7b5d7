"""The ZIP function: its cold start, and what a question costs it once warm.

Each run is a fresh process that starts as Lambda starts it, imports the handler and makes its
clients, then serves questions against scripted AWS endpoints which answer after 5 ms. The plain
handler is pydantic with the whole of Powertools (logger, tracer, metrics, parser).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.plain_environment import python
from benchmarks.report import Budget, Measure, Result, Table, alternate, run
from benchmarks.scripted_aws import TRACE, ScriptedAws
from benchmarks.started_function import compile_bytecode

ROOT = Path(__file__).resolve().parents[1]
OURS, PLAIN = "ours", "plain"
LATENCY_S = 0.005
WARM_UP = 10
EVENTS = ROOT / "events"

CHILD = """
import time
moments = [("interpreter", time.monotonic())]
def passed(name): moments.append((name, time.monotonic()))
import awslambdaric.bootstrap
passed("the runtime client")
import importlib, json, os, sys
entry = importlib.import_module(MODULE)
passed("import the handler")
if hasattr(entry, "app"):
    entry.app()
passed("make the clients")
modules = len(sys.modules)

from types import SimpleNamespace
from botocore.httpsession import URLLib3Session
on_the_way, send = [0.0], URLLib3Session.send
def timed(self, request):
    began = time.perf_counter()
    try:
        return send(self, request)
    finally:
        on_the_way[0] += time.perf_counter() - began
URLLib3Session.send = timed
context = SimpleNamespace(
    function_name="bench", memory_limit_in_mb=512, aws_request_id="r",
    invoked_function_arn="arn:aws:lambda:eu-central-1:0:function:bench",
    get_remaining_time_in_millis=lambda: 30000,
)
out, sys.stdout = sys.stdout, open(os.devnull, "w")
events = json.load(sys.stdin)
assert entry.handler(events["connect"], context)["statusCode"] == 200
whole, network = [], []
for number in range(events["count"]):
    event = json.loads(events["message"].replace("NUMBER", f"{number:04d}"))
    before, began = on_the_way[0], time.perf_counter()
    answer = entry.handler(event, context)
    whole.append(1000 * (time.perf_counter() - began))
    network.append(1000 * (on_the_way[0] - before))
    assert answer["statusCode"] == 200 and "rejected" not in answer.get("body", ""), answer
found = {"moments": moments, "modules": modules, "whole": whole, "network": network}
print(json.dumps(found), file=out, flush=True)
os._exit(0)
"""


def measure(arguments: argparse.Namespace) -> Result:
    """Both handlers in turns."""
    for name in (OURS, PLAIN):
        compile_bytecode(_python(name))
        serve(name, 1)  # Warms the page cache.
    count = WARM_UP + max(1, arguments.asks)
    found = alternate(
        max(1, arguments.runs), {name: partial(serve, name, count) for name in (OURS, PLAIN)}
    )
    init = _compared("from the start of the process to ready", "ms", found, "init")
    rows = [
        init,
        _compared("of which imports and clients", "ms", found, "own_init"),
        _compared("modules imported", "", found, "modules"),
    ]
    warm = [
        _compared("a question, p50", "ms", found, "whole"),
        _compared("of which calls of AWS", "ms", found, "network"),
        _compared("of which the function itself", "ms", found, "own"),
        _compared("calls of AWS", "", found, "calls"),
    ]
    return Result(
        title="The ZIP function",
        runs=arguments.runs,
        tables=[
            Table(title="Cold start", rows=rows),
            Table(
                title="A question, warm",
                rows=warm,
                about=f"{arguments.asks} questions a run; AWS answers after "
                f"{LATENCY_S * 1000:.0f} ms. Ours reads the connection, then stores the question "
                "in one transaction that guards against repeats, limits and a busy conversation; "
                "plain puts an item.",
            ),
            _stages(found[OURS], "Where our milliseconds go"),
            _stages(found[PLAIN], "Where the plain handler's go"),
        ],
        bound="importing botocore, and the round trips to DynamoDB and SQS",
        budgets=[
            Budget.of_plain(init, 1 / 2),
            Budget(
                what="share of AWS calls in a question",
                value=100 * warm[1].median / warm[0].median,
                limit=50,
                unit="%",
                side="at least",
            ),
        ],
    )


def serve(name: str, count: int) -> dict[str, Any]:
    """One fresh process: its stages in ms, and the medians of ``count`` questions."""
    module = "websocket_handler.app" if name == OURS else "benchmarks.plain.websocket_app"
    with ScriptedAws(LATENCY_S) as aws:
        began = time.monotonic()
        done = subprocess.run(
            [
                _python(name),
                "-c",
                f"MODULE = {module!r}\n{CHILD}",
            ],
            cwd=ROOT,
            env={
                **os.environ,
                **aws.environment,
                "PYTHONPATH": str(ROOT),
                "LAMBDA_TASK_ROOT": str(ROOT),
                "AWS_LAMBDA_FUNCTION_NAME": "bench",
                "_X_AMZN_TRACE_ID": TRACE,
                "STACK_NAME": "bench",
                "QUESTIONS_PER_MINUTE": "1000000",
            },
            input=json.dumps(_events(name, count)),
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        calls = (aws.calls - 1) / count
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    stages = {}
    for stage, moment in found.pop("moments"):
        stages[stage] = 1000 * (moment - began)
        began = moment
    whole, network = (found[key][min(WARM_UP, count - 1) :] for key in ("whole", "network"))
    return {
        "stages": stages,
        "init": sum(stages.values()),
        "own_init": stages["import the handler"] + stages["make the clients"],
        "modules": found["modules"],
        "whole": statistics.median(whole),
        "network": statistics.median(network),
        "own": statistics.median(w - n for w, n in zip(whole, network, strict=True)),
        "calls": calls,
    }


def _python(name: str) -> str:
    return sys.executable if name == OURS else str(python())


def _events(name: str, count: int) -> dict[str, Any]:
    connect = json.loads((EVENTS / "connect.json").read_text())
    message = json.loads((EVENTS / "message.json").read_text())
    connect["requestContext"]["connectionId"] = message["requestContext"]["connectionId"]
    connect["requestContext"].setdefault(
        "authorizer",
        {"tenant": "default", "user": "ann", "groups": '["public"]', "anonymous": "false"},
    )
    body = json.loads(message["body"])
    body["client_msg_id"] = "question-NUMBER"
    if name == PLAIN:
        body = {"action": "message", "data": body["text"]}
    message["body"] = json.dumps(body)
    return {"connect": connect, "message": json.dumps(message), "count": count}


def _compared(what: str, unit: str, found: Mapping[str, list[dict[str, Any]]], key: str) -> Measure:
    ours, plain = ([float(one[key]) for one in found[name]] for name in (OURS, PLAIN))
    return Measure(what=what, unit=unit, ours=ours, plain=plain)


def _stages(found: list[dict[str, Any]], title: str) -> Table:
    rows = [
        Measure(what=stage, unit="ms", ours=[one["stages"][stage] for one in found])
        for stage in found[0]["stages"]
    ]
    return Table(title=title, rows=rows)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--asks", type=int, default=100, help="questions of each warm process")
    return parser


if __name__ == "__main__":
    sys.exit(run("zip", __doc__, measure, _parser()))
