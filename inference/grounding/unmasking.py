"""Undoes the spellings behind which Markdown hides an address or a number, as text streams. Pure.

In a link's destination ``https&#58;&#47;&#47;`` and ``https\\:\\/\\/`` mean ``https://``, and a
page shows ``4111&nbsp;1111`` as two groups of digits: what compares addresses and looks for
personal data would see neither. Nobody needs these spellings: letters, digits and the characters
below mean nothing in Markdown.
"""

from __future__ import annotations

import re

_PLAIN = frozenset(":/.@- \u00a0")
_NAMED = {"colon": ":", "sol": "/", "period": ".", "commat": "@", "hyphen": "-", "nbsp": "\u00a0"}
_SPELLING = re.compile(
    rf"&(?:#(?P<decimal>[0-9]{{1,7}})|#[xX](?P<hex>[0-9A-Fa-f]{{1,6}})|(?P<name>{'|'.join(_NAMED)}));"
    r"|\\+(?=[:/])"
)
_BEGUN = re.compile(r"&#?[0-9A-Za-z]{0,7}\Z")
_LONGEST = 9
"""Characters of the longest reference without its semicolon."""


class Unmasking:
    """Rewrites one text. What ``feed`` and ``finish`` return, joined, is the same at every cut."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> str:
        """Take the next piece; return what is decided by now."""
        if not self._held and "&" not in text and "\\" not in text:
            return text
        text = self._held + text
        end = len(text.rstrip("\\"))
        if end == len(text) and (begun := _BEGUN.search(text, max(0, end - _LONGEST))):
            end = begun.start()
        self._held = text[end:]
        return _SPELLING.sub(_meant, text[:end])

    def finish(self) -> str:
        """The rest, once the text is whole."""
        held, self._held = self._held, ""
        return held


def _meant(found: re.Match[str]) -> str:
    if found["decimal"] or found["hex"]:
        code = int(found["decimal"]) if found["decimal"] else int(found["hex"], 16)
        character = chr(code) if code < 256 else ""
        plain = character.isascii() and character.isalnum()
        return character if plain or character in _PLAIN else found[0]
    return _NAMED[found["name"]] if found["name"] else ""
