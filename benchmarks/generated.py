"""Parts of the docs that are made from data: written by a command, compared by a test.

A part stands between ``<!-- ROOM: NAME (how to make it) -->`` and ``<!-- end of NAME -->``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Parts = Mapping[str, Callable[[], str]]
"""Name of a part, such as ``cost: month`` -> what makes it."""

_PART = re.compile(r"(<!-- (\w+): (\w+)[^>]*-->\n)(.*?)(<!-- end of \3 -->)", re.DOTALL)


def regenerated(page: str, parts: Parts) -> str:
    """``page`` with every part of ``parts`` made anew; others are left alone."""

    def made(found: re.Match[str]) -> str:
        name = f"{found[2]}: {found[3]}"
        return found[1] + parts[name]() + found[5] if name in parts else found[0]

    return _PART.sub(made, page)


def parts_of(page: str) -> list[str]:
    """The names of the parts of a page."""
    return [f"{found[2]}: {found[3]}" for found in _PART.finditer(page)]
