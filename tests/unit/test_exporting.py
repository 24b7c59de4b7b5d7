"""What documents say of themselves stays text in an exported conversation."""

from __future__ import annotations

import re

import pytest

from http_api.conversations import exporting
from http_api.models.conversations import Turn
from http_api.wire_types import Source

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "![spy](https://evil.example/p.png)",
    "[run](javascript:alert(1))",
    "<script>alert(1)</script>",
    "`code` | cell | ~~gone~~",
    "a\n\n# Heading\n\n[^1-1]: another note",
    "\\![spy](https://evil.example/p.png)",
]


def exported(**changes: object) -> str:
    fields = {"id": "1", "title": "PPA", "snippet": "", "score": 1.0, "document": "a.md"}
    source = Source(**{**fields, "chunk_id": "c1", **changes})  # type: ignore[arg-type]
    turn = Turn(
        answer_id="a1",
        parent="root",
        question="How long?",
        asked_at=1,
        state="done",
        text="15 years.",
        sources=[source],
        end=None,
        feedback=None,
    )
    return exporting.markdown("How long?", [turn])


@pytest.mark.parametrize("said", HOSTILE)
@pytest.mark.parametrize("field", ["title", "section"])
def test_what_a_document_calls_itself_is_text(said: str, field: str) -> None:
    note = exported(**{field: said}).split("15 years.")[1].strip()
    assert "\n" not in note
    assert note.startswith("[^1-1]: ")
    bare = re.sub(r"\\[\\`*_\[\]<>!#|~]", "", note.removeprefix("[^1-1]: "))
    assert not re.search(r"[\\`*_\[\]<>!#|~]", bare)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://docs.example.com/ppa?a=1#p", True),
        ("javascript:alert(1)", False),
        ("https://x> <img src=x>", False),
        ("data:text/html,x", False),
    ],
)
def test_only_addresses_of_the_web_are_written_down(url: str, shown: bool) -> None:
    assert (f"<{url}>" in exported(url=url)) is shown
    assert ("<" in exported(url=url)) is shown
