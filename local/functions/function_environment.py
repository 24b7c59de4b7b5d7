"""The environment that a function's process gets: Lambda's own variables, then the function's.

Nothing of the shell leaks in but what the function declares and ``PASSED_ON`` names.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from local.declared.blueprint import Function
from local.declared.sam import REGION

PASSED_ON = (
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_MODEL",
    "CHAT_MODEL",
    "QDRANT_URL",
    "QDRANT_API_KEY",
)
"""Variables that the shell may set for the functions that declare them."""

PORTABLE_RUNTIME = Path(__file__).resolve().parent / "portable_runtime"

CREDENTIALS = {
    # A function's own name takes this place, so that its calls can be told from others'.
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""Credentials that open nothing: every endpoint is on this machine."""


def function_environment(
    function: Function,
    shell: Mapping[str, str],
    endpoints: Mapping[str, str],
    overrides: Mapping[str, str],
    root: Path,
) -> dict[str, str]:
    """The whole environment of one function.

    ``endpoints`` are ``AWS_ENDPOINT_URL`` and its like; ``overrides`` replace variables that the
    function declares (the directories of index and model); ``root`` holds its code.
    """
    declared = dict(function.environment)
    for source in (overrides, {name: shell[name] for name in PASSED_ON if shell.get(name)}):
        declared.update({name: value for name, value in source.items() if name in declared})
    environment = {
        "PATH": shell.get("PATH", "/usr/local/bin:/usr/bin:/bin"),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PYTHONPATH": os.pathsep.join([str(root), *_portable_runtime()]),
        "LAMBDA_TASK_ROOT": str(root),
        "LAMBDA_RUNTIME_DIR": str(root),
        "_HANDLER": function.handler,
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        **CREDENTIALS,
        "AWS_ACCESS_KEY_ID": function.name,
        **endpoints,
        **declared,
    }
    if function.json_logs:
        environment["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
    return environment


def _portable_runtime() -> list[str]:
    """Where ``runtime_client`` is found on systems without the native one."""
    return [] if find_spec("runtime_client") else [str(PORTABLE_RUNTIME)]
