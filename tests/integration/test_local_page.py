"""The page as a browser gets it, and what the command line refuses."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from local.declared.page_headers import page_headers
from local.edges.page import Page
from local.options import ROOT
from local.processes.listening import claim, port_of, serve
from local.state import State


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<p>the page</p>")
    (dist / "assets" / "app-1a2b.js").write_text("1")
    (tmp_path / "secret.txt").write_text("no")
    app = web.Application()
    Page(dist, headers=page_headers(ROOT / "infra/page.yaml")).add_to(app)
    claimed = claim("127.0.0.1", 0)
    runner = await serve(app, claimed)
    yield f"http://127.0.0.1:{port_of(claimed)}"
    await runner.cleanup()


@pytest.mark.parametrize(
    ("path", "status", "cache"),
    [
        ("/", 200, "no-cache"),
        ("/conversations/abc", 200, "no-cache"),
        ("/assets/app-1a2b.js", 200, "public, max-age=31536000, immutable"),
        ("/assets/absent.js", 404, None),
        ("/..%2fsecret.txt", 404, None),
        ("/config.json", 200, "no-store"),
    ],
)
async def test_files_and_the_application_s_own_paths(
    url: str, path: str, status: int, cache: str | None
) -> None:
    async with aiohttp.ClientSession() as session, session.get(url + path) as answer:
        assert answer.status == status
        assert answer.headers.get("Cache-Control") == cache


@pytest.mark.parametrize("path", ["/", "/conversations/abc", "/assets/app-1a2b.js"])
async def test_the_page_has_the_headers_that_the_distribution_sends(url: str, path: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(url + path) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert f"connect-src 'self' {url.replace('http', 'ws', 1)};" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["X-Frame-Options"] == "DENY"
        # A browser would remember it for everything that ever runs at localhost.
        assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.parametrize(("accept", "status"), [("text/html,*/*;q=0.8", 200), ("*/*", 404)])
async def test_a_browser_is_led_to_the_page_also_where_the_path_ends_like_a_file(
    url: str, accept: str, status: int
) -> None:
    async with (
        aiohttp.ClientSession(headers={"Accept": accept}) as session,
        session.get(f"{url}/documents/tariffs%2F2025.md") as answer,
    ):
        assert answer.status == status


@pytest.mark.parametrize(("proto", "scheme"), [("http", "ws"), ("https", "wss")])
async def test_the_configuration_names_the_host_that_was_asked(
    url: str, proto: str, scheme: str
) -> None:
    headers = {"Host": "copilot.example:8443", "X-Forwarded-Proto": proto}
    async with (
        aiohttp.ClientSession() as session,
        session.get(url + "/config.json", headers=headers) as answer,
    ):
        assert await answer.json() == {
            "websocketUrl": f"{scheme}://copilot.example:8443/ws",
            "apiUrl": "/api",
            "authMode": "none",
        }


async def local(*arguments: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "local", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", [[], ["serve"], ["smoke"]])
async def test_every_command_explains_itself(command: list[str]) -> None:
    result = await local(*command, "--help")
    assert result.returncode == 0
    assert "usage: python -m local" in result.stdout


async def test_a_state_directory_in_use_is_a_clear_error(tmp_path: Path) -> None:
    state = State(tmp_path)
    result = await local("serve", "--port", "0", "--state", str(tmp_path))
    state.release()
    assert result.returncode == 1
    assert "already runs" in result.stderr
    assert "Traceback" not in result.stderr


async def test_a_port_in_use_is_a_clear_error(tmp_path: Path) -> None:
    with claim("127.0.0.1", 0) as taken:
        port = port_of(taken)
        result = await local("serve", "--port", str(port), "--state", str(tmp_path))
    assert result.returncode == 1
    assert f"Port {port} is in use" in result.stderr
    assert "Traceback" not in result.stderr


async def test_a_bad_template_is_a_clear_error(tmp_path: Path) -> None:
    result = await local("smoke", "--template", str(tmp_path / "none.yaml"))
    assert result.returncode == 1
    assert "There is no template" in result.stderr
    assert "Traceback" not in result.stderr
