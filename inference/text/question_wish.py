"""What kind of thing a question wants, and whether a sentence offers one. English. Pure."""

from __future__ import annotations

import re

from inference.text.figures import figures_of
from inference.text.sentences import content_words, stem, words

_ASKS_PERSON = re.compile(
    r"\b(?:who|whom|whose|(?:what|which) (?:person|company|party|organi[sz]ation|utility|operator|"
    r"supplier|seller|buyer|manufacturer|contractor|agency))\b",
    re.IGNORECASE,
)
_ASKS_TIME = re.compile(
    r"\b(?:when|until when|(?:what|which) (?:year|date|century|decade|month|months|day|days|hours|"
    r"time))\b",
    re.IGNORECASE,
)
_ASKS_FIGURE = re.compile(
    r"\bhow (?!do\b|does\b|did\b|is\b|are\b|was\b|were\b|can\b|could\b|should\b|to\b|come\b|will\b|"
    r"would\b|has\b|have\b|may\b|must\b)\w+"
    r"|\b(?:what|which) (?:\w+ )?(?:percent|percentage|number|amount|share|price|rate|proportion|"
    r"fraction|age|size|temperature|fee|capacity|limit|term|penalty|charge|voltage|efficiency|"
    r"volume|strike|cost|deadline|distance|factor)\b"
    r"|\bwhat (?:does|do|did) .*\b(?:pay|owe|cost|charge|earn)\b",
    re.IGNORECASE,
)
_MONEY = frozenset({"usd", "eur", "gbp", "jpy", "chf"})
_KINDS: tuple[tuple[re.Pattern[str], frozenset[str]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), kinds)
    for pattern, kinds in (
        (r"\bhow much (?:\w+ )?(?:electricity|energy)\b",
         frozenset({"electric energy", "heat", "btu"})),
        (r"\b(?:price|costs?|fee|pays?|paid|owes?|charge|expensive|cheap|tariff)\b", _MONEY),
        (r"\bhow (?:long|soon|late|quickly|old|many days|many hours|many years|many months)\b",
         frozenset({"time", "days", "months"})),
        (r"\bhow (?:far|tall|deep|wide|high)\b", frozenset({"length", "mile", "foot"})),
        (r"\b(?:efficien\w+|percent|percentage|share|proportion|capacity factor|losses)\b",
         frozenset({"share"})),
        (r"\b(?:capacity|power rating|how large|how big)\b",
         frozenset({"power", "electric energy", "apparent power"})),
    )
)  # fmt: skip
"""What kind of figure a question wants, by its words; the first that fits."""

_ASKS_NAME = re.compile(
    r"\b(?:term|name|named|called|known|synonym|word|titled?|stands? for|mean)\b", re.IGNORECASE
)
_NAMES = re.compile(
    r"\b(?:called|known as|named|terms?|termed|refer(?:red|s)? to as|titled|meaning|means|"
    r"defined)\b|[\"“(]",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\b(?:1[5-9]|20|21)\d\d\b|\b\d{1,2}:\d\d\b|\bcentury\b|\b\d0s\b|\b(?:January|February|March|April|"
    r"May|June|July|August|September|October|November|December)\b"
)
_NUMBER = re.compile(r"\d[\d,.]*\d|\d")
_NUMBER_WORD = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|hundred|thousand|million|"
    r"half|twice|century|percent)\b|\d",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"\bhow many\s+([\w-]+(?:\s+[\w-]+){0,2})", re.IGNORECASE)
_COUNT = re.compile(
    r"\d[\d,.]*|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundreds?|"
    r"thousands?|million|billion"
)
_YEAR = re.compile(r"\b(?:1[5-9]|20|21)\d\d\b")
_NEAR = 3
"""How many words after its number the counted thing stands: "330 full equivalent cycles"."""

_NUMBERING = re.compile(r"^(?:[-*+>#(]*\d+(?:\.\d+)*[.)]?\s+|[-*+>#]+\s+)+(?=\S)")
_PROPER = re.compile(r"(?<=[a-z,;(] )[A-Z][\w-]+")


class Wish:
    """What one question wants. Every method returns how far a sentence offers it, 0..1."""

    def __init__(self, question: str) -> None:
        self._said = question.lower()
        self._person = bool(_ASKS_PERSON.search(question))
        self._time = bool(_ASKS_TIME.search(question))
        self._figure = bool(_ASKS_FIGURE.search(question))
        self._kinds = next((kinds for asks, kinds in _KINDS if asks.search(question)), None)
        self._name = bool(_ASKS_NAME.search(question))
        counted = _COUNTED.search(question)
        self._counted = next(iter(content_words(counted[1])), None) if counted else None
        self._years = set(_YEAR.findall(question))

    def person(self, text: str) -> float:
        """A name, where the question asks who."""
        return float(self._person and self._has_new(_PROPER, f" a {_NUMBERING.sub('', text)}"))

    def figure(self, text: str) -> float:
        """A date where the question asks when; a figure, best of the fitting kind, where it asks
        how much."""
        # The number of a clause is no figure.
        said = _NUMBERING.sub("", text)
        if self._time:
            return float(self._has_new(_TIME, said))
        if not self._figure:
            return 0.0
        if self._has_new(_NUMBER, said):
            fits = self._kinds is None or self._kinds & {f.dimension for f in figures_of(said)}
            return 1.0 if fits else 0.5
        return 0.5 * bool(_NUMBER_WORD.search(said))

    def naming(self, text: str) -> float:
        """Words that name or define, where the question asks for a name."""
        return float(self._name and bool(_NAMES.search(text)))

    def count(self, text: str) -> float:
        """A number of the things that the question wants counted."""
        if self._counted is None:
            return 0.0
        said = words(_NUMBERING.sub("", text))
        return float(
            any(
                _COUNT.fullmatch(word) and self._counted in map(stem, said[at + 1 : at + 1 + _NEAR])
                for at, word in enumerate(said)
            )
        )

    def other_year(self, text: str) -> float:
        """Years, but none of those that the question names: this speaks against a sentence."""
        said = set(_YEAR.findall(text))
        return float(bool(self._years and said) and self._years.isdisjoint(said))

    def _has_new(self, pattern: re.Pattern[str], text: str) -> bool:
        """Whether ``text`` holds such a thing that the question does not name itself."""
        return any(match[0].lower() not in self._said for match in pattern.finditer(text))
