"""How the lists of words are written down: a set of words, or rows of a table."""

from __future__ import annotations

_CONTINUES = "\n    "


def words(text: str) -> frozenset[str]:
    """The words of ``text``."""
    return frozenset(text.split())


def in_order(text: str) -> list[str]:
    """The words of ``text`` as they stand."""
    return text.split()


def rows(table: str) -> list[list[str]]:
    """Rows of cells by ``|``; an indented line goes on with the row above."""
    lines = table.strip().replace(_CONTINUES, " ").splitlines()
    return [[cell.strip() for cell in line.split("|")] for line in lines]


def phrases(cell: str) -> tuple[str, ...]:
    """The phrases of a cell, by comma."""
    return tuple(phrase.strip() for phrase in cell.split(","))
