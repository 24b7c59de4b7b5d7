"""The WebSocket gateway, its management API and the HTTP API, held to API Gateway's behaviour."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import boto3
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType
from botocore.config import Config

from local.edges.gateway import Limits
from local.faults import Rule
from local.options import ROOT
from tests.integration.local_edges import Edges, running_edges

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi.client import ApiGatewayManagementApiClient

GOLDEN = json.loads((ROOT / "events" / "hello.json").read_text())


@pytest.fixture
async def edges(tmp_path: Path) -> AsyncIterator[Edges]:
    async with running_edges(tmp_path) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def client_of(edges: Edges) -> ApiGatewayManagementApiClient:
    return boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=edges.management_url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}),
    )


async def said(socket: ClientWebSocketResponse) -> Any:
    message = await socket.receive(10)
    assert message.type is WSMsgType.TEXT, message
    return json.loads(message.data)


async def connection_id(socket: ClientWebSocketResponse) -> str:
    await socket.send_str('{"action":"hello"}')
    return str((await said(socket))["requestContext"]["connectionId"])


async def test_a_message_becomes_a_proxy_event_and_the_result_a_frame(
    edges: Edges, session: aiohttp.ClientSession
) -> None:
    async with session.ws_connect(edges.url + "/ws") as socket:
        await socket.send_str('{"action":"hello","n":1}')
        event = await said(socket)
    assert event["body"] == '{"action":"hello","n":1}'
    assert event["isBase64Encoded"] is False
    context = event["requestContext"]
    assert context["routeKey"] == "hello"
    assert context["eventType"] == "MESSAGE"
    assert context["stage"] == "dev"
    assert context["apiId"] == "websocketapi"
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert context["messageId"]
    assert context["requestId"]
    assert len(base64.urlsafe_b64decode(context["connectionId"])) == 11
    assert event.keys() == GOLDEN.keys()
    assert context.keys() == GOLDEN["requestContext"].keys()


@pytest.mark.parametrize(
    "frame", ['{"action":"dance"}', "no json", '{"action":7}', '"text"', '{"action":"$connect"}']
)
async def test_what_selects_no_route_goes_to_the_default_one(
    edges: Edges, session: aiohttp.ClientSession, frame: str
) -> None:
    async with session.ws_connect(edges.url + "/ws") as socket:
        await socket.send_str(frame)
        event = await said(socket)
    assert event["requestContext"]["routeKey"] == "$default"
    assert event["body"] == frame


async def test_a_binary_frame_arrives_in_base64(
    edges: Edges, session: aiohttp.ClientSession
) -> None:
    async with session.ws_connect(edges.url + "/ws") as socket:
        await socket.send_bytes(b"\x00\xff")
        event = await said(socket)
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == b"\x00\xff"


async def test_without_a_route_response_nothing_is_sent(
    edges: Edges, session: aiohttp.ClientSession
) -> None:
    async with session.ws_connect(edges.url + "/ws") as socket:
        await socket.send_str('{"action":"quiet"}')
        with pytest.raises(TimeoutError):
            await socket.receive(0.7)


async def test_a_failing_function_says_so_as_api_gateway_does(
    edges: Edges, session: aiohttp.ClientSession
) -> None:
    async with session.ws_connect(edges.url + "/ws") as socket:
        await socket.send_str('{"action":"hello","x":"please fail"}')
        answer = await said(socket)
    assert answer["message"] == "Internal server error"
    assert answer.keys() == {"message", "connectionId", "requestId"}


@pytest.mark.parametrize(("query", "status"), [("status=401", 401), ("fail=1", 502)])
async def test_a_refused_connect_refuses_the_handshake(
    edges: Edges, session: aiohttp.ClientSession, query: str, status: int
) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await session.ws_connect(f"{edges.url}/ws?{query}")
    assert refused.value.status == status
    assert not edges.gateway.connections


async def test_the_subprotocol_is_the_function_s_choice(
    edges: Edges, session: aiohttp.ClientSession
) -> None:
    async with session.ws_connect(
        f"{edges.url}/ws?protocol=chat.v1", protocols=["chat.v2", "chat.v1"]
    ) as socket:
        assert socket.protocol == "chat.v1"


async def test_posts_of_a_function_arrive_in_order(
    edges: Edges, session: aiohttp.ClientSession
) -> None:
    async with session.ws_connect(edges.url + "/ws") as socket:
        await socket.send_str('{"action":"quiet","x":"please post"}')
        frames = [(await socket.receive(10)).data for _ in range(20)]
    assert frames == [f"post {number}" for number in range(20)]
    assert edges.management.posts == 20


async def test_the_management_client_sees_and_closes_a_connection(
    edges: Edges, session: aiohttp.ClientSession
) -> None:
    client = client_of(edges)
    async with session.ws_connect(edges.url + "/ws") as socket:
        name = await connection_id(socket)
        seen = await asyncio.to_thread(client.get_connection, ConnectionId=name)
        assert seen["Identity"]["SourceIp"] == "127.0.0.1"
        assert seen["LastActiveAt"] >= seen["ConnectedAt"]
        await asyncio.gather(
            asyncio.to_thread(client.delete_connection, ConnectionId=name), socket.receive(10)
        )
        assert socket.close_code == aiohttp.WSCloseCode.OK
    with pytest.raises(client.exceptions.GoneException):
        await asyncio.to_thread(client.post_to_connection, ConnectionId=name, Data=b"x")


async def test_the_errors_of_posts_are_those_of_aws(
    edges: Edges, session: aiohttp.ClientSession
) -> None:
    client = client_of(edges)
    async with session.ws_connect(edges.url + "/ws") as socket:
        name = await connection_id(socket)

        async def post(data: bytes) -> None:
            await asyncio.to_thread(client.post_to_connection, ConnectionId=name, Data=data)

        with pytest.raises(client.exceptions.PayloadTooLargeException):
            await post(b"x" * (128 * 1024 + 1))
        edges.faults.add(Rule(kind="refuse", status=429))
        with pytest.raises(client.exceptions.LimitExceededException):
            await post(b"x")
        edges.faults.add(Rule(kind="refuse", status=410))
        with pytest.raises(client.exceptions.GoneException):
            await post(b"x")
        await post(b"after all")
        assert (await socket.receive(10)).data == "after all"


async def test_an_unsigned_post_is_forbidden(edges: Edges, session: aiohttp.ClientSession) -> None:
    async with session.post(f"{edges.management_url}/@connections/any=", data="x") as answer:
        assert answer.status == 403


async def test_leaving_is_told_to_the_disconnect_route(
    edges: Edges, session: aiohttp.ClientSession
) -> None:
    async with session.ws_connect(edges.url + "/ws") as socket:
        name = await connection_id(socket)
    for _ in range(100):
        if edges.noted():
            break
        await asyncio.sleep(0.02)
    assert edges.noted() == [f"disconnect {name} 1000"]


@pytest.mark.parametrize("limits", [Limits(idle_s=0.3), Limits(age_s=0.3)])
async def test_idle_and_old_connections_are_closed(
    tmp_path: Path, session: aiohttp.ClientSession, limits: Limits
) -> None:
    async with (
        running_edges(tmp_path, limits=limits) as edges,
        session.ws_connect(edges.url + "/ws") as socket,
    ):
        message = await socket.receive(10)
        assert message.type is WSMsgType.CLOSE
        assert message.data == aiohttp.WSCloseCode.GOING_AWAY


async def test_a_message_over_128_kb_closes_with_1009_and_one_below_is_delivered(
    edges: Edges, session: aiohttp.ClientSession
) -> None:
    async with session.ws_connect(edges.url + "/ws", max_msg_size=0) as socket:
        await socket.send_str("x" * 100_000)
        assert (await said(socket))["body"] == "x" * 100_000
        await socket.send_str("x" * (128 * 1024 + 1))
        message = await socket.receive(10)
        assert (message.type, message.data) == (WSMsgType.CLOSE, 1009)


@pytest.mark.parametrize(
    ("ticket", "status"), [("", 401), ("bad", 403), ("word", 401), ("broken", 500)]
)
async def test_an_authorizer_refuses(
    tmp_path: Path, session: aiohttp.ClientSession, ticket: str, status: int
) -> None:
    async with running_edges(tmp_path, authorized=True) as edges:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f"{edges.url}/ws?ticket={ticket}")
    assert refused.value.status == status


async def test_what_an_authorizer_says_is_in_every_event(
    tmp_path: Path, session: aiohttp.ClientSession
) -> None:
    async with (
        running_edges(tmp_path, authorized=True) as edges,
        session.ws_connect(f"{edges.url}/ws?ticket=good") as socket,
    ):
        await socket.send_str('{"action":"hello"}')
        event = await said(socket)
    assert event["requestContext"]["authorizer"] == {
        "principalId": "somebody",
        "tenant": "acme",
        "admin": "true",
    }


async def test_an_http_request_becomes_a_payload_of_format_2(
    edges: Edges, session: aiohttp.ClientSession
) -> None:
    async with session.post(
        f"{edges.url}/api/things?a=1&a=2", json={"x": 1}, headers={"Cookie": "k=v"}
    ) as answer:
        assert answer.status == 201
        assert answer.headers["X-Seen"] == "POST /things"
        assert answer.headers.getall("Set-Cookie") == ["a=1", "b=2"]
        event = json.loads(await answer.text())
    assert event["version"] == "2.0"
    assert event["rawPath"] == "/things"
    assert event["queryStringParameters"] == {"a": "1,2"}
    assert event["cookies"] == ["k=v"]
    assert json.loads(event["body"]) == {"x": 1}
    assert event["requestContext"]["http"]["method"] == "POST"


@pytest.mark.parametrize(
    ("path", "key", "parameters"),
    [
        ("/things/special", "GET /things/special", None),
        ("/things/7", "GET /things/{id}", {"id": "7"}),
        ("/files/a/b.txt", "ANY /files/{path+}", {"path": "a/b.txt"}),
    ],
)
async def test_http_routes_are_chosen_by_path(
    edges: Edges,
    session: aiohttp.ClientSession,
    path: str,
    key: str,
    parameters: dict[str, str] | None,
) -> None:
    async with session.get(f"{edges.url}/api{path}") as answer:
        event = json.loads(await answer.text())
    assert event["routeKey"] == key
    assert event.get("pathParameters") == parameters


async def test_an_unknown_http_path_is_a_problem_in_json(
    edges: Edges, session: aiohttp.ClientSession
) -> None:
    async with session.get(f"{edges.url}/api/nowhere") as answer:
        assert answer.status == 404
        assert answer.content_type == "application/problem+json"
