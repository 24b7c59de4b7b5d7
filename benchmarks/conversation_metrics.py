"""Metric groups of ``make eval`` for what spans more than one question: follow-ups and the cache.

Without a language model: follow-ups are condensed by the rules, cached answers are extractive.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.cache_policies import PLAIN_THRESHOLD, Policy, cosine, guarded
from benchmarks.eval_groups import Row
from benchmarks.eval_rankings import OURS, PASSAGES, Opened
from benchmarks.eval_sets import Asked, read_records
from inference.answering.condense import by_rules
from inference.ports import CachedAnswer, ChatMessage
from inference.settings import VARIABLES

PARAPHRASES = Path(__file__).resolve().parents[1] / "corpus" / "paraphrases.jsonl"
THRESHOLD = float(next(v.default or 0 for v in VARIABLES if v.name == "CACHE_THRESHOLD"))
POLICIES: dict[str, Policy] = {
    f"cosine {PLAIN_THRESHOLD}": cosine(PLAIN_THRESHOLD),
    OURS: guarded(THRESHOLD, evidence=True),
}
Pair = tuple[str, str]
"""A question that is cached and one that is asked."""

_PUBLIC = frozenset({"public"})


def follow_ups(held: Opened) -> list[Row]:
    """Whether a follow-up finds its gold chunk, as it was asked and as the rules condense it; and
    of those that the rules are sure of, the share that find it."""
    if not held.set.follow_ups:
        return []
    condensed = {
        item.asked.id: by_rules(item.asked.text, [ChatMessage(role="user", content=item.earlier)])
        for item in held.set.follow_ups
    }
    found = {
        "as asked": {f.asked.id: _finds(held, f.asked, f.asked.text) for f in held.set.follow_ups},
        OURS: {
            f.asked.id: _finds(held, f.asked, condensed[f.asked.id].text)
            for f in held.set.follow_ups
        },
    }
    rows = [
        Row("follow-ups", system, f"recall@{PASSAGES}", values) for system, values in found.items()
    ]
    sure = {key: value for key, value in found[OURS].items() if condensed[key].sure}
    if sure:
        rows.append(Row("follow-ups", OURS, f"recall@{PASSAGES} where sure", sure))
    return rows


def cache(held: Opened) -> list[Row]:
    """Of an answered question's paraphrases, the share served its answer (hits); of its near
    misses, which want another one, the share not served it. ``make bench-cache`` has more."""
    if held.set.by_document:
        return []
    rows = []
    for metric, wanted, found in (
        ("hit (paraphrase served)", True, _paraphrases(held)),
        ("no false hit (near miss not served)", False, _near_misses(held)),
    ):
        for system, policy in POLICIES.items():
            values = {
                key: float(_serves(held, policy, cached, new) == wanted)
                for key, (cached, new) in found.items()
            }
            if values:
                rows.append(Row("cache", system, metric, values))
    return rows


def _finds(held: Opened, asked: Asked, text: str) -> float:
    """Whether a gold chunk is among the passages that a turn would be given."""
    numbers = {held.store.chunk(number).id: number for number in asked.grades}
    passages = held.passages(text, asked.groups)
    return float(any(passage.chunk_id in numbers for passage in passages))


def _paraphrases(held: Opened) -> dict[str, Pair]:
    by_id = {record["id"]: record for record in held.set.records}
    return {
        record["id"]: (by_id[record["of"]]["question"], record["question"])
        for record in read_records(PARAPHRASES)
        if record["of"] in by_id
    }


def _near_misses(held: Opened) -> dict[str, Pair]:
    by_id = {record["id"]: record for record in held.set.records}
    return {
        record["id"]: (by_id[record["of"]]["question"], record["question"])
        for record in held.set.records
        if record["kind"] == "near_miss" and record.get("of") in by_id
    }


def _serves(held: Opened, policy: Policy, cached: str, new: str) -> bool:
    one, other = held.embedder.embed([cached, new])
    score = float(one @ other)
    if score < min(THRESHOLD, PLAIN_THRESHOLD):
        return False
    text, passages = held.answered(cached, _PUBLIC)
    candidate = CachedAnswer(question=cached, text=text, passages=passages, score=score)
    return policy(new, [candidate], held.passages(new, _PUBLIC)) is not None
