"""A client of the wire protocol: asks, follows an answer, resumes after gaps, silence and cuts."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator

import aiohttp

from copilot.transcript import Transcript
from copilot.wire import (
    Accepted,
    AnyClientMessage,
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
RECONNECT_S = 0.5


class Refused(Exception):
    """The server did not take the question; ``code`` and ``message`` are its own words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message


class Client:
    """One person's connection, made anew when it breaks."""

    def __init__(self, url: str) -> None:
        self.resumes = 0
        self.client_id = f"client-{uuid.uuid4().hex[:12]}"
        self._url = url
        self._session = aiohttp.ClientSession()
        self._socket: aiohttp.ClientWebSocketResponse | None = None

    async def __aenter__(self) -> Client:
        await self.connect()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.disconnect()
        await self._session.close()

    async def connect(self) -> Welcome:
        """Open the socket and greet.

        Raises:
            aiohttp.ClientError: the handshake was refused or nobody listens.
        """
        self._socket = await self._session.ws_connect(self._url, max_msg_size=0)
        await self.send(Hello(client_id=self.client_id))
        event = await self.receive()
        while not isinstance(event, Welcome):
            event = await self.receive()
        return event

    async def disconnect(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            await self._socket.close()

    async def send(self, message: AnyClientMessage) -> None:
        """Send one message."""
        assert self._socket is not None
        await self._socket.send_str(encode_client(message).decode())

    async def receive(self) -> AnyServerEvent:
        """The next event.

        Raises:
            ConnectionResetError: the socket was closed.
        """
        assert self._socket is not None
        message = await self._socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise ConnectionResetError(f"the socket ended: {message.type.name}")
        return decode_event(message.data)

    async def ask(self, text: str, client_msg_id: str | None = None) -> Accepted:
        """Ask a question and wait until it is accepted.

        Raises:
            Refused: the server rejected it.
        """
        name = client_msg_id or f"question-{uuid.uuid4().hex[:12]}"
        await self.send(Ask(client_msg_id=name, text=text))
        while True:
            event = await self.receive()
            if isinstance(event, Accepted) and event.client_msg_id == name:
                return event
            if isinstance(event, Rejected) and event.client_msg_id == name:
                raise Refused(event.code, event.message)
            if isinstance(event, Error):
                raise Refused(event.code, event.message)

    async def follow(self, transcript: Transcript) -> AsyncIterator[AnyServerEvent]:
        """Yield every event of an answer, applied to ``transcript``, until it has ended.

        Raises:
            Refused: the server knows no such answer.
        """
        while transcript.end is None:
            try:
                event = await asyncio.wait_for(self.receive(), WATCHDOG_S)
            except TimeoutError:
                await self._resume(transcript)
                continue
            except ConnectionResetError:
                await self._reconnect()
                await self._resume(transcript)
                continue
            if isinstance(event, Error):
                raise Refused(event.code, event.message)
            if getattr(event, "answer_id", None) != transcript.answer_id:
                continue
            if isinstance(event, Start | Sources | Delta | Snapshot | End) and (
                transcript.apply(event) == "resume"
            ):
                await self._resume(transcript)
            yield event

    async def _resume(self, transcript: Transcript) -> None:
        self.resumes += 1
        with contextlib.suppress(ConnectionResetError):
            await self.send(
                Resume(
                    answer_id=transcript.answer_id,
                    epoch=transcript.epoch,
                    after_seq=transcript.last_seq,
                )
            )

    async def _reconnect(self) -> None:
        await self.disconnect()
        while True:
            await asyncio.sleep(RECONNECT_S)
            with contextlib.suppress(aiohttp.ClientError, ConnectionResetError):
                await self.connect()
                return
