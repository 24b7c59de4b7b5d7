"""Cold start of the inference function: from the start of its process to the first retrieval.

Each run is a fresh process with compiled bytecode. Both designs import Lambda's runtime client,
make their AWS clients, load model and index, embed one question and retrieve its passages, with a
language model set up. Once with a warm page cache, once with the model, the index and all libraries
evicted from it, once without bytecode. Ours as it is deployed, too: with a bucket whose pointer
names the index in the image, or another one, which is downloaded. For the first token, the function
is started by its runtime client with a question waiting, against scripted AWS endpoints and a
scripted language model whose own delay is taken off.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.plain_environment import plain_index, python
from benchmarks.report import Budget, Measure, Result, Skipped, Table, alternate, run
from benchmarks.scripted_aws import TABLE, ScriptedAws
from benchmarks.started_function import compile_bytecode, started
from copilot.answer_log.asking import Asking
from copilot.answer_log.question import NewQuestion
from copilot.identity import Identity
from copilot.index_bundle.manifest import MANIFEST_NAME, read_manifest
from copilot.index_bundle.pointer import (
    POINTER_KEY,
    encode_pointer,
    key_of,
    manifest_key,
    pointer_to,
)
from copilot.table import Table as AnswerTable
from tests.e2e.openai_server import Script, ScriptedModel

ROOT = Path(__file__).resolve().parents[1]
QUESTION = "What is the RS-1 customer charge in 2025?"
MODEL_DELAY_S = 0.05
S3_DELAY_S = 0.02
BUCKET = "indexes-bench"
OURS, PLAIN = "ours", "plain"

# The children report moments on the monotonic clock, which all processes of a machine share.
BEGIN = """
import time
moments = [("interpreter", time.monotonic())]
def passed(name): moments.append((name, time.monotonic()))
import awslambdaric.bootstrap
passed("the runtime client")
"""
OURS_CHILD = """
import inference.start
passed("imports and AWS clients, engine loading beside")
from inference import app
engine = app.process().engine.get()
passed("the rest of the engine")
vector = engine.embedder.embed([question])[0]
passed("embed the first question")
found = engine.retriever.retrieve(question, vector, k=6, groups=frozenset({"public"}))
passed("first retrieval")
"""
PLAIN_CHILD = """
import boto3
passed("import boto3")
import sentence_transformers
passed("import sentence-transformers, torch")
import langchain_openai, langchain_community.vectorstores
passed("import langchain")
import qdrant_client
passed("import qdrant-client")
from benchmarks.plain import inference_app as app
passed("make the AWS clients")
app.store()
passed("load the model and the index")
vector = app.embeddings().embed_query(question)
passed("embed the first question")
found = app.retrieve(vector)
passed("first retrieval")
"""
END = """
import json, os, resource, sys
assert found
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
unit = 2**20 if sys.platform == "darwin" else 2**10
print(json.dumps({"moments": moments, "peak_mb": peak / unit, "modules": len(sys.modules)}))
sys.stdout.flush()
os._exit(0)
"""


def measure(arguments: argparse.Namespace) -> Result:
    """Both designs in turns: to the first retrieval, warm and evicted, and to the first token."""
    if not (arguments.index / "manifest.json").is_file():
        raise Skipped(f"no index at {arguments.index}; make one with: make index")
    indexes = {OURS: arguments.index, PLAIN: plain_index(arguments.index)}
    runs = max(1, arguments.runs)
    for name in (OURS, PLAIN):
        compile_bytecode(_python(name))
        retrieve(name, indexes[name], arguments.model)  # Warms the page cache.
    warm = alternate(runs, {n: partial(retrieve, n, indexes[n], arguments.model) for n in indexes})
    evicted = alternate(
        runs,
        {n: partial(retrieve, n, indexes[n], arguments.model, evicting=True) for n in indexes},
    )
    uncompiled = {
        OURS: [retrieve_uncompiled(OURS, indexes[OURS], arguments.model) for _ in range(runs)],
        PLAIN: [retrieve_uncompiled(PLAIN, indexes[PLAIN], arguments.model)],
    }
    published = {
        "the image's index is current": partial(retrieve_published, arguments, anew=False),
        "another index is downloaded": partial(retrieve_published, arguments, anew=True),
    }
    deployed = alternate(runs, published)
    tokens = alternate(
        runs, {n: partial(first_token, n, indexes[n], arguments.model) for n in indexes}
    )
    to_retrieval = _compared("to the first retrieval, warm page cache", "ms", warm, _total)
    to_token = Measure(
        what="to the first token, minus the model's delay",
        unit="ms",
        ours=tokens[OURS],
        plain=tokens[PLAIN],
    )
    rows = [
        to_retrieval,
        _compared("to the first retrieval, evicted page cache", "ms", evicted, _total),
        _compared("to the first retrieval, no bytecode (plain: one run)", "ms", uncompiled, _total),
        to_token,
        _compared("peak memory at the first retrieval", "MB", warm, lambda r: r["peak_mb"]),
        _compared("modules imported", "", warm, lambda r: r["modules"]),
    ]
    return Result(
        title="Cold start",
        runs=runs,
        tables=[
            Table(title="From the start of the process", rows=rows),
            _stages("Where our milliseconds go, warm page cache", warm[OURS]),
            _stages("Where our milliseconds go, evicted page cache", evicted[OURS]),
            Table(
                title="To the first retrieval with an index bucket, warm page cache",
                rows=[
                    Measure(what=what, unit="ms", ours=[_total(one) for one in found])
                    for what, found in deployed.items()
                ],
                about=f"S3 answers a request after {S3_DELAY_S * 1000:.0f} ms. The pointer is read "
                "while the model loads, and so is what it points to.",
            ),
            *(_stages(f"Where they go when {what}", found) for what, found in deployed.items()),
            _stages("Where the plain design's go, warm page cache", warm[PLAIN]),
        ],
        bound="importing numpy, ONNX Runtime and botocore, which take turns under the "
        "interpreter's lock; the model's session is made beside them",
        budgets=[
            Budget.of_plain(to_retrieval, 1 / 12),
            Budget.of_median(to_retrieval, 500),
            Budget.of_median(to_token, 1000),
        ],
    )


def retrieve_uncompiled(name: str, index: Path, model: Path) -> dict[str, Any]:
    """As ``retrieve``, of a process that finds no compiled bytecode and keeps none."""
    with tempfile.TemporaryDirectory() as empty:
        shell = {"PYTHONPYCACHEPREFIX": empty, "PYTHONDONTWRITEBYTECODE": "1"}
        return retrieve(name, index, model, shell=shell)


def retrieve_published(arguments: argparse.Namespace, *, anew: bool) -> dict[str, Any]:
    """As ``retrieve``; a bucket's pointer names the image's index, or another one (``anew``)."""
    bundle = arguments.index
    with tempfile.TemporaryDirectory() as scratch, ScriptedAws(S3_DELAY_S) as aws:
        manifest = read_manifest(bundle)
        raw = (bundle / MANIFEST_NAME).read_bytes()
        if anew:
            raw += b"\n"
        pointer = pointer_to(manifest, raw, int(time.time() * 1000))
        aws.objects[f"{BUCKET}/{POINTER_KEY}"] = encode_pointer(pointer)
        aws.objects[f"{BUCKET}/{manifest_key(pointer.version)}"] = raw
        for file in manifest.files:
            key = key_of(pointer.version, file)
            aws.objects[f"{BUCKET}/{key}"] = (bundle / file).read_bytes()
        shell = {**aws.environment, "INDEX_BUCKET": BUCKET, "TMPDIR": scratch}
        found = retrieve(OURS, bundle, arguments.model, shell=shell)
        calls = 2 + len(manifest.files) if anew else 1
        if aws.calls != calls:
            raise RuntimeError(f"the bucket was asked {aws.calls} times, not {calls}")
    return found


def retrieve(
    name: str,
    index: Path,
    model: Path,
    *,
    evicting: bool = False,
    shell: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """One fresh process; its stages in ms, peak memory and count of modules. ``shell`` comes on top
    of the environment that all have."""
    if evicting:
        evict(model, index, _environment_of(name))
    child = OURS_CHILD if name == OURS else PLAIN_CHILD
    began = time.monotonic()
    done = subprocess.run(
        [_python(name), "-c", f"question = {QUESTION!r}\n{BEGIN}{child}{END}"],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            **_shell(name, index, model, "http://127.0.0.1:9/v1"),
            **{"TABLE_NAME": TABLE, "QUEUE_URL": "http://127.0.0.1:9/q"},
            **{"WEBSOCKET_ENDPOINT": "http://127.0.0.1:9", "LOG_LEVEL": "ERROR"},
            **{"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1"},
            **{"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"},
            **(shell or {}),
        },
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    stages = {}
    for stage, moment in found.pop("moments"):
        stages[stage] = 1000 * (moment - began)
        began = moment
    return {**found, "stages": stages}


def first_token(name: str, index: Path, model_dir: Path) -> float:
    """Milliseconds from the start of a function whose question waits to the first posted token."""
    with (
        ScriptedAws() as aws,
        ScriptedModel(Script(tokens=["One ", "two."], first_delay_s=MODEL_DELAY_S)) as model,
    ):
        aws.invoke(_question(name, aws))
        shell = {**aws.environment, **_shell(name, index, model_dir, model.base_url)}
        handler = (
            "inference.start.handler"
            if name == OURS
            else ("benchmarks.plain.inference_app.handler")
        )
        began = time.time()
        with started(_python(name), handler, shell):
            aws.result()
        kind = "delta" if name == OURS else "token"
        arrived = next(at for at, data in aws.posts if json.loads(data)["type"] == kind)
        served = model.served[0]
        return (arrived - began - (served.token_times[0] - served.received_at)) * 1000


def evict(*folders: Path) -> None:
    """Drop every file under ``folders`` from the page cache."""
    if not hasattr(os, "posix_fadvise"):
        raise Skipped("an evicted page cache needs posix_fadvise (Linux)")
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                descriptor = os.open(path, os.O_RDONLY)
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(descriptor)


def _question(name: str, aws: ScriptedAws) -> dict[str, Any]:
    if name == PLAIN:
        body = json.dumps({"connection_id": "c1", "question": QUESTION})
    else:
        table: Any = aws.table
        asked = Asking(AnswerTable(table, TABLE), time.time).ask(
            NewQuestion(
                identity=Identity(tenant="default", user="ann", groups=("public",)),
                connection_id="c1",
                client_msg_id="m1",
                text=QUESTION,
            )
        )
        body = json.dumps({"v": 1, "answer_id": asked.answer_id})
    attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": str(int(time.time() * 1000))}
    record = {"messageId": "m", "receiptHandle": "r", "body": body, "attributes": attributes}
    return {"Records": [record]}


def _python(name: str) -> str:
    return sys.executable if name == OURS else str(python())


def _environment_of(name: str) -> Path:
    return Path(_python(name)).parents[1]


def _shell(name: str, index: Path, model: Path, base_url: str) -> dict[str, str]:
    return {
        "INDEX_DIR": str(index),
        "MODEL_DIR": str(model),
        "OPENAI_API_KEY": "scripted",
        "OPENAI_BASE_URL": base_url,
        "STACK_NAME": "bench",
        **({"TOKENIZERS_PARALLELISM": "false"} if name == PLAIN else {}),
    }


def _total(found: Mapping[str, Any]) -> float:
    return float(sum(found["stages"].values()))


def _compared(
    what: str,
    unit: str,
    found: Mapping[str, list[dict[str, Any]]],
    value: Callable[[Mapping[str, Any]], float],
) -> Measure:
    ours, plain = ([float(value(one)) for one in found[name]] for name in (OURS, PLAIN))
    return Measure(what=what, unit=unit, ours=ours, plain=plain)


def _stages(title: str, found: list[dict[str, Any]]) -> Table:
    names = list(found[0]["stages"])
    rows = [
        Measure(what=name, unit="ms", ours=[one["stages"][name] for one in found]) for name in names
    ]
    return Table(title=title, rows=rows)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--model", type=Path, default=ROOT / "inference" / "model")
    parser.add_argument("--index", type=Path, default=ROOT / "faiss_index")
    return parser


if __name__ == "__main__":
    sys.exit(run("cold", __doc__, measure, _parser()))
