"""A chat client for the terminal, the tests and the benchmarks: one socket, resumed until the end.

It keeps the protocol's rules (``docs/protocol.md``): a gap or five silent seconds lead to a
``resume``, a lost socket to a reconnect, and an answer counts only with its verified ``end``.
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Awaitable, Callable
from socket import SO_LINGER, SOL_SOCKET
from types import TracebackType
from typing import Any

import aiohttp
import msgspec

from copilot.identifiers import new_id
from copilot.transcript import Transcript
from copilot.wire import (
    Accepted,
    AnyServerEvent,
    Ask,
    Delta,
    End,
    Error,
    Hello,
    Rejected,
    Resume,
    Snapshot,
    Sources,
    Start,
    Welcome,
    decode_event,
    encode_client,
)

WATCHDOG_S = 5.0
OnEvent = Callable[[AnyServerEvent, Transcript], None]


class ChatError(Exception):
    """The conversation cannot go on: refused, or no end in time. The message is for a person."""


class Refused(ChatError):
    """The server rejected the question."""

    def __init__(self, rejected: Rejected) -> None:
        super().__init__(f"{rejected.code}: {rejected.message}")
        self.rejected = rejected


class ChatClient:
    """One person at one WebSocket URL. Use as an async context manager."""

    def __init__(
        self,
        url: str,
        *,
        client_id: str | None = None,
        watchdog_s: float = WATCHDOG_S,
        origin: str | None = None,
        ticket: Callable[[], Awaitable[str]] | None = None,
    ) -> None:
        """``ticket`` gets a fresh one for every socket where people sign in."""
        self.url = url
        self._ticket = ticket
        self._origin = origin
        self.client_id = client_id or new_id()
        self.watchdog_s = watchdog_s
        self.resumes = 0
        self._session: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._early: list[AnyServerEvent] = []

    async def __aenter__(self) -> ChatClient:
        self._session = aiohttp.ClientSession()
        try:
            await self.connect()
        except BaseException:
            await self._session.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._socket is not None:
            await self._socket.close()
        if self._session is not None:
            await self._session.close()

    async def connect(self) -> Welcome:
        """Open a socket in place of the present one and say hello.

        Raises:
            ChatError: the server does not answer with ``welcome``.
        """
        if self._session is None:
            raise ChatError("use the client as an async context manager")
        if self._socket is not None:
            await self._socket.close()
        query = None if self._ticket is None else {"ticket": await self._ticket()}
        self._socket = await self._session.ws_connect(
            self.url, max_msg_size=0, origin=self._origin, params=query
        )
        await self.send(encode_client(Hello(client_id=self.client_id)))
        while True:
            event = await self.receive(10)
            if isinstance(event, Welcome):
                return event
            if isinstance(event, Error):
                raise ChatError(f"{event.code}: {event.message}")
            self._early.append(event)

    def cut(self) -> None:
        """Reset the TCP connection without a closing handshake, as a lost network does."""
        socket = self._open_socket()
        raw = socket.get_extra_info("socket")
        if raw is None:
            return
        raw.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        # aiohttp offers only the polite close; the transport below it is not public.
        connection = socket._response.connection
        if connection is not None and connection.transport is not None:
            connection.transport.abort()

    async def send(self, frame: bytes | str) -> None:
        """Send one text frame as it is."""
        socket = self._open_socket()
        await socket.send_str(frame if isinstance(frame, str) else frame.decode())

    async def send_binary(self, frame: bytes) -> None:
        """Send one binary frame."""
        await self._open_socket().send_bytes(frame)

    async def receive(self, timeout_s: float) -> AnyServerEvent:
        """The next event.

        Raises:
            TimeoutError: none within ``timeout_s``.
            ConnectionResetError: the socket has closed.
        """
        message = await asyncio.wait_for(self._open_socket().receive(), timeout_s)
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise ConnectionResetError(f"the socket closed ({message.type.name}, {message.data})")
        try:
            return decode_event(message.data)
        except msgspec.DecodeError as error:
            if failure := _gateway_failure(message.data):
                return failure
            raise ChatError(f"not a server event: {message.data[:200]}") from error

    async def ask(self, text: str, **fields: Any) -> Accepted:
        """Ask, and return the acceptance; ``fields`` are those of ``copilot.wire.Ask``.

        Raises:
            Refused: the server rejected the question.
            ChatError: it answered with an error.
        """
        question = Ask(text=text, **{"client_msg_id": new_id(), **fields})
        await self.send(encode_client(question))
        while True:
            event = await self.receive(30)
            if isinstance(event, Accepted) and event.client_msg_id == question.client_msg_id:
                return event
            if isinstance(event, Rejected):
                raise Refused(event)
            if isinstance(event, Error):
                raise ChatError(f"{event.code}: {event.message}")
            self._early.append(event)

    async def resume(self, transcript: Transcript) -> None:
        """Ask for what is missing of an answer."""
        self.resumes += 1
        await self.send(
            encode_client(
                Resume(
                    answer_id=transcript.answer_id,
                    epoch=transcript.epoch,
                    after_seq=transcript.last_seq,
                )
            )
        )

    async def follow(
        self,
        answer_id: str,
        *,
        transcript: Transcript | None = None,
        on_event: OnEvent | None = None,
        timeout_s: float = 120.0,
    ) -> Transcript:
        """Receive an answer to its verified end, whatever happens to the socket meanwhile.

        Raises:
            ChatError: no end within ``timeout_s``.
        """
        transcript = transcript or Transcript(answer_id)
        deadline = time.monotonic() + timeout_s
        while transcript.end is None:
            if time.monotonic() > deadline:
                raise ChatError(
                    f"no end of answer {answer_id} within {timeout_s:.0f} s; it is "
                    f"{transcript.state} with {len(transcript.text)} characters"
                )
            try:
                event = self._early.pop(0) if self._early else await self.receive(self.watchdog_s)
            except TimeoutError:
                await self._resume_safely(transcript)
                continue
            except (ConnectionError, aiohttp.ClientError):
                await self._reconnect(transcript, deadline)
                continue
            if getattr(event, "answer_id", None) != answer_id:
                continue
            if on_event is not None:
                on_event(event, transcript)
            if not isinstance(event, Start | Sources | Delta | Snapshot | End):
                continue
            if transcript.apply(event) == "resume":
                await self._resume_safely(transcript)
        return transcript

    async def _reconnect(self, transcript: Transcript, deadline: float) -> None:
        while time.monotonic() < deadline:
            try:
                await self.connect()
            except (OSError, TimeoutError, aiohttp.ClientError):
                await asyncio.sleep(0.2)
            else:
                await self._resume_safely(transcript)
                return

    async def _resume_safely(self, transcript: Transcript) -> None:
        try:
            await self.resume(transcript)
        except (ConnectionError, aiohttp.ClientError):
            return  # The next receive finds the closed socket and reconnects.

    def _open_socket(self) -> aiohttp.ClientWebSocketResponse:
        if self._socket is None:
            raise ChatError("the client is not connected")
        return self._socket


class _GatewayFailure(msgspec.Struct):
    """What API Gateway itself says when the function behind a route has failed."""

    message: str
    connection_id: str = msgspec.field(name="connectionId")
    request_id: str = msgspec.field(name="requestId")


def _gateway_failure(frame: str) -> Error | None:
    try:
        failure = msgspec.json.decode(frame, type=_GatewayFailure)
    except msgspec.DecodeError:
        return None
    return Error(code="internal", message=failure.message, ref=failure.request_id)
