"""GPT, or any OpenAI-compatible server, through the openai SDK. Imported only when first needed.

`OPENAI_CLIENT=sdk` chooses it; the default reads the stream itself (``chat_model.py``).

The SDK costs 0.9 s to import, so nothing here imports it at module level: ``load`` does, on a
thread, after the first retrieval is possible.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

from inference.chat_models.model_errors import model_error
from inference.demand import Demand
from inference.ports import ChatMessage, Clock, Finished, ModelError, Prompt, TextDelta
from inference.text.wellformed import well_formed

if TYPE_CHECKING:
    from openai import AsyncOpenAI

KEY_SETTING = "OPENAI_API_KEY (or the secret that OPENAI_SECRET_ARN names)"
CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 120.0
"""Between two bytes; the turn's own timers are shorter and decide."""


class SdkChatModel:
    """Implements ``ports.ChatModel``.

    ``key`` returns the API key and may block (it may ask Secrets Manager); an empty ``base_url``
    means OpenAI itself. The turn retries, so the SDK does not.
    """

    metered = True

    def __init__(
        self, name: str, *, key: Callable[[], str], base_url: str = "", clock: Clock
    ) -> None:
        self.name = name
        self._key = key
        self._base_url = base_url
        self._clock = clock
        self._client: AsyncOpenAI | None = None
        self._loading = threading.Lock()

    def load(self) -> AsyncOpenAI:
        """Import the SDK and make the client; blocking, idempotent, safe on any thread.

        Raises:
            ModelError: there is no usable key.
        """
        with self._loading:
            if self._client is None:
                from openai import AsyncOpenAI, Timeout

                self._client = AsyncOpenAI(
                    api_key=self._key(),
                    base_url=self._base_url or None,
                    max_retries=0,
                    timeout=Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
                )
            return self._client

    async def stream(
        self, prompt: Prompt, wanted: Demand | None = None
    ) -> AsyncIterator[TextDelta | Finished]:
        """Stream the answer to ``prompt``; see the port."""
        client = await self._ready()
        from openai import OpenAIError

        reason, finished = "", Finished(finish_reason="")
        try:
            stream = await client.chat.completions.create(
                model=self.name,
                messages=_messages(prompt.messages),
                stream=True,
                stream_options={"include_usage": True},
            )
            async with stream:
                async for chunk in stream:
                    for choice in chunk.choices[:1]:
                        if text := choice.delta.content or choice.delta.refusal:
                            yield TextDelta(text=well_formed(text))
                        reason = choice.finish_reason or reason
                    if chunk.usage is not None:
                        finished = Finished(
                            finish_reason="",
                            prompt_tokens=chunk.usage.prompt_tokens,
                            completion_tokens=chunk.usage.completion_tokens,
                        )
        except (OpenAIError, ValueError) as error:
            raise await self._failed(error) from error
        if reason:
            yield Finished(
                finish_reason=reason,
                prompt_tokens=finished.prompt_tokens,
                completion_tokens=finished.completion_tokens,
            )

    async def complete(self, messages: Sequence[ChatMessage]) -> str | None:
        """Return a short completion; see the port."""
        client = await self._ready()
        from openai import OpenAIError

        try:
            answer = await client.chat.completions.create(
                model=self.name, messages=_messages(messages)
            )
        except (OpenAIError, ValueError) as error:
            raise await self._failed(error) from error
        return answer.choices[0].message.content if answer.choices else None

    async def close(self) -> None:
        """Close the connections that were kept alive."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _ready(self) -> AsyncOpenAI:
        if self._client is not None:
            return self._client
        return await asyncio.to_thread(self.load)

    async def _failed(self, error: Exception) -> ModelError:
        failure = model_error(error, key_setting=KEY_SETTING, now=self._clock.time())
        if failure.code == "model_auth":
            # The key may have been rotated: the next question reads it again.
            await self.close()
        return failure


def _messages(messages: Sequence[ChatMessage]) -> Any:
    return cast("Any", [{"role": m.role, "content": m.content} for m in messages])
