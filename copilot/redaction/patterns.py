"""What counts as personal data: one detector a kind. Pure.

A detector looks at a text from one position. What it decides depends only on the character before,
on the *run* that starts there (characters that could belong to such a number) and on the one
character behind the run: so a stream has to hold back a text only while a run touches its end.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

from copilot.redaction.checks import IBAN_LENGTHS, is_card_number, is_iban, is_nanp, is_ssn


class Detector(Struct, frozen=True, kw_only=True):
    """One kind of personal data.

    ``run`` matches everything that a match starting there could consist of, prefixes included,
    and is bounded in length. ``find(text, start, run_end)`` returns the end of the match that
    starts at ``start``, or -1; ``run_end`` is where the run ends. A word of letters alone before a
    blank must match nothing: it is not even looked at.
    """

    kind: str
    shown: str
    run: re.Pattern[str]
    find: Callable[[str, int, int], int]


_EMAIL_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+'-]{0,63}(?:@[A-Za-z0-9.-]{0,255})?")
_EMAIL = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._%+'-]{0,63}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+"
    r"[A-Za-z]{2,24}(?![A-Za-z0-9])"
)
_CARD_RUN = re.compile(r"[0-9](?:[ \u00a0-]?[0-9]){0,18}[ \u00a0-]?")
_IBAN_RUN = re.compile(
    r"[A-Za-z](?:[A-Za-z](?:[0-9](?:[0-9](?:[ \u00a0]?[A-Za-z0-9]){0,30}[ \u00a0]?)?)?)?"
)
_SSN_RUN = re.compile(r"[0-9]{1,3}(?:-(?:[0-9]{1,2}(?:-[0-9]{0,4})?)?)?")
_SSN = re.compile(r"([0-9]{3})-([0-9]{2})-([0-9]{4})(?![0-9])")
_PHONE_RUN = re.compile(r"[+(0-9][0-9 \u00a0./()-]{0,44}")
_INTERNATIONAL = re.compile(r"\+[1-9](?:[ \u00a0./()-]{0,2}[0-9]){8,14}(?![0-9])")
_NANP = re.compile(
    r"(?:1[ .-])?(?:\(([0-9]{3})\) ?|([0-9]{3})[.-])([0-9]{3})[.-]([0-9]{4})(?![0-9])"
)


def _email(text: str, start: int, run_end: int) -> int:
    match = _EMAIL.match(text, start, run_end)
    if match is None or (match.end() == run_end and text[run_end : run_end + 1].isalnum()):
        return -1
    return match.end()


def _card(text: str, start: int, run_end: int) -> int:
    if text[max(0, start - 1) : start] in (".", ",") and text[max(0, start - 2)].isdigit():
        return -1  # The decimals of a figure.
    digits, best = "", -1
    for place in range(start, run_end):
        if not text[place].isdigit():
            continue
        digits += text[place]
        if not text[place + 1 : place + 2].isdigit() and is_card_number(digits):
            best = place + 1
    return best


def _iban(text: str, start: int, run_end: int) -> int:
    length = IBAN_LENGTHS.get(text[start : start + 2].upper())
    compact = ""
    for place in range(start, run_end):
        compact += text[place] if text[place] not in " \u00a0" else ""
        if len(compact) == length:
            goes_on = text[place + 1 : place + 2].isalnum()
            return place + 1 if not goes_on and is_iban(compact.upper()) else -1
    return -1


def _ssn(text: str, start: int, run_end: int) -> int:
    match = _SSN.match(text, start)
    return match.end() if match and is_ssn(match[1], match[2], match[3]) else -1


def _phone(text: str, start: int, run_end: int) -> int:
    if match := _INTERNATIONAL.match(text, start):
        return match.end()
    match = _NANP.match(text, start)
    if match and is_nanp((match[1] or match[2]) + match[3] + match[4]):
        return match.end()
    return -1


DETECTORS = (
    Detector(kind="email", shown="‹e-mail address›", run=_EMAIL_RUN, find=_email),
    Detector(kind="iban", shown="‹bank account›", run=_IBAN_RUN, find=_iban),
    Detector(kind="card", shown="‹card number›", run=_CARD_RUN, find=_card),
    Detector(kind="ssn", shown="‹social security number›", run=_SSN_RUN, find=_ssn),
    Detector(kind="phone", shown="‹phone number›", run=_PHONE_RUN, find=_phone),
)
"""All detectors; where two match at one place the first wins.

What is shown instead cannot become Markdown: no brackets, whatever follows.
"""

KINDS = tuple(detector.kind for detector in DETECTORS)
