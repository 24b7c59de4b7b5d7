"""Cold start: fresh processes from their start to the first retrieved passages.

Where the milliseconds go, for the embedder and the index alone, and for the whole function as
Lambda starts it: runtime client, handler, AWS clients, engine, and the first retrieval through its
warm-up event. ``--evicted`` drops the model, the index and the libraries from the page cache
before each run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.report import Measure, Result, Skipped, Table, run

ROOT = Path(__file__).resolve().parents[1]
QUESTION = "What is the RS-1 customer charge in 2025?"

ENVIRONMENT = {
    "TABLE_NAME": "bench",
    "QUEUE_URL": "http://127.0.0.1:9/bench",
    "WEBSOCKET_ENDPOINT": "http://127.0.0.1:9",
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "LOG_LEVEL": "ERROR",
}
"""The function's own; nothing is called, the clients are only made."""

# The child reports moments on the monotonic clock, which all processes of a machine share.
BEGIN = """
import time
moments = [("interpreter", time.monotonic())]
def passed(name): moments.append((name, time.monotonic()))
"""
RETRIEVAL = """
from pathlib import Path
from inference.retrieval.faiss_retriever import FaissRetriever
from inference.encoders.onnx_embedder import OnnxEmbedder
passed("own modules")
import numpy
passed("import numpy")
import onnxruntime, tokenizers
passed("import onnxruntime, tokenizers")
import faiss
passed("import faiss")
import sys
model, index, question = sys.argv[1:]
embedder = OnnxEmbedder(Path(model))
passed("load the model")
retriever = FaissRetriever.open(Path(index), embedder)
passed("verify and open the index")
vector = embedder.embed([question])[0]
passed("embed the first question")
found = retriever.retrieve(question, vector, k=6, groups=frozenset({"public"}))
passed("first retrieval")
assert found
"""
FUNCTION = """
import awslambdaric.bootstrap
passed("the runtime client")
from inference import app
passed("import the handler")
process = app.process()
passed("make the AWS clients, engine loading beside")
warmed = app.warm_up(process)
passed("first retrieval, by the warm-up event")
assert warmed["warm"], warmed
"""
END = """
import json, resource, sys
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
unit = 2**20 if sys.platform == "darwin" else 2**10
print(json.dumps({"moments": moments, "rss_mb": peak / unit}))
"""


def measure(arguments: argparse.Namespace) -> Result:
    """One table of stages per way to start, with a warm and with an evicted page cache."""
    if not (arguments.index / "manifest.json").is_file():
        raise Skipped(f"no index at {arguments.index}; make one with python -m embed build")
    tables = [
        _table("embedder and index alone", RETRIEVAL, arguments),
        _table("the whole function", FUNCTION, arguments),
    ]
    return Result(title="Cold start", runs=arguments.runs, tables=tables)


def _table(what: str, child: str, arguments: argparse.Namespace) -> Table:
    runs = [_run(BEGIN + child + END, arguments) for _ in range(max(1, arguments.runs))]
    rows = [
        Measure(what=name, unit="ms", ours=[stages[name] for stages, _ in runs])
        for name in runs[0][0]
    ]
    rows.append(Measure(what="total", unit="ms", ours=[sum(s.values()) for s, _ in runs]))
    rows.append(Measure(what="peak memory", unit="MB", ours=[rss for _, rss in runs]))
    state = "evicted page cache" if arguments.evicted else "warm page cache"
    return Table(title=f"Process start to first retrieval, {what}: {state}", rows=rows)


def _run(child: str, arguments: argparse.Namespace) -> tuple[dict[str, float], float]:
    if arguments.evicted:
        _evict(arguments.model, arguments.index, Path(sys.prefix))
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", child, str(arguments.model), str(arguments.index), QUESTION],
        cwd=ROOT,
        env={
            **os.environ,
            **ENVIRONMENT,
            "MODEL_DIR": str(arguments.model),
            "INDEX_DIR": str(arguments.index),
        },
        check=True,
        capture_output=True,
        text=True,
    )
    result = json.loads(done.stdout)
    stages: dict[str, float] = {}
    for name, moment in result["moments"]:
        stages[name] = 1000 * (moment - start)
        start = moment
    return stages, result["rss_mb"]


def _evict(*folders: Path) -> None:
    if not hasattr(os, "posix_fadvise"):
        raise SystemExit("--evicted needs posix_fadvise (Linux)")
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                descriptor = os.open(path, os.O_RDONLY)
                os.fsync(descriptor)
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(descriptor)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--model", type=Path, default=ROOT / "inference" / "model")
    parser.add_argument("--index", type=Path, default=ROOT / "faiss_index")
    parser.add_argument("--evicted", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(run("cold", __doc__, measure, _parser()))
