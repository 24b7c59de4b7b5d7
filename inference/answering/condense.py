"""Follow-up questions without a language model: rules that know when they are unsure. Pure.

Where a follow-up only names another value of something that the question before names ("and in
2023?"), that value is put in its place: a standalone question, and the rules are sure of it. For
all others the subject of the question before is put in front, and they say that they are guessing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from inference.answering import condense_slots
from inference.ports import ChatMessage
from inference.text.sentences import content_words, words

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
    if condense_slots.points_at_a_year(question):
        return len(words(question)) <= 12
    refers = any(word in _REFERENCE for word in words(question)) or bool(_THAT.search(question))
    return refers and len(words(question)) <= 12


def by_rules(question: str, history: Sequence[ChatMessage]) -> Standalone:
    """Make a follow-up standalone by the questions before it, oldest first.

    Any other question stands as it is. A chain ("and in 2023?", "and 2024?") is followed link by
    link, and is sure only if every link is.
    """
    found: Standalone | None = None
    for message in history:
        if message.role == "user":
            found = _after(message.content, found)
    return _after(question, found)


def subject(question: str) -> str:
    """A question without its question words: what it is about."""
    line = " ".join(question.split()).rstrip("?!. ")
    return _QUESTION_HEAD.sub("", line, count=1) or line


def _after(question: str, earlier: Standalone | None) -> Standalone:
    """``question`` as it has to be understood after ``earlier``."""
    if earlier is None or not is_elliptic(question):
        return Standalone(text=question, sure=True)
    replaced = condense_slots.replace(question, earlier.text)
    if replaced is not None:
        return Standalone(text=replaced, sure=earlier.sure)
    dated = condense_slots.with_year(question, earlier.text)
    about = subject(earlier.text)
    return Standalone(text=f"{about}: {dated}", sure=False)
