"""What a language model's failure means, whatever library raised it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from inference.ports import ModelError


class ProviderRefusal(Exception):
    """An HTTP answer other than 200; shaped like the exceptions of providers' libraries."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(body.decode(errors="replace"))
        self.status_code = status
        self.response = self
        self.headers = headers


_CONTEXT = ("context_length", "context length", "maximum context", "too many tokens")
_QUOTA = ("insufficient_quota", "billing")
_NO_ANSWER = ("Timeout", "Connection", "Connect", "Protocol", "NetworkError", "ReadError")


def model_error(error: Exception, *, key_setting: str, now: float) -> ModelError:
    """Translate a provider library's exception.

    Providers' libraries differ in classes but agree in ``status_code`` and ``response.headers``.
    ``key_setting`` names the setting that holds the key; ``now`` (seconds since the epoch) is for
    a Retry-After that is a date.
    """
    status = _status(error)
    words = f"{error} {getattr(error, 'code', '')}".lower()
    if status is None:
        if "rate_limit" in words:
            return _limited(words, None)
        if any(word in type(error).__name__ for word in _NO_ANSWER):
            return ModelError(
                "model_unavailable", "The language model cannot be reached.", retryable=True
            )
        return ModelError(
            "model_failed", f"The language model failed ({type(error).__name__}).", retryable=True
        )
    if status in (401, 403):
        return ModelError(
            "model_auth",
            f"The language model's provider refused the key: check {key_setting}.",
            retryable=False,
        )
    if status == 404:
        return ModelError(
            "model_not_found",
            "The provider does not know this language model: check OPENAI_MODEL or CHAT_MODEL, "
            "and OPENAI_BASE_URL.",
            retryable=False,
        )
    if status == 429:
        return _limited(words, retry_after(_headers(error), now))
    if status in (400, 413, 422) and any(phrase in words for phrase in _CONTEXT):
        return ModelError(
            "context_length",
            "The question with its sources is too long for the language model: lower "
            "RETRIEVED_PASSAGES or ask more briefly.",
            retryable=False,
        )
    if status in (408, 409) or status >= 500:
        return ModelError(
            "model_unavailable",
            f"The language model's provider is in trouble (HTTP {status}).",
            retryable=True,
            retry_after_s=retry_after(_headers(error), now),
        )
    return ModelError(
        "model_refused", f"The provider refused the request (HTTP {status}).", retryable=False
    )


def _limited(words: str, retry_after_s: float | None) -> ModelError:
    if any(phrase in words for phrase in _QUOTA):
        return ModelError(
            "model_quota",
            "The account with the language model's provider has no quota left: check its billing.",
            retryable=False,
        )
    return ModelError(
        "model_rate_limited",
        "The language model's provider asks to slow down.",
        retryable=True,
        retry_after_s=retry_after_s,
    )


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait as the provider says it (RFC 9110: seconds, or a date), else ``None``."""
    if milliseconds := headers.get("retry-after-ms"):
        seconds = _number(milliseconds)
        return None if seconds is None else seconds / 1000
    text = headers.get("retry-after", "")
    seconds = _number(text)
    if seconds is not None or not text:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except ValueError:
        return None


def _number(text: str) -> float | None:
    try:
        return max(0.0, float(text))
    except ValueError:
        return None


def _status(error: Exception) -> int | None:
    for source in (error, getattr(error, "response", None)):
        for name in ("status_code", "http_status", "code"):
            status = getattr(source, name, None)
            if isinstance(status, int):
                return status
    return None


def _headers(error: Exception) -> Mapping[str, str]:
    headers: Any = getattr(getattr(error, "response", None), "headers", None)
    return headers if headers is not None else {}
