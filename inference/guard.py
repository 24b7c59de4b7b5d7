"""What may be asked: the last check of a question's form before it costs anything. Pure."""

from __future__ import annotations

import unicodedata

from copilot.wire import MAX_QUESTION_CHARS

_ALLOWED_CONTROLS = frozenset("\n\t\r")
_INVISIBLE = frozenset("\u200b\u2060\ufeff\u00ad")
"""Characters that show nothing and carry nothing in a question; they are taken out."""

_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Direction overrides: they make a text read otherwise than it is (CVE-2021-42574)."""


class QuestionRefused(Exception):
    """A question that is not answered. ``code`` and ``message`` reach the person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def admit(text: str, *, max_chars: int = MAX_QUESTION_CHARS) -> str:
    """Return the question to answer: trimmed, in NFC, without invisible characters.

    Raises:
        QuestionRefused: ``question_empty``, ``question_too_long`` (in characters) or
            ``control_characters``.
    """
    for position, char in enumerate(text):
        if _is_control(char):
            raise QuestionRefused(
                "control_characters",
                f"The question holds a control character (U+{ord(char):04X} at position "
                f"{position + 1}). Remove it, or type the question instead of pasting it.",
            )
    visible = "".join(char for char in text if char not in _INVISIBLE)
    question = unicodedata.normalize("NFC", visible).strip()
    if not any(char.isalnum() for char in question):
        raise QuestionRefused("question_empty", "The question is empty. Type a question.")
    if len(question) > max_chars:
        raise QuestionRefused(
            "question_too_long",
            f"The question has {len(question)} characters; {max_chars} are allowed. Shorten it.",
        )
    return question


def _is_control(char: str) -> bool:
    if char in _OVERRIDES:
        return True
    return unicodedata.category(char) in {"Cc", "Cs"} and char not in _ALLOWED_CONTROLS
