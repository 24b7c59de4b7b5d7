"""``python -m tests.e2e.browser``: the browser tests against a stack of their own.

Needs Node 20, ``npm ci`` in chat-ui, a built page and a Chromium; says which of them is missing.
The model is scripted, so that answers take seconds and always end in the same words.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from local.options import ROOT
from tests.e2e.local_stack import LocalStack
from tests.e2e.openai_server import Script, ScriptedModel

HERE = Path(__file__).parent
LAST_WORDS = "These are the last words."
ANSWER = (
    "The documents say so in **plain words** [1]. What follows is long enough to be watched while "
    "it arrives, to be stopped in the middle, and to be resumed after a reload of the page. "
    "A second source agrees [2], and a list shows it:\n\n- first, the clause that decides [1];\n"
    f"- second, the figure it names [2].\n\n{LAST_WORDS}"
)
TOKEN_S = 0.06


def main() -> int:
    """Run the tests; returns the exit status of the test runner."""
    for path, command in (
        (ROOT / "chat-ui/node_modules/playwright-core", "npm ci"),
        (ROOT / "chat-ui/dist/index.html", "npm run build"),
    ):
        if not path.exists():
            sys.stderr.write(f"{path} is missing: run `{command}` in chat-ui.\n")
            return 1
    tokens = re.findall(r"\S+\s*", ANSWER)
    with (
        tempfile.TemporaryDirectory() as folder,
        ScriptedModel(Script(tokens=tokens, delay_s=TOKEN_S)) as model,
        LocalStack(
            Path(folder) / "state",
            shell={"OPENAI_API_KEY": "scripted", "OPENAI_BASE_URL": model.base_url},
            parameters={"QuestionsPerMinute": "1000"},
        ) as stack,
    ):
        environment = {**os.environ, "BASE_URL": stack.url, "LAST_WORDS": LAST_WORDS}
        tests = ["node", "--test", "--test-reporter=spec", str(HERE / "ask.test.mjs")]
        return subprocess.run(tests, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
