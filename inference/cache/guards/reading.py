"""A question read once: its words as written, in plain form and as stems."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache

from msgspec import Struct

from inference.cache.guards.word_lists import words

_CONTRACTIONS = (
    (re.compile(r"\b(ca)n't\b"), r"can not"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"\bshan't\b"), "shall not"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"\bcannot\b"), "can not"),
    (re.compile(r"\b(what|where|when|who|how|that|there|it|here)'s\b"), r"\1 is"),
    (re.compile(r"'re\b"), " are"),
    (re.compile(r"'ve\b"), " have"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"\bi'm\b"), "i am"),
)
_WORD = re.compile(
    r"[$€£]|%|[<>]|(?<!\w)[-\u2212](?=[$€£]?\d)|\d{1,2}:\d{2}|\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)*(?:st|nd|rd|th)\b"
    r"|\d+(?:[.]\d+)*(?![^\W\d_])|[^\W_]+"
)
_LETTER = re.compile("[A-HJ-Z]")
"""A thing that is called by a letter ("plant A"), which is no article."""
_CODE = re.compile(r"\b([A-Za-z]{1,4})-(\d+[A-Za-z]?)\b")
_POLITE = re.compile(
    r"^(?:(?:hi|hello|hey|please|kindly|so|well|ok|okay)\b[ ,]*|(?:can|could|would|will) you "
    r"(?:please )?(?:tell me|explain|say)\b[ ,:]*|(?:please )?tell me\b[ ,:]*|"
    r"(?:do|would) you know\b[ ,]*|i (?:would like|want|need) to know\b[ ,:]*)+"
)
_UNSURE = re.compile(
    r"[ ,]*\b(?:and |but )?i (?:do not|can not) (?:know|figure out|understand|see) "
    r"(?=why|how|what|where|when|if|whether)"
)
_PLEASE = re.compile(r"[ ,]*\b(?:please|thanks|thank you)\b")
_BRITISH = re.compile(r"(\w{3,}[iy])s(e|ed|es|er|ers|ing|ation|ations)$")
"""Spelled with -ize or -yze elsewhere; that "advise" changes too is harmless in a stem."""
_JOINED = re.compile(
    r"\b(off|on|non|un|pre|post|anti|de|sub|over|under)[-\u2010\u2011](?=[a-z]{3})"
    r"|\b(off|on) (?=peak\b)",
    re.IGNORECASE,
)
"""Prefixes that turn a word's sense belong to the word, however it is written."""
_SIGNS = {
    "$": "usd",
    "€": "eur",
    "£": "gbp",
    "%": "percent",
    "<": "below",
    ">": "above",
    "-": "minus",
    "\u2212": "minus",
}

FUNCTION_WORDS: frozenset[str] = words(
    """
a an the this that these those some any all each every such own same it its they them their
there here i me my mine we us our you your he she his her one ones am is are was were be been
being do does did done have has had having can could may might must shall should will would
ought get gets got getting what which who whom whose when where why how much many and or but so
if then as than because while whether though although of in on at to from by for with about into
onto upon per via within through during under over between among against toward towards out off
up down again further also just only even very really exactly precisely actually still please
now ever yet too s t d ll m re ve etc eg ie
"""
)
"""Words that build a sentence and name nothing."""


class Reading(Struct, frozen=True):
    """``words`` in lower case, ``surfaces`` as written, ``stems`` (Snowball); all aligned."""

    words: tuple[str, ...]
    surfaces: tuple[str, ...]
    stems: tuple[str, ...]

    @property
    def content(self) -> tuple[str, ...]:
        """The stems that name something, in order."""
        return tuple(
            stem
            for word, stem in zip(self.words, self.stems, strict=True)
            if word not in FUNCTION_WORDS
        )

    def holds(self, phrase: str) -> bool:
        """Whether the stems of ``phrase`` occur side by side."""
        wanted = _phrase(phrase)
        if len(wanted) == 1:
            return wanted[0] in self.stems
        size = len(wanted)
        return any(self.stems[i : i + size] == wanted for i in range(len(self.stems) - size + 1))

    def any_of(self, phrases: Iterable[str]) -> bool:
        """Whether one of ``phrases`` occurs."""
        return any(self.holds(phrase) for phrase in phrases)


@lru_cache(maxsize=4096)
def read(text: str) -> Reading:
    """Split a question into words; contractions, politeness and punctuation are undone."""
    plain = unicodedata.normalize("NFKC", text).replace("\u2019", "'").strip()
    plain = _JOINED.sub(lambda found: found[1] or found[2], _CODE.sub(r"\1\2", plain))
    surfaces = tuple(_SIGNS.get(w, w) for w in _WORD.findall(_strip(plain)))
    is_shouted = plain.isupper()
    words = tuple(
        word if not is_shouted and _is_named_by_letter(surfaces, i) else _plain(word)
        for i, word in enumerate(surfaces)
    )
    return Reading(words=words, surfaces=surfaces, stems=tuple(stem(w) for w in words))


def normalise(text: str) -> str:
    """The form in which two questions are one and the same."""
    return " ".join(read(text).words)


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """The Snowball stem of a lower-case word; what is no plain word stays."""
    if not word.isascii() or not word.isalpha():
        return word
    return str(_stemmer().stemWord(_BRITISH.sub(r"\1z\2", word)))


@cache
def _stemmer():  # type: ignore[no-untyped-def]
    import Stemmer

    return Stemmer.Stemmer("english")


@cache
def _phrase(phrase: str) -> tuple[str, ...]:
    return tuple(stem(word) for word in phrase.split())


def _is_named_by_letter(surfaces: tuple[str, ...], place: int) -> bool:
    """Not the first word, and no unit: after a figure "A" is an ampere."""
    if not place or not _LETTER.fullmatch(surfaces[place]):
        return False
    return not surfaces[place - 1][0].isdigit()


def _plain(word: str) -> str:
    return word.replace(",", "").casefold()


def _strip(text: str) -> str:
    for pattern, replacement in _CONTRACTIONS:
        text = re.sub(pattern.pattern, replacement, text, flags=re.IGNORECASE)
    text = re.sub(r"'s\b", " ", text)
    text = re.sub(_UNSURE.pattern, " ", text, flags=re.IGNORECASE)
    polite = re.sub(_POLITE.pattern, "", text, count=1, flags=re.IGNORECASE) or text
    return re.sub(_PLEASE.pattern, " ", polite, flags=re.IGNORECASE).strip(" ,") or text
