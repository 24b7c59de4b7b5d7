"""The verdict: may the answer to a cached question be served to a new one?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from inference.cache.guards import agreement, entities, polarity, question_type, roles, sameness
from inference.cache.guards.facts import Fact, facts, mentioned_units
from inference.cache.guards.reading import Reading, normalise, read
from inference.ports import CachedAnswer, Passage

RIVAL_MARGIN = 0.11
"""Cosine within which other cached answers have a say (chosen on Banking77, as is the next)."""
OUTVOTED = 3
"""How many times as many must agree with an answer as stand against it."""


class Verdict(Struct, frozen=True, kw_only=True):
    """The answer to serve, or none; ``reason`` in words for the receipt, of which none are from
    somebody else's question. ``same_words``: it was given to this very question.
    """

    answer: CachedAnswer | None
    reason: str
    same_words: bool = False


def choose(
    question: str,
    candidates: Sequence[CachedAnswer],
    found: Sequence[Passage],
    *,
    least: float = 0.0,
    asker: str = "",
) -> Verdict:
    """Choose among ``candidates`` (nearest first) the one whose answer also answers ``question``.

    ``found`` are the passages that the question retrieves now, best first. Candidates below the
    cosine ``least`` are not served; they may show that a nearer one is not alone. ``asker`` is who
    asks, as in ``CachedAnswer.owner``: only their own questions are quoted in the reason.
    """
    if not candidates:
        return Verdict(answer=None, reason="no similar question was answered before")
    asked = normalise(question)
    for candidate in candidates:
        if normalise(candidate.question) == asked:
            reason = _quoting("asked before", candidate, asker)
            return Verdict(answer=candidate, reason=reason, same_words=True)
    refusals = []
    for candidate in candidates:
        if candidate.score < least:
            break
        refusal = (
            _seen_wrong(candidate)
            or _vetoed(question, candidate, asker)
            or _without_evidence(candidate, found)
        )
        if refusal is None and (rival := _rival(question, candidate, candidates)) is not None:
            other = repr(rival.question) if rival.owner == asker else "another question"
            refusal = f"as near as {other}, which is answered from elsewhere"
        if refusal is None:
            reason = _quoting("answered before", candidate, asker)
            return Verdict(answer=candidate, reason=reason)
        nearest = f" (nearest: {candidate.question})" if candidate.owner == asker else ""
        refusals.append(refusal + nearest)
    nothing = "no question that was answered before is near enough"
    return Verdict(answer=None, reason=refusals[0] if refusals else nothing)


def veto(question: str, cached: str) -> str | None:
    """Why the answer to ``cached`` must not be served to ``question``; ``None`` where nothing
    speaks against it. Looks at the words alone, not at how near the two are.
    """
    objection = _objection(question, cached)
    return None if objection is None else objection[1]


def _objection(question: str, cached: str) -> tuple[Guard, str] | None:
    """The first guard that refuses, and why."""
    one, other = read(question), read(cached)
    if one.words == other.words:
        return None
    found = ((guard, why) for guard in _GUARDS if (why := guard(one, other)) is not None)
    return next(found, None)


def _vetoed(question: str, candidate: CachedAnswer, asker: str) -> str | None:
    """Why not, to be told to ``asker``: the kind alone where the words are somebody else's."""
    objection = _objection(question, candidate.question)
    if objection is None:
        return None
    guard, why = objection
    return why if candidate.owner == asker else _KINDS[guard]


def _quoting(what: str, candidate: CachedAnswer, asker: str) -> str:
    return f"{what}: {candidate.question}" if candidate.owner == asker else what


def _numbers(one: Reading, other: Reading) -> str | None:
    mine, theirs = facts(one), facts(other)
    only_mine, only_theirs = mine - theirs, theirs - mine
    if not only_mine and not only_theirs:
        return None
    if not (only_mine and only_theirs) and _pinned_otherwise(one, other, only_mine | only_theirs):
        return None
    return f"another figure: {_listed(only_mine)} instead of {_listed(only_theirs)}"


def _pinned_otherwise(one: Reading, other: Reading, unmatched: frozenset[Fact]) -> bool:
    """Whether a year that one question gives is given by the other in words of time."""
    years = all(not fact.dimension and 1900 <= fact.value < 2100 for fact in unmatched)
    return years and all(reading.any_of(_VERSIONS) for reading in (one, other))


_VERSIONS = (
    "before",
    "after",
    "original",
    "amended",
    "initial",
    "since",
    "until",
    "once",
    "revised",
)


def _units(one: Reading, other: Reading) -> str | None:
    theirs = mentioned_units(other)
    for dimension, scales in mentioned_units(one).items():
        facing = theirs.get(dimension, set())
        if scales - facing and facing - scales:
            return f"another unit of {dimension.rstrip('23')}"
    return None


def _names(one: Reading, other: Reading) -> str | None:
    mine, theirs = entities.strangers(one, other)
    if not mine and not theirs:
        return None
    if mine and theirs:
        return f"another name: {' '.join(sorted(mine))} instead of {' '.join(sorted(theirs))}"
    if entities.share_a_name(one, other):
        return None
    return f"a name in one question only: {' '.join(sorted(mine or theirs))}"


def _negation(one: Reading, other: Reading) -> str | None:
    if polarity.negations(one) % 2 != polarity.negations(other) % 2:
        return "one question denies what the other asks"
    word = polarity.denied_word(one, other)
    return None if word is None else f"denied in one question only: {word}"


def _opposites(one: Reading, other: Reading) -> str | None:
    pair = polarity.opposites(one, other) or polarity.kinds(one, other)
    return None if pair is None else f"{pair[0]} instead of {pair[1]}"


def _kind_of_answer(one: Reading, other: Reading) -> str | None:
    if question_type.compatible(one, other):
        return None
    mine, theirs = question_type.wanted(one), question_type.wanted(other)
    return f"another kind of question: {mine} instead of {theirs}"


def _subject(one: Reading, other: Reading) -> str | None:
    if sameness.share_a_word(one, other, besides=entities.names(one) | entities.names(other)):
        return None
    return "nothing in common but a name"


def _order(one: Reading, other: Reading) -> str | None:
    return "the same words with exchanged roles" if roles.swapped(one, other) else None


def _wording(one: Reading, other: Reading) -> str | None:
    changed = sameness.changed_word(one, other)
    if changed is None:
        return None
    return f"the same sentence with {changed[0] or 'nothing'!r} for {changed[1] or 'nothing'!r}"


Guard = Callable[[Reading, Reading], str | None]

_SUBJECT_GUARDS: tuple[Guard, ...] = (_numbers, _units, _names, _opposites)
"""They tell what a question is about from what another is about."""
_GUARDS: tuple[Guard, ...] = (
    *_SUBJECT_GUARDS,
    _negation,
    _kind_of_answer,
    _order,
    _subject,
    _wording,
)

_KINDS: Mapping[Guard, str] = {
    _numbers: "another figure",
    _units: "another unit",
    _names: "another name",
    _opposites: "an opposite",
    _negation: "one question denies what the other asks",
    _kind_of_answer: "another kind of question",
    _order: "the same words with exchanged roles",
    _subject: "nothing in common but a name",
    _wording: "the same sentence but for a word",
}
"""What each guard says where the words of the other question must not be told."""


def _seen_wrong(candidate: CachedAnswer) -> str | None:
    """An entry's own threshold: it only ever rises, to where a shadow answer showed it wrong."""
    wrong_up_to = candidate.record.wrong_up_to
    if wrong_up_to is None or candidate.score > wrong_up_to:
        return None
    return f"a question as near as {wrong_up_to:.3f} was answered otherwise"


def _without_evidence(candidate: CachedAnswer, found: Sequence[Passage]) -> str | None:
    if agreement.is_found_again(candidate, found):
        return None
    return "its sources are not what this question finds"


def _rival(
    question: str, candidate: CachedAnswer, candidates: Sequence[CachedAnswer]
) -> CachedAnswer | None:
    """Another candidate about as near whose answer stands on other passages, if it is not outvoted
    and the words do not say that it is about something else.
    """
    near = [other for other in candidates if other.score >= candidate.score - RIVAL_MARGIN]
    against = [other for other in near if agreement.disagree(candidate, other)]
    agreeing = len(near) - len(against)
    rivals = [other for other in against if not _is_about_else(question, other.question)]
    return rivals[0] if rivals and len(rivals) * OUTVOTED >= agreeing else None


def _is_about_else(question: str, cached: str) -> bool:
    one, other = read(question), read(cached)
    return any(guard(one, other) is not None for guard in _SUBJECT_GUARDS)


def _listed(values: frozenset[Fact]) -> str:
    return ", ".join(value.written for value in sorted(values)) or "none"


def refusals(question: str, cached: str) -> Iterator[str]:
    """Every guard's refusal, for measuring."""
    one, other = read(question), read(cached)
    if one.words != other.words:
        yield from (why for guard in _GUARDS if (why := guard(one, other)) is not None)
