"""Redaction of a text that arrives in pieces: the same result at every split. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from copilot.redaction.patterns import DETECTORS, KINDS, Detector

_START = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]|[+(]|(?<!/)/(?=/|$)")
_PLAIN = re.compile(r"(?:[A-Za-z]+(?=\s)|[^A-Za-z0-9+(/])+")
"""Text in which no detector finds anything, nearly all of an answer, passed over in one step: words
of letters alone before a blank, and what no match starts with. Nothing here can be matched in two
ways. Possessive quantifiers would say so, but match wrongly in Python 3.11 before 3.11.5 (CPython
issue 106052), which Debian 12 has."""
_CONTEXT = 2
"""Characters before a position that a detector may look at."""


class Redactor:
    """Removes personal data from a stream of text.

    ``kinds`` are those to remove (``KINDS``: email, iban, card, ssn, phone). What ``feed`` and
    ``finish`` return, joined, equals ``redact`` of what was fed, joined. Text is held back only
    while it could still grow into a match: at most about 320 characters, mostly the last word.
    ``others`` are looked for first.
    """

    def __init__(self, kinds: Iterable[str] = KINDS, *, others: Sequence[Detector] = ()) -> None:
        self._detectors = (*others, *detectors_of(kinds))
        self._text = ""
        self._from = 0
        self.removed: dict[str, int] = {}
        """How many of each kind were removed so far."""

    def feed(self, text: str) -> str:
        """Take the next piece; return what is decided by now."""
        self._text += text
        return self._scan(final=False)

    def finish(self) -> str:
        """The rest, once the text is whole."""
        return self._scan(final=True)

    def _scan(self, *, final: bool) -> str:
        if not self._detectors:
            fed, self._text = self._text, ""
            return fed
        text, place = self._text, self._from
        out: list[str] = []
        while True:
            if plain := _PLAIN.match(text, place):
                out.append(plain[0])
                place = plain.end()
            match = _START.search(text, place)
            start = match.start() if match else len(text)
            out.append(text[place:start])
            place = start
            if match is None or (not final and self._could_grow(start)):
                break
            end, shown = self._found(start)
            out.append(shown if shown else text[start:end])
            place = end
        keep = max(0, place - _CONTEXT)
        self._text, self._from = text[keep:], place - keep
        return "".join(out)

    def _could_grow(self, start: int) -> bool:
        for detector in self._detectors:
            run = detector.run.match(self._text, start)
            if run is not None and run.end() == len(self._text):
                return True
        return False

    def _found(self, start: int) -> tuple[int, str]:
        for detector in self._detectors:
            run = detector.run.match(self._text, start)
            end = detector.find(self._text, start, run.end()) if run else -1
            if end > start:
                self.removed[detector.kind] = self.removed.get(detector.kind, 0) + 1
                return end, detector.shown
        return start + 1, ""


def redact(text: str, kinds: Iterable[str] = KINDS) -> str:
    """The text without personal data of these kinds.

    Raises:
        ValueError: an unknown kind.
    """
    redactor = Redactor(kinds)
    return redactor.feed(text) + redactor.finish()


def is_redacted(text: str) -> bool:
    """Whether personal data was removed from this text."""
    return any(detector.shown in text for detector in DETECTORS)


def detectors_of(kinds: Iterable[str]) -> tuple[Detector, ...]:
    """The detectors of these kinds, in their order of precedence.

    Raises:
        ValueError: an unknown kind.
    """
    wanted = frozenset(kinds)
    if unknown := wanted - frozenset(KINDS):
        raise ValueError(
            f"Unknown kinds of personal data: {', '.join(sorted(unknown))}. "
            f"Known are {', '.join(KINDS)}."
        )
    return tuple(detector for detector in DETECTORS if detector.kind in wanted)
