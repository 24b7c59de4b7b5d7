"""GPT, or any OpenAI-compatible server: the event stream of chat completions, read directly.

Carrying tokens is what this process does all day, and the SDK spends most of its time on building
objects of which two fields are read (ADR 23). What is written here is the part of the protocol
that an answer needs: one request, its events, its refusals.

aiohttp is imported on first use; ``load`` does it on a thread, once a question can be retrieved.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from inference.chat_models.event_stream import EventReader
from inference.chat_models.model_errors import ProviderRefusal, model_error
from inference.demand import Demand
from inference.ports import ChatMessage, Clock, Finished, ModelError, Prompt, TextDelta
from inference.text.wellformed import well_formed

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

OPENAI_URL = "https://api.openai.com/v1"
KEY_SETTING = "OPENAI_API_KEY (or the secret that OPENAI_SECRET_ARN names)"
CONNECT_TIMEOUT_S = 5.0
"""There is no timeout for reading: whoever asks has shorter ones, and aiohttp's would be set anew
with every packet."""

MAX_REFUSAL_BYTES = 64 * 1024
_DONE = b"[DONE]"


class _Delta(Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(Struct):
    delta: _Delta = msgspec.field(default_factory=_Delta)
    finish_reason: str | None = None


class _Usage(Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Chunk(Struct):
    choices: list[_Choice] = []
    usage: _Usage | None = None
    error: Any = None


class OpenAIChatModel:
    """Implements ``ports.ChatModel``.

    ``key`` returns the API key and may block (it may ask Secrets Manager); an empty ``base_url``
    means OpenAI itself. Nothing is retried here: the turn does. One instance serves one event loop.
    """

    metered = True

    def __init__(
        self, name: str, *, key: Callable[[], str], base_url: str = "", clock: Clock
    ) -> None:
        self.name = name
        self._key = key
        self._address = f"{(base_url or OPENAI_URL).rstrip('/')}/chat/completions"
        self._clock = clock
        self._session: ClientSession | None = None
        self._bearer: str | None = None
        self._loading = threading.Lock()

    def load(self) -> str:
        """Import the HTTP client and read the key; blocking, idempotent, safe on any thread.

        Raises:
            ModelError: there is no usable key.
        """
        with self._loading:
            if self._bearer is None:
                import aiohttp  # noqa: F401

                self._bearer = self._key()
            return self._bearer

    async def stream(
        self, prompt: Prompt, wanted: Demand | None = None
    ) -> AsyncIterator[TextDelta | Finished]:
        """Stream the answer to ``prompt``; see the port.

        While nothing is wanted the socket is left alone: the kernel gathers what comes, and one
        read takes all of it, instead of one read for every token.
        """
        body = self._body(prompt.messages, stream=True, stream_options={"include_usage": True})
        reason, used = "", _Usage()
        async with self._failures(), self._asked(body) as response, _read_if(wanted, response):
            async for chunks in _chunks(response):
                said: list[str] = []
                for chunk in chunks:
                    for choice in chunk.choices[:1]:
                        if text := choice.delta.content or choice.delta.refusal:
                            said.append(well_formed(text))
                        reason = choice.finish_reason or reason
                    used = chunk.usage or used
                if said:
                    yield TextDelta(text="".join(said))
        if reason:
            yield Finished(
                finish_reason=reason,
                prompt_tokens=used.prompt_tokens,
                completion_tokens=used.completion_tokens,
            )

    async def complete(self, messages: Sequence[ChatMessage]) -> str | None:
        """Return a short completion; see the port."""
        async with self._failures(), self._asked(self._body(messages)) as response:
            answer = await response.json(loads=_loads, content_type=None)
            choices = answer.get("choices") if isinstance(answer, dict) else None
            return choices[0]["message"]["content"] if choices else None

    async def close(self) -> None:
        """Close the connections that were kept alive."""
        if self._session is not None:
            await self._session.close()
        self._session = self._bearer = None

    def _body(self, messages: Sequence[ChatMessage], **options: Any) -> bytes:
        told = [{"role": message.role, "content": message.content} for message in messages]
        return msgspec.json.encode({"model": self.name, "messages": told, **options})

    @asynccontextmanager
    async def _asked(self, body: bytes) -> AsyncGenerator[ClientResponse]:
        """The response to a request that was taken; left early, its connection is closed."""
        bearer = self._bearer
        if bearer is None:
            bearer = await asyncio.to_thread(self.load)
        headers = {
            "Authorization": f"Bearer {bearer}",
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
        }
        async with self._connected().post(
            self._address,
            data=body,
            headers=headers,
            allow_redirects=False,
        ) as response:
            if response.status != 200:
                said = await response.content.read(MAX_REFUSAL_BYTES)
                raise ProviderRefusal(response.status, response.headers, said)
            yield response

    def _connected(self) -> ClientSession:
        if self._session is None:
            from aiohttp import ClientSession, ClientTimeout, TCPConnector

            timeout = ClientTimeout(sock_connect=CONNECT_TIMEOUT_S)
            self._session = ClientSession(
                connector=TCPConnector(limit=0), timeout=timeout, trust_env=True
            )
        return self._session

    @asynccontextmanager
    async def _failures(self) -> AsyncGenerator[None]:
        """Turns whatever goes wrong on the way into a ``ModelError``."""
        from aiohttp import ClientError

        try:
            yield
        except ProviderRefusal as error:
            failure = model_error(error, key_setting=KEY_SETTING, now=self._clock.time())
            if failure.code == "model_auth":
                # The key may have been rotated: the next question reads it again.
                self._bearer = None
            raise failure from error
        except (ClientError, TimeoutError, ConnectionError) as error:
            raise ModelError(
                "model_unavailable", "The language model cannot be reached.", retryable=True
            ) from error
        except (ValueError, LookupError, TypeError) as error:
            raise model_error(error, key_setting=KEY_SETTING, now=self._clock.time()) from error


@asynccontextmanager
async def _read_if(wanted: Demand | None, response: ClientResponse) -> AsyncGenerator[None]:
    """Leaves the socket of ``response`` unread while nothing is wanted."""

    def heed(reads: bool) -> None:
        # The response lets go of its connection when its last byte has come.
        transport = response.connection and response.connection.transport
        if transport is None or transport.is_closing():
            return
        if reads:
            transport.resume_reading()
        else:
            transport.pause_reading()

    with wanted.heeded(heed) if wanted else nullcontext():
        yield


_decoder = msgspec.json.Decoder(_Chunk)


async def _chunks(response: ClientResponse) -> AsyncGenerator[list[_Chunk]]:
    """What the events say that came together; what came before a failure is given first."""
    reader = EventReader()
    async for received in response.content.iter_any():
        chunks: list[_Chunk] = []
        for data in reader.feed(received):
            if data == _DONE:
                yield chunks
                return
            try:
                chunk = _decode(data)
                if chunk.error is not None:
                    raise ValueError(f"the provider broke off: {chunk.error}")
            except (ValueError, LookupError, TypeError):
                yield chunks
                raise
            chunks.append(chunk)
        yield chunks


def _decode(data: bytes) -> _Chunk:
    try:
        return _decoder.decode(data)
    except msgspec.DecodeError:
        # Lone surrogates are legal JSON that only the standard library takes.
        return msgspec.convert(_loads(data), _Chunk)


def _loads(data: bytes | str) -> Any:
    return json.loads(data)
