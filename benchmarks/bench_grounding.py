"""The checks of ``inference.grounding.support`` against claims that are known to be right or wrong.

Run as ``python -m benchmarks.bench_grounding``. Sentences: "question: answer" of the shipped
questions is a paraphrase of its span; it is right for a passage that holds the span and wrong for
the other passages that were found, and for the right passage with another question's answer.
Figures: every figure of the sample corpus, written otherwise (right) and changed (wrong).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from msgspec import Struct

from benchmarks.kept_vectors import KeptVectors
from benchmarks.question_sets import INDEX, Asked, shipped
from inference.grounding.support import Evidence, evidence_of, is_confirmed, is_supported
from inference.ports import Passage
from inference.retrieval.chunk_store import ChunkStore
from inference.text.figures import Figure, figures_of


class Claim(Struct, frozen=True):
    """A claim of one kind, whether it is right, and whether it was flagged."""

    kind: str
    right: bool
    flagged: bool


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vectors", type=Path, help="keep embeddings here (.npz)")
    parser.add_argument("--json", type=Path, help="write the rows here too")
    arguments = parser.parse_args()
    vectors = KeptVectors(arguments.vectors)
    asked = [item for item in shipped(vectors) if item.answers]
    vectors.save()
    claims = [*sentence_claims(asked), *figure_claims(_chunks())]
    print(f"  {'claims':<52}{'n':>7}{'flagged':>9}  should be")
    rows = []
    for kind in dict.fromkeys(claim.kind for claim in claims):
        of_kind = [claim for claim in claims if claim.kind == kind]
        share = sum(claim.flagged for claim in of_kind) / len(of_kind)
        should = "none" if of_kind[0].right else "all"
        print(f"  {kind:<52}{len(of_kind):>7}{share:9.1%}  {should}")
        row = {"claims": kind, "n": len(of_kind), "flagged": round(share, 4), "should be": should}
        rows.append(row)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")
    return 0


def sentence_claims(asked: Sequence[Asked]) -> Iterator[Claim]:
    """Right and wrong sentences, each against one passage."""
    for item, other in zip(asked, [*asked[1:], asked[0]], strict=True):
        answer = item.answers[0]
        claim = f"{item.text.rstrip('?')}: {answer}."
        swapped = f"{item.text.rstrip('?')}: {other.answers[0]}."
        for passage in item.passages:
            held = evidence_of([passage])
            if passage.document == item.gold and answer in passage.text:
                yield Claim("sentence, its own passage", True, not is_supported(claim, held))
                if figures_of(other.answers[0]) and other.answers[0] not in passage.text:
                    yield Claim(
                        "sentence, another question's figure",
                        False,
                        not is_supported(swapped, held),
                    )
            elif answer not in passage.text:
                yield Claim("sentence, another passage", False, not is_supported(claim, held))


def figure_claims(passages: Sequence[Passage]) -> Iterator[Claim]:
    """Every figure with a unit of every passage, rewritten and changed."""
    for passage in passages:
        held = evidence_of([passage])
        for figure in figures_of(passage.text):
            if figure.dimension not in ("", "date"):
                yield from _variants(figure, held)


def _variants(figure: Figure, held: Evidence) -> Iterator[Claim]:
    for kind, factor, right in (
        ("figure, in a unit a thousand times as large", Decimal(1), True),
        ("figure, ten times as much", Decimal(10), False),
        ("figure, one percent more", Decimal("1.01"), False),
        ("figure, a thousandth", Decimal("0.001"), False),
    ):
        written = figure.written * factor * (Decimal("0.001") if right else Decimal(1))
        value = figure.value * factor
        claimed = Figure(figure.start, figure.end, figure.dimension, value, written)
        yield Claim(kind, right, not is_confirmed(claimed, held))


def _chunks() -> list[Passage]:
    store = ChunkStore(INDEX)
    passages = []
    for number in range(len(store)):
        chunk = store.chunk(number)
        document = store.documents[chunk.document]
        passages.append(
            Passage(
                chunk_id=chunk.id,
                document=document.path,
                title=document.title,
                text=store.text(chunk),
                start=chunk.start,
                end=chunk.end,
                score=1.0,
                page=chunk.page,
                section=chunk.section,
            )
        )
    return passages


if __name__ == "__main__":
    sys.exit(main())
