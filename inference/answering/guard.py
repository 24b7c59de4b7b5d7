"""What is answered: the last check of a question's form before it costs anything. Pure."""

from __future__ import annotations

import unicodedata

from copilot.answer_log.question import BadQuestion, check_question

_INVISIBLE = frozenset(
    "\u00ad\u200b\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
"""Characters that show nothing, or make a text read otherwise than it is (CVE-2021-42574)."""


def admit(text: str) -> str:
    """Return the question to answer: trimmed, in NFC, without invisible characters.

    Raises:
        BadQuestion: ``empty_question``, ``question_too_long`` or ``control_characters``.
    """
    visible = "".join(char for char in text if char not in _INVISIBLE)
    check_question(visible)
    question = unicodedata.normalize("NFC", visible).strip()
    if not any(char.isalnum() for char in question):
        raise BadQuestion("empty_question", "The question has no words; type one and send it.")
    return question
