"""Follow-up questions without a language model: rules that know when they are unsure. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from inference.ports import ChatMessage
from inference.sentences import content_words, words

_OPENING = re.compile(
    r"^(?:and|or|but|also|then|so|what about|how about|what of|why|why not|how so|since when|"
    r"until when|the same|same)\b",
    re.IGNORECASE,
)
_REFERENCE = frozenset(
    "it its they them their theirs those this these he she his her former latter".split()  # noqa: SIM905
)
_THAT = re.compile(
    r"^(?:is|was|does|did|can|will|would|why is|how is)\s+that\b|\bthat\W*$", re.IGNORECASE
)
_QUESTION_HEAD = re.compile(
    r"^(?:and\s+)?(?:what|which|who|whom|whose|when|where|why|how(?:\s+(?:much|many|long|often|"
    r"far|high|large|big|fast))?|is|are|was|were|do|does|did|can|could|will|would|should|has|have|"
    r"had|may|must|tell me|explain|describe)\b"
    r"(?:\s+(?:is|are|was|were|do|does|did|can|could|will|would|should|has|have|had|may|must)\b)?"
    r"\s*",
    re.IGNORECASE,
)
_FEW_WORDS = 3


class Standalone(Struct, frozen=True, kw_only=True):
    """A question that can be searched for. ``sure`` is false where rules had to guess."""

    text: str
    sure: bool


def is_elliptic(question: str) -> bool:
    """Whether a question seems to lean on the one before ("and in 2023?", "is it capped?")."""
    if _OPENING.match(question.strip()):
        return len(words(question)) <= 12
    if len(set(content_words(question))) < _FEW_WORDS and len(words(question)) <= 4:
        return True
    refers = any(word in _REFERENCE for word in words(question)) or bool(_THAT.search(question))
    return refers and len(words(question)) <= 12


def by_rules(question: str, history: Sequence[ChatMessage]) -> Standalone:
    """Prefix an elliptic question with the subject of the last complete one.

    Any other question stands as it is.
    """
    if not history or not is_elliptic(question):
        return Standalone(text=question, sure=True)
    asked = [message.content for message in history if message.role == "user"]
    for earlier in reversed(asked):
        if not is_elliptic(earlier):
            return Standalone(text=f"{subject(earlier)}: {question}", sure=False)
    earlier = asked[-1] if asked else ""
    return Standalone(text=f"{subject(earlier)} {question}".strip(), sure=False)


def subject(question: str) -> str:
    """A question without its question words: what it is about."""
    line = " ".join(question.split()).rstrip("?!. ")
    return _QUESTION_HEAD.sub("", line, count=1) or line
