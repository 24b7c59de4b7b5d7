"""Links in an answer: only those that its sources hold may leave. Pure.

A source may tell the model to write a link or an image whose address carries what it has read to
somebody else's server; a page that shows the image has then sent it. So every address in an answer
is compared with the addresses in the passages, as it streams.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from copilot.redaction.patterns import Detector
from inference.ports import Passage

_IN_ADDRESS = r"[^\s<>\"'`()\[\]{}|\\^]"
_ADDRESS = re.compile(
    rf"(?:https?|ftp|wss?)\\*:(?:[/\\]{{2,}}{_IN_ADDRESS}*|[/\\]?{_IN_ADDRESS}+)|"
    rf"(?:www\.|//(?=[\w-]+\.\w)|(?:javascript|vbscript|data):){_IN_ADDRESS}+",
    re.IGNORECASE,
)
"""With what browsers take for an address too: ``https:x.org``, and backslashes for slashes."""
_RUN = re.compile(
    rf"(?:[A-Za-z]{{1,10}}\\{{0,8}}(?::[/\\]{{0,64}}|\.)|//?){_IN_ADDRESS}{{0,2000}}"
    r"|[A-Za-z]{1,10}\\{0,8}"
)
_PUNCTUATION = ".,;:!?*_~"


def unknown_links(passages: Sequence[Passage]) -> Detector:
    """A detector of addresses that occur in none of these passages, nor are their own."""
    known = frozenset(_addresses(passages))

    def find(text: str, start: int, run_end: int) -> int:
        match = _ADDRESS.match(text, start, run_end)
        if match is None:
            return -1
        address = match[0].rstrip(_PUNCTUATION)
        if any(own.endswith(address) for own in known):
            return -1
        return start + len(address)

    return Detector(kind="link", shown="‹link removed›", run=_RUN, find=find)


def _addresses(passages: Sequence[Passage]) -> Iterable[str]:
    for passage in passages:
        if passage.url:
            yield passage.url
        for match in _ADDRESS.finditer(passage.text):
            yield match[0].rstrip(_PUNCTUATION)
