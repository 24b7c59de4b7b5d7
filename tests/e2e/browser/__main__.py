"""``python -m tests.e2e.browser [FILE ...]``: the browser tests against a stack of their own.

Needs Node 20, ``npm ci`` in chat-ui, a built page and a Chromium; says which of them is missing.
The model is scripted: what a question holds decides how it is answered. ``--screenshots`` takes the
README's pictures instead, from a stack with the extractive model.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from local.options import ROOT
from local.services.documents import upload
from tests.e2e.browser.answers import LAST_WORDS, scripted_model
from tests.e2e.local_stack import LocalStack

HERE = Path(__file__).parent
PARAMETERS = {"QuestionsPerMinute": "1000", "CacheLookupMs": "10000"}


def main(arguments: Sequence[str]) -> int:
    """Run the tests, or those of the named files; returns the exit status of the test runner."""
    for path, command in (
        (ROOT / "chat-ui/node_modules/playwright-core", "npm ci"),
        (ROOT / "chat-ui/dist/index.html", "npm run build"),
    ):
        if not path.exists():
            sys.stderr.write(f"{path} is missing: run `{command}` in chat-ui.\n")
            return 1
    with tempfile.TemporaryDirectory() as folder:
        if "--screenshots" in arguments:
            return _screenshots(Path(folder) / "state")
        return _tests(
            Path(folder) / "state", arguments or sorted(map(str, HERE.glob("*.test.mjs")))
        )


def _tests(state: Path, files: Sequence[str]) -> int:
    with (
        scripted_model() as model,
        LocalStack(
            state,
            shell={"OPENAI_API_KEY": "scripted", "OPENAI_BASE_URL": model.base_url},
            # Tests may ask alike; only the same words come from the cache.
            parameters={**PARAMETERS, "CacheMaxErrorRate": "0"},
        ) as stack,
    ):
        # One file after the other: two browsers on two cores make each other wait.
        runner = ["node", "--test", "--test-concurrency=1", "--test-reporter=spec"]
        return _node([*runner, *files], {"BASE_URL": stack.url, "LAST_WORDS": LAST_WORDS})


def _screenshots(state: Path) -> int:
    with LocalStack(state, parameters=PARAMETERS) as stack:
        scan = state.parent / "scan-of-a-fax.pdf"
        scan.write_bytes(b"%PDF-1.4 nothing")
        upload(state, [scan], "")
        return _node(["node", str(HERE / "screenshots.mjs")], {"BASE_URL": stack.url})


def _node(command: Sequence[str], environment: dict[str, str]) -> int:
    return subprocess.run(command, env={**os.environ, **environment}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
