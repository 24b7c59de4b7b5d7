"""What a model's tokens cost. Pure."""

from __future__ import annotations

from msgspec import Struct

from copilot.wire import Tokens

_PER = 1_000_000


class Price(Struct, frozen=True, kw_only=True):
    """US dollars for a million tokens: of the prompt, and of what the model writes."""

    prompt: float
    completion: float

    def of(self, tokens: Tokens) -> float:
        """US dollars for ``tokens``."""
        cost = tokens.prompt * self.prompt + tokens.completion * self.completion
        return round(cost / _PER, 9)


KNOWN = {"gpt-4o-mini": Price(prompt=0.15, completion=0.60)}
"""List prices of the default model at OpenAI, June 2026 (benchmarks/cost/prices.toml). Every other
model's are settings: a wrong price is worse than none.
"""
