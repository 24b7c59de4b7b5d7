"""Which ranked passages are shown: the cap per document, near-duplicates, order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from inference.ports import Passage
from inference.retrieval.selection import select


def passage(number: int, document: str, score: float, text: str = "") -> Passage:
    return Passage(
        chunk_id=f"c{number}",
        document=document,
        title=document,
        text=text or f"Fact {number}.",
        start=0,
        end=10,
        score=score,
    )


def ranking(*found: tuple[str, float]) -> list[Passage]:
    return [passage(n, document, score) for n, (document, score) in enumerate(found)]


def shown(found: list[Passage]) -> list[str]:
    return [f"{p.document}{p.chunk_id[1:]}" for p in found]


CROWD = ranking(
    ("a", 1.0), ("a", 0.99), ("a", 0.98), ("a", 0.97), ("b", 0.96), ("c", 0.95), ("a", 0.3)
)


def test_a_document_beyond_its_cap_makes_room_for_others_that_match() -> None:
    assert shown(select(CROWD, 4, per_document=2)) == ["a0", "a1", "b4", "c5"]


def test_without_a_cap_the_order_alone_decides() -> None:
    assert shown(select(CROWD, 4, per_document=0)) == ["a0", "a1", "a2", "a3"]


def test_the_only_document_that_matches_keeps_all_its_passages() -> None:
    alone = ranking(("a", 1.0), ("a", 0.9), ("a", 0.8), ("b", 0.2), ("c", 0.1))
    assert shown(select(alone, 3, per_document=1, matches=0.5)) == ["a0", "a1", "a2"]
    assert shown(select(alone[:3], 3, per_document=1)) == ["a0", "a1", "a2"]


def test_what_waited_comes_in_its_place_when_there_is_room() -> None:
    assert shown(select(CROWD, 6, per_document=2)) == ["a0", "a1", "a2", "a3", "b4", "c5"]


def test_near_duplicates_take_no_place() -> None:
    said = "The charge of every home in the valley is 9 dollars a month in each season."
    found = [
        passage(0, "a", 1.0, said),
        passage(1, "a", 0.9, said.upper()),
        passage(2, "a", 0.8, said.replace("9", "10")),
    ]
    assert shown(select(found, 3)) == ["a0", "a2"]


def test_no_more_is_read_than_is_needed() -> None:
    read: list[str] = []

    def lazily() -> Iterator[Passage]:
        for found in ranking(*((name, 1 - n / 100) for n, name in enumerate("abcdefgh"))):
            read.append(found.document)
            yield found

    assert len(select(lazily(), 3)) == 3
    assert len(read) <= 4


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.floats(0, 1)), max_size=25),
    st.integers(0, 8),
    st.integers(0, 3),
    st.floats(0, 1),
)
def test_the_best_is_always_shown_and_nothing_is_lost_while_there_is_room(
    found: list[tuple[str, float]], k: int, per_document: int, matches: float
) -> None:
    ranked = ranking(*sorted(found, key=lambda pair: -pair[1]))
    chosen = select(ranked, k, per_document=per_document, matches=matches)
    assert len(chosen) == min(k, len(ranked))
    assert [p.score for p in chosen] == sorted((p.score for p in chosen), reverse=True)
    assert len({p.chunk_id for p in chosen}) == len(chosen)
    if chosen:
        assert chosen[0].chunk_id == ranked[0].chunk_id
    if per_document and matches == 0:
        # Where every document matches, one goes beyond its cap only if the others had no more.
        over = Counter(p.document for p in chosen)
        if any(count > per_document for count in over.values()):
            left = [p for p in ranked if p not in chosen]
            assert all(over[p.document] >= per_document for p in left)
