"""A permission that the template does not grant is missing on this machine too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from local.options import ROOT
from tests.e2e.local_stack import LocalStack


def stripped(folder: Path, action: str, role: str) -> Path:
    """The template without one action of one role, beside what it refers to."""
    text = (ROOT / "template.yaml").read_text()
    start = text.index(f"\n  {role}:\n")
    line = f"                  - {action}\n"
    assert line in text[start:]
    template = folder / "template.yaml"
    template.write_text(text[:start] + text[start:].replace(line, "", 1))
    for name in ("inference", "infra"):
        (folder / name).symlink_to(ROOT / name)
    return template


async def test_a_missing_permission_is_refused_and_named(
    make_stack: Callable[..., LocalStack], tmp_path: Path
) -> None:
    template = stripped(tmp_path, "dynamodb:PutItem", "WebSocketRole")
    stack = make_stack(arguments=["--template", str(template)])
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(stack.websocket_url)
    (refused,) = set(stack.state()["refused"])
    assert refused.startswith("WebSocketFunction is not authorized to perform: dynamodb:PutItem")
    assert "WebSocketRole in template.yaml" in refused


def test_a_queue_that_its_function_may_not_read_is_said_at_the_start(
    make_stack: Callable[..., LocalStack], tmp_path: Path
) -> None:
    template = stripped(tmp_path, "sqs:DeleteMessage", "InferenceRole")
    with pytest.raises(AssertionError, match="InferenceFunction is not authorized") as failed:
        make_stack(arguments=["--template", str(template)])
    assert "sqs:DeleteMessage" in str(failed.value)
