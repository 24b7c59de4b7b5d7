"""Tables of the docs that are made from code, so that a test can hold them to it.

`python -m tests.infrastructure.tables parameters` prints the parameters of template.yaml for
docs/deploy.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from tests.infrastructure.translate import source


def parameters() -> str:
    """The parameters of the stack as a Markdown table, in the order of the template."""
    rows = [
        (f"`{name}`", _value(str(declared["Default"])), declared["Description"])
        for name, declared in source()["Parameters"].items()
    ]
    return _table(("parameter", "default", "meaning"), rows)


def _value(default: str) -> str:
    return f"`{default}`" if default else ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


TABLES = {"parameters": parameters}

if __name__ == "__main__":
    sys.stdout.write(TABLES[sys.argv[1]]())
