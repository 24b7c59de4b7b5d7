"""Any provider that langchain knows, as ``provider:model``. Imported only when first needed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from inference.chat_models.model_errors import model_error
from inference.demand import Demand
from inference.ports import ChatMessage, Clock, Finished, ModelError, Prompt, TextDelta
from inference.text.wellformed import well_formed

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_REASON_KEYS = ("finish_reason", "stop_reason", "stopReason", "done_reason")
_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "STOP": "stop",
    "max_tokens": "length",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "refusal": "content_filter",
    "guardrail_intervened": "content_filter",
}
"""Providers' words for the same endings, in OpenAI's."""


class LangchainChatModel:
    """Implements ``ports.ChatModel`` through ``init_chat_model``.

    ``spec`` is ``provider:model``; the provider's package must be installed and, other than for
    ``openai``, its key stands in the variable that this package reads. ``key`` and ``base_url``
    serve ``openai`` only.
    """

    metered = True

    def __init__(
        self, spec: str, *, key: Callable[[], str], base_url: str = "", clock: Clock
    ) -> None:
        self.name = spec
        self._key = key
        self._base_url = base_url
        self._clock = clock
        self._model: BaseChatModel | None = None
        self._loading = threading.Lock()

    def load(self) -> BaseChatModel:
        """Import langchain and the provider's package; blocking, idempotent, thread-safe.

        Raises:
            ModelError: the provider is unknown, its package missing, or it takes no such settings.
        """
        with self._loading:
            if self._model is None:
                from langchain.chat_models import init_chat_model

                try:
                    self._model = init_chat_model(self.name, **self._options())
                except (ImportError, ValueError) as error:
                    raise ModelError(
                        "model_misconfigured",
                        f"CHAT_MODEL={self.name} cannot be used: {error}",
                        retryable=False,
                    ) from error
            return self._model

    async def stream(
        self, prompt: Prompt, wanted: Demand | None = None
    ) -> AsyncIterator[TextDelta | Finished]:
        """Stream the answer to ``prompt``; see the port."""
        model = await self._ready()
        reason, asked, answered = "", 0, 0
        try:
            chunks: Any = model.astream(_messages(prompt.messages))
            async with aclosing(chunks) as stream:
                async for chunk in stream:
                    if text := chunk.text:
                        yield TextDelta(text=well_formed(str(text)))
                    reason = _reason(chunk.response_metadata) or reason
                    if usage := chunk.usage_metadata:
                        asked = max(asked, usage["input_tokens"])
                        answered += usage["output_tokens"]
        except Exception as error:
            # Each provider's library has exceptions of its own: this is the edge to all of them.
            raise self._translated(error) from error
        if reason:
            yield Finished(
                finish_reason=_REASONS.get(reason, reason),
                prompt_tokens=asked,
                completion_tokens=answered,
            )

    async def complete(self, messages: Sequence[ChatMessage]) -> str | None:
        """Return a short completion; see the port."""
        model = await self._ready()
        try:
            answer = await model.ainvoke(_messages(messages))
        except Exception as error:
            raise self._translated(error) from error
        return str(answer.text)

    async def _ready(self) -> BaseChatModel:
        if self._model is not None:
            return self._model
        return await asyncio.to_thread(self.load)

    def _options(self) -> dict[str, Any]:
        if not self.name.startswith("openai:"):
            return {}
        return {
            "api_key": self._key(),
            "base_url": self._base_url or None,
            "max_retries": 0,
            "stream_usage": True,
        }

    def _translated(self, error: Exception) -> ModelError:
        setting = f"the key of {self.name.partition(':')[0]}"
        failure = model_error(error, key_setting=setting, now=self._clock.time())
        if failure.code == "model_auth":
            self._model = None
        return failure


def _messages(messages: Sequence[ChatMessage]) -> Any:
    return [(message.role, message.content) for message in messages]


def _reason(metadata: dict[str, Any]) -> str:
    for key in _REASON_KEYS:
        if metadata.get(key):
            return str(metadata[key])
    return ""
