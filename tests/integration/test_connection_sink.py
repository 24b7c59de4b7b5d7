"""Both push sinks against a real HTTP server that answers as the management API does."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest

from inference.aws.connection_sink import ConnectionSink, client_config
from inference.aws.direct_sink import DirectSink
from inference.aws.http_pool import HttpPool
from inference.aws.signing import Credentials
from inference.clock import SystemClock
from inference.ports import ConnectionGone, PushRefused, Sink, Throttled

ERRORS = {
    403: b'{"message":"Forbidden"}',
    410: b'{"message":"Gone"}',
    413: b'{"message":"Request Entity Too Large"}',
    429: b'{"message":"Too Many Requests"}',
    500: b'{"message":"Internal server error"}',
}


class WireApi:
    """Answers every post with ``status`` and remembers what arrived."""

    def __init__(self) -> None:
        self.status = 200
        self.error_type = ""
        self.requests: list[tuple[str, str, bytes]] = []
        self.sockets: set[tuple[str, int]] = set()
        self.waiting = threading.Semaphore(0)
        self.hold = False
        self.busy = threading.Event()
        self.under_way = 0
        self.most_under_way = 0
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                api.requests.append((self.path, self.headers["Authorization"] or "", body))
                api.sockets.add(self.client_address)
                if api.hold:
                    api.under_way += 1
                    api.most_under_way = max(api.most_under_way, api.under_way)
                    if api.under_way == 4:
                        api.busy.set()
                    api.waiting.acquire(timeout=5)
                    api.under_way -= 1
                answer = ERRORS.get(api.status, b"")
                self.send_response(api.status)
                if api.error_type:
                    self.send_header("x-amzn-ErrorType", api.error_type)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/dev"

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def api() -> Iterator[WireApi]:
    running = WireApi()
    running.start()
    yield running
    running.stop()


@asynccontextmanager
async def threaded_sink(url: str) -> AsyncIterator[Sink]:
    client = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=url,
        region_name="eu-central-1",
        aws_access_key_id="AKIATEST",
        aws_secret_access_key="secret",
        config=client_config(4),
    )
    with ThreadPoolExecutor(4) as pool:
        yield ConnectionSink(client, pool)
    client.close()


@asynccontextmanager
async def direct_sink(url: str) -> AsyncIterator[Sink]:
    pool = HttpPool(url, limit=4)
    credentials = Credentials("AKIATEST", "secret")
    yield DirectSink(pool, "eu-central-1", lambda: credentials, SystemClock())
    await pool.close()


SINKS = {"threaded": threaded_sink, "direct": direct_sink}


@pytest.fixture(params=SINKS)
async def sink(request: pytest.FixtureRequest, api: WireApi) -> AsyncIterator[Sink]:
    async with SINKS[request.param](api.url) as made:
        yield made


async def test_the_frame_travels_byte_for_byte_and_signed(api: WireApi, sink: Sink) -> None:
    frame = '{"type":"delta","text":"Größe 🌬️"}'.encode()
    await sink.post("L0SM9cOFvHcCIhw=", frame)
    [(path, authorization, body)] = api.requests
    assert path == "/dev/@connections/L0SM9cOFvHcCIhw%3D"
    assert authorization.startswith("AWS4-HMAC-SHA256 Credential=AKIATEST/")
    assert body == frame


@pytest.mark.parametrize(
    ("status", "error_type", "raised"),
    [
        (410, "GoneException", ConnectionGone),
        (410, "", ConnectionGone),
        (429, "LimitExceededException", Throttled),
        (429, "", Throttled),
        (500, "", Throttled),
        (503, "", Throttled),
        (403, "ForbiddenException", PushRefused),
        (413, "PayloadTooLargeException", PushRefused),
    ],
)
async def test_refusals_are_told_apart_and_nothing_is_retried_in_secret(
    api: WireApi, sink: Sink, status: int, error_type: str, raised: type[Exception]
) -> None:
    api.status, api.error_type = status, error_type
    with pytest.raises(raised):
        await sink.post("c1", b"{}")
    assert len(api.requests) == 1


@pytest.mark.parametrize("kind", SINKS)
async def test_an_endpoint_that_is_not_there_is_a_reason_to_slow_down(kind: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/dev"
    async with SINKS[kind](url) as sink:
        with pytest.raises(Throttled):
            await sink.post("c1", b"{}")


async def test_posts_run_side_by_side_within_the_bound(api: WireApi, sink: Sink) -> None:
    api.hold = True
    posts = [asyncio.ensure_future(sink.post(f"c{n}", b"{}")) for n in range(10)]
    await asyncio.to_thread(api.busy.wait, 5)
    await asyncio.sleep(0.05)
    for _ in posts:
        api.waiting.release()
    await asyncio.gather(*posts)
    assert api.most_under_way == 4
    assert len(api.requests) == 10


async def test_connections_are_kept_alive(api: WireApi, sink: Sink) -> None:
    for _ in range(20):
        await sink.post("c1", b"{}")
    assert len(api.sockets) == 1
