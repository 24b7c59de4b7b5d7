"""Signing in with an API key on the local stack: real sockets, the deployed authorizer."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from copilot.wire import AnyServerEvent, Auth, Hello, Welcome, decode_event, encode_client
from tests.e2e.local_stack import LocalStack
from tests.e2e.openai_server import ScriptedModel

PAGE = "https://chat.example.com"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, model_server: ScriptedModel) -> Any:
    shell = {"OPENAI_API_KEY": "scripted", "OPENAI_BASE_URL": model_server.base_url}
    parameters = {"AuthMode": "api-key", "AllowedOrigins": PAGE}
    state = tmp_path_factory.mktemp("guarded") / "state"
    with LocalStack(state, shell=shell, parameters=parameters) as stack:
        yield stack
        assert stack.state()["refused"] == []


@pytest.fixture
def key(guarded: LocalStack) -> str:
    return (guarded.state_directory / "api-key").read_text().strip()


def call(stack: LocalStack, method: str, path: str, key: str | None) -> tuple[int, Any]:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    request = urllib.request.Request(f"{stack.url}/api{path}", method=method, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def ticket_of(stack: LocalStack, key: str) -> str:
    status, body = call(stack, "POST", "/tickets", key)
    assert status == 201
    return str(body["ticket"])


async def status_of(stack: LocalStack, ticket: str, origin: str | None = PAGE) -> int:
    """The status of a handshake: 101 where the socket opens."""
    url = f"{stack.websocket_url}?ticket={quote(ticket)}"
    async with aiohttp.ClientSession() as session:
        try:
            async with session.ws_connect(url, origin=origin):
                return 101
        except aiohttp.WSServerHandshakeError as error:
            return error.status


async def event_of(socket: aiohttp.ClientWebSocketResponse) -> AnyServerEvent:
    return decode_event((await socket.receive(10)).data)


async def test_a_ticket_opens_one_socket_once(guarded: LocalStack, key: str) -> None:
    ticket = ticket_of(guarded, key)
    assert await status_of(guarded, ticket) == 101
    assert await status_of(guarded, ticket) == 403


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", f"{PAGE}.evil.example"])
async def test_a_page_of_another_origin_gets_nothing_by_a_good_ticket(
    guarded: LocalStack, key: str, origin: str | None
) -> None:
    assert await status_of(guarded, ticket_of(guarded, key), origin) == 403


async def test_a_forged_ticket_or_a_wrong_key_opens_nothing(guarded: LocalStack, key: str) -> None:
    assert await status_of(guarded, "A" * 43) == 403
    assert await status_of(guarded, "") == 403
    assert call(guarded, "POST", "/tickets", None)[0] == 401
    assert call(guarded, "POST", "/tickets", key[:-1] + "?")[0] == 401


async def test_a_socket_is_renewed_by_another_ticket_and_closed_by_logging_out(
    guarded: LocalStack, key: str
) -> None:
    url = f"{guarded.websocket_url}?ticket={quote(ticket_of(guarded, key))}"
    async with aiohttp.ClientSession() as session, session.ws_connect(url, origin=PAGE) as socket:
        await socket.send_str(encode_client(Hello(client_id="c1")).decode())
        welcome = await event_of(socket)
        assert isinstance(welcome, Welcome)
        assert welcome.user == "local"
        await socket.send_str(encode_client(Auth(token=ticket_of(guarded, key))).decode())
        assert isinstance(await event_of(socket), Welcome)
        assert call(guarded, "POST", "/logout", key) == (200, {"closed_connections": 1})
        closed = await socket.receive(10)
        assert closed.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)


def test_the_page_is_told_how_people_sign_in(guarded: LocalStack) -> None:
    with urllib.request.urlopen(f"{guarded.url}/config.json") as answer:
        assert json.load(answer)["authMode"] == "api-key"


def test_the_key_survives_a_restart_and_only_its_owner_reads_it(
    make_stack: Callable[..., LocalStack],
) -> None:
    stack = make_stack("kept", parameters={"AuthMode": "api-key"})
    file = stack.state_directory / "api-key"
    key = file.read_text().strip()
    assert file.stat().st_mode & 0o077 == 0
    stack.stop()
    stack.start()
    assert file.read_text().strip() == key
    assert call(stack, "POST", "/tickets", key)[0] == 201
