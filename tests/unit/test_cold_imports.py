"""What each function imports before its first event: nobody adds 300 ms unseen.

Sets of packages are compared, not times; and the time of all imports only with that of botocore,
which every one of these functions needs, measured in the same process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
AWS = {"botocore", "certifi", "dateutil", "jmespath", "six", "urllib3"}
ZIP = AWS | {"msgspec", "typing_extensions", "ulid"}
API = ZIP | {
    *("aws_lambda_powertools", "pydantic", "pydantic_core"),
    *("annotated_types", "typing_inspection"),
}
ENGINE = AWS | {"msgspec", "typing_extensions", "ulid", "numpy", "Stemmer", "cython_runtime"}

FUNCTIONS = {
    "websocket_handler.app": ZIP,
    "websocket_handler.authorizer": ZIP,
    "websocket_handler.dead_letters": ZIP,
    "http_api.app": API,
    "inference.start": ENGINE,
}

IMPORTED = """
import importlib, json, sys
sys.path.insert(0, {root!r})
before = set(sys.modules)
importlib.import_module({module!r})
names = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(json.dumps(sorted(n for n in names if n not in sys.stdlib_module_names and n[0] != "_")))
"""
AT_REST = """
import os, sys, threading
sys.path.insert(0, {root!r})
import {module} as entry
from copilot.aws_clients import aws_clients
assert aws_clients.cache_info().currsize == 0, "made AWS clients"
assert threading.active_count() == 1, "started threads"
assert not any("socket" in os.readlink(f"/proc/self/fd/{{n}}") for n in os.listdir("/proc/self/fd")
               if os.path.islink(f"/proc/self/fd/{{n}}")), "opened sockets"
for name in ("app", "gate", "consumer", "services"):
    if hasattr(entry, name):
        assert getattr(entry, name).cache_info().currsize == 0, name + " was called"
"""
RETRIEVED = """
import sys
sys.path.insert(0, {root!r})
import inference.start
from inference.app import process
engine = process().engine.get()
question = "What is the RS-1 customer charge in 2025?"
vector = engine.embedder.embed([question])[0]
assert engine.retriever.retrieve(question, vector, k=6, groups=frozenset(["public"]))
assert not {{"faiss", "numpy.ma"}} & set(sys.modules)
"""
RESTORED = """
import os, sys
sys.path.insert(0, {root!r})
import websocket_handler.app, http_api.app, copilot.access.tickets
from copilot.identifiers import new_id
import secrets
sys.stdout.flush()
for restored in range(2):
    if os.fork() == 0:
        os.write(1, (new_id()[10:] + " " + secrets.token_urlsafe(32) + "\\n").encode())
        os._exit(0)
    os.wait()
"""


def run_python(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A fresh Python with nothing of a function's environment but ``variables``."""
    return subprocess.run(
        [sys.executable, *arguments],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize(("module", "allowed"), FUNCTIONS.items())
def test_a_function_imports_nothing_but_what_its_start_needs(
    module: str, allowed: set[str]
) -> None:
    done = run_python("-c", IMPORTED.format(root=str(ROOT), module=module))
    assert done.returncode == 0, done.stderr
    found = set(json.loads(done.stdout)) - {"copilot", module.partition(".")[0]}
    assert found <= allowed, f"{module} imports {sorted(found - allowed)} before its first event"


@pytest.mark.parametrize(
    ("module", "most"), [("websocket_handler.app", 4), ("http_api.app", 16), ("inference.start", 8)]
)
def test_all_imports_together_take_a_few_times_what_botocore_takes(module: str, most: int) -> None:
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import botocore.session, {module}"
    done = run_python("-X", "importtime", "-c", script)
    assert done.returncode == 0, done.stderr[-2000:]
    botocore = whole = 0
    for line in done.stderr.splitlines():
        own, _, rest = line.removeprefix("import time:").partition("|")
        if not own.strip().isdigit():
            continue
        whole += int(own)
        if rest.rpartition("|")[2].strip() == "botocore.session":
            botocore = int(rest.partition("|")[0])
    assert botocore, "botocore.session was not timed"
    assert whole < most * botocore


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
@pytest.mark.parametrize(
    "module",
    [
        "websocket_handler.app",
        "websocket_handler.authorizer",
        "websocket_handler.dead_letters",
        "http_api.app",
    ],
)
def test_a_snapshot_of_a_function_at_rest_holds_nothing_connected(module: str) -> None:
    done = run_python("-c", AT_REST.format(root=str(ROOT), module=module))
    assert done.returncode == 0, done.stderr


def test_two_functions_restored_from_one_snapshot_make_different_ids() -> None:
    done = run_python("-c", RESTORED.format(root=str(ROOT)))
    assert done.returncode == 0, done.stderr
    first, second = (line.split() for line in done.stdout.splitlines())
    assert all(one != other for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize("bucket", ["", "a-bucket-out-of-reach"])
def test_the_shipped_index_is_searched_without_importing_faiss_or_masked_arrays(
    bucket: str,
) -> None:
    done = run_python(
        "-c",
        RETRIEVED.format(root=str(ROOT)),
        INDEX_DIR=str(ROOT / "faiss_index"),
        MODEL_DIR=str(ROOT / "inference" / "model"),
        **{"TABLE_NAME": "t", "QUEUE_URL": "http://127.0.0.1:9/q"},
        WEBSOCKET_ENDPOINT="http://127.0.0.1:9",
        AWS_ENDPOINT_URL="http://127.0.0.1:9",
        INDEX_BUCKET=bucket,
        **{"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1"},
        **{"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"},
    )
    assert done.returncode == 0, done.stderr
    assert ("index pointer not read" in done.stdout) == bool(bucket)
