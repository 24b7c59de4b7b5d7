"""What is asked of the service in a month, and by whom. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


class BadWorkload(ValueError):
    """A number makes no sense; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A month's work and the settings that its cost depends on.

    ``qps`` questions a second on average over ``daily_hours`` of every day, by ``users`` people who
    keep a page open for these hours. ``prompt_tokens`` of ``None`` means as many as were measured.
    """

    qps: Fraction
    answer_tokens: int = 300
    prompt_tokens: int | None = None
    cache_hits: Fraction = Fraction(0)
    model: str = "gpt-4o-mini"
    daily_hours: Fraction = Fraction(10)
    users: int = 0
    tokens_per_second: Fraction | None = None
    memory_mb: int = 2048
    zip_memory_mb: int = 512
    window_ms: int = 112
    batch_size: int = 1
    maximum_concurrency: int = 10
    architecture: str = "arm64"
    cache: bool = False
    """Whether a Qdrant host runs, which is what hits need."""

    def __post_init__(self) -> None:
        checks = {
            "QPS must not be negative": self.qps >= 0,
            "ANSWER_TOKENS must be at least 1": self.answer_tokens >= 1,
            "the cache's hit rate lies between 0 and 1": 0 <= self.cache_hits <= 1,
            "the daily hours lie between 0 and 24": 0 <= self.daily_hours <= 24,
            "the number of users must not be negative": self.users >= 0,
            "the tokens per second must be above 0": self.tokens_per_second is None
            or self.tokens_per_second > 0,
            "the window must be above 0 ms": self.window_ms > 0,
            "the batch size lies between 1 and 10": 1 <= self.batch_size <= 10,
            "the maximum concurrency lies between 2 and 1000": 2
            <= self.maximum_concurrency
            <= 1000,
            "the architecture is arm64 or x86_64": self.architecture in ("arm64", "x86_64"),
        }
        for message, holds in checks.items():
            if not holds:
                raise BadWorkload(message)

    def days(self, month_hours: int) -> Fraction:
        """Days of a month of so many hours."""
        return Fraction(month_hours, 24)

    def answers(self, month_hours: int) -> Fraction:
        """Questions of a month."""
        return self.qps * 3600 * self.daily_hours * self.days(month_hours)

    def connected_minutes(self, month_hours: int) -> Fraction:
        """Connection minutes of a month."""
        return self.users * self.daily_hours * 60 * self.days(month_hours)
