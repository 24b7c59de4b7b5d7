"""The native half of ``awslambdaric`` in plain Python, for systems where that is not built.

``awslambdaric`` has wheels for Linux only; elsewhere its source installs without this module, which
it then imports from the path. The functions are those that it calls.
"""

from __future__ import annotations

import http.client
import os
from typing import Any

_VERSION = "/2018-06-01/runtime"
_OPTIONAL = (
    "Lambda-Runtime-Trace-Id",
    "Lambda-Runtime-Client-Context",
    "Lambda-Runtime-Cognito-Identity",
    "Lambda-Runtime-Aws-Tenant-Id",
    "Lambda-Runtime-Invocation-Id",
    "Content-Type",
)
_agent = ""


def initialize_client(user_agent: str) -> None:
    """Called once, before anything else."""
    global _agent
    _agent = user_agent


def next() -> tuple[bytes, dict[str, Any]]:
    """Wait for the next invocation; its payload and headers."""
    answer, body = _call("GET", "/invocation/next", b"", {})
    headers: dict[str, Any] = {name: answer.getheader(name) or None for name in _OPTIONAL}
    for name in ("Lambda-Runtime-Aws-Request-Id", "Lambda-Runtime-Invoked-Function-Arn"):
        headers[name] = answer.getheader(name)
    headers["Lambda-Runtime-Deadline-Ms"] = int(answer.getheader("Lambda-Runtime-Deadline-Ms") or 0)
    return body, headers


def post_invocation_result(
    request_id: str, result: bytes, content_type: str, invocation_id: str | None = None
) -> None:
    """Deliver a result."""
    _call("POST", f"/invocation/{request_id}/response", result, {"Content-Type": content_type})


def post_error(
    request_id: str, error: str, xray_fault: str, invocation_id: str | None = None
) -> None:
    """Deliver an error."""
    headers = {"Content-Type": "application/json", "Lambda-Runtime-Function-XRay-Error-Cause": ""}
    _call("POST", f"/invocation/{request_id}/error", error.encode(), headers)


def _call(
    method: str, path: str, body: bytes, headers: dict[str, str]
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        connection.request(method, _VERSION + path, body, {"User-Agent": _agent, **headers})
        answer = connection.getresponse()
        content = answer.read()
    except OSError as error:
        raise RuntimeError(f"the runtime API is gone: {error}") from error
    finally:
        connection.close()
    if answer.status not in (200, 202):
        raise RuntimeError(f"{method} {path}: {answer.status}")
    return answer, content
