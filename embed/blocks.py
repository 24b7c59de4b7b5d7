"""How much of a corpus a build holds at a time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Blocks:
    """Larger ones cost memory and save little; the bundle is the same whatever they are.

    ``chunks`` are compared with those of the old bundle at a time; ``postings`` (a term in a chunk)
    are collected before they are sorted; ``vectors`` are coded.
    """

    chunks: int = 1024
    postings: int = 2**17
    vectors: int = 1024


BLOCKS = Blocks()
