"""How new documents are, and whether a question asks for the newest. Pure.

A document gains by its date only where the question says so ("the latest tariff") or the settings
do; a question that names a year never asks for the newest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Scores = NDArray[np.float32]

ASKED_WEIGHT = 0.2
"""What the newest document gains over an old one where the newest is asked for; scores are 0..1."""

HALF_LIFE_DAYS = 365.0
"""A document of this age beside the newest has half of its gain: most figures hold for a year."""

# "Current" alone is what flows through a wire.
_OF_THE_DAY = (
    r"rates?|tariffs?|prices?|charges?|fees?|costs?|versions?|editions?|rules?|terms?|contracts?|"
    r"agreements?|amendments?|plans?|reports?|budgets?|figures?|polic(?:y|ies)|guides?|status|"
    r"rider|schedule|forecasts?|year"
)
_NEWEST = re.compile(
    rf"\b(?:latest|newest|most\s+recent(?:ly)?|currently|nowadays|today|up[-\s]to[-\s]date|"
    rf"right\s+now|at\s+present|at\s+the\s+moment|now\s+in\s+force|in\s+force\s+now|"
    rf"current\s+(?:[\w-]+\s+){{0,3}}?(?:{_OF_THE_DAY}))\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_DATE = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")


def asks_for_newest(question: str) -> bool:
    """Whether ``question`` wants what holds now, not at some time that it names."""
    return bool(_NEWEST.search(question)) and not _YEAR.search(question)


def newness(dates: Sequence[str | None], *, half_life_days: float = HALF_LIFE_DAYS) -> Scores:
    """Return how new each document is, 0..1: 1 for the newest, 0 for one without a date.

    ``dates`` begin with ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``. The value halves with every
    ``half_life_days`` between a document and the newest of them: time goes by the documents, not by
    the clock, so that an answer does not change while they do not.
    """
    import numpy as np

    days = [_day(text) for text in dates]
    newest = max((day for day in days if day is not None), default=0)
    return np.array(
        [0.0 if day is None else 0.5 ** ((newest - day) / half_life_days) for day in days],
        dtype=np.float32,
    )


def with_newness(scores: Scores, new: Scores, weight: float) -> Scores:
    """Return scores in 0..1 to which newness of ``weight`` was added."""
    import numpy as np

    return np.asarray((scores + weight * new) / (1.0 + weight), dtype=np.float32)


def _day(text: str | None) -> int | None:
    found = _DATE.match(text or "")
    if found is None:
        return None
    year, month, day = (int(part or 1) for part in found.groups())
    try:
        return date(year, month, day).toordinal()
    except ValueError:
        return None
