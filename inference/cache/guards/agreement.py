"""Evidence: an answer holds for a question if its sources are what the question finds."""

from __future__ import annotations

import re
from collections.abc import Sequence

from inference.ports import CachedAnswer, Passage

_MARK = re.compile(r"\[(\d{1,4})\]")


def cited_chunks(text: str, passages: Sequence[Passage]) -> list[str]:
    """The chunk ids that the marks ``[n]`` of an answer point at, in order, each once."""
    numbers = [int(number) for number in _MARK.findall(text)]
    ids = [passages[n - 1].chunk_id for n in numbers if 1 <= n <= len(passages)]
    return list(dict.fromkeys(ids))


def is_found_again(answer: CachedAnswer, found: Sequence[Passage]) -> bool:
    """Whether a question that finds ``found`` (best first) would be answered from the same sources:
    at least half of the cited chunks are there, and one of its two best passages was known to the
    answer. Two, since which of two near equals comes first is chance.
    """
    cited = cited_chunks(answer.text, answer.passages)
    here = {passage.chunk_id for passage in found}
    known = {passage.chunk_id for passage in answer.passages}
    if not cited or not any(passage.chunk_id in known for passage in found[:2]):
        return False
    return 2 * sum(chunk in here for chunk in cited) >= len(cited)


def disagree(one: CachedAnswer, other: CachedAnswer) -> bool:
    """Whether two cached answers stand on different chunks altogether."""
    mine = set(cited_chunks(one.text, one.passages))
    theirs = set(cited_chunks(other.text, other.passages))
    return bool(mine and theirs) and not mine & theirs
