"""Where a chunk cuts a clause, and how far its neighbour has to be read to end it. Pure.

Chunks end between sentences or rows where they can. They cannot where a sentence runs over a page,
where one sentence is longer than a chunk, or where a list hangs on the words before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from inference.text.sentences import Sentence, split

REACH = 300
"""Characters that a passage may take from one neighbour: a third of a chunk."""

_CLOSED = re.compile(r"[.!?][\"'”’)\]*_]*$")
_OPEN = re.compile(r"(?:[;,:]|\b(?:and|or|und|oder))$", re.IGNORECASE)
_LINE = re.compile(r"\n")


def is_cut(before: str, gap: str, after: str) -> bool:
    """Whether a clause runs from the chunk ``before`` into the chunk ``after``.

    ``gap`` is what stands between them in the document: anything but white space (a heading) ends
    every clause.
    """
    head, tail = before.rstrip(), after.lstrip()
    if gap.strip() or not head or not tail:
        return False
    if not _LINE.search(gap):
        return not _CLOSED.search(head)
    if _OPEN.search(head):
        return True
    # Of two blocks the second goes on with the first only if it begins in the middle of a sentence.
    return not _CLOSED.search(head) and tail[0].islower()


def rest(after: str, *, reach: int = REACH) -> int:
    """How many characters of ``after`` end the clause that it goes on with; 0 beyond ``reach``."""
    end = 0
    for sentence in split(after):
        if sentence.end > reach:
            break
        end = sentence.end
        if not _OPEN.search(sentence.text):
            break
    return end


def beginning(before: str, *, reach: int = REACH) -> int:
    """Where in ``before`` the clause begins that runs over its end; its length beyond ``reach``."""
    start = len(before)
    sentences: Sequence[Sentence] = split(before)
    for at in range(len(sentences) - 1, -1, -1):
        if len(before) - sentences[at].start > reach:
            break
        start = sentences[at].start
        if at == 0 or not _OPEN.search(sentences[at - 1].text):
            break
    return start
