"""What the scripted model says in the browser tests; markers in the questions choose."""

from __future__ import annotations

import re

from tests.e2e.openai_server import Script, ScriptedModel

LAST_WORDS = "These are the last words."
USUAL = (
    "The documents say so in **plain words** [1]. What follows is long enough to be watched while "
    "it arrives, to be stopped in the middle, and to be resumed after a reload of the page. "
    "A second source agrees [2], and a list shows it:\n\n- first, the clause that decides [1];\n"
    f"- second, the figure it names [2].\n\n{LAST_WORDS}"
)
HOSTILE = (
    "Plain words come first [1].\n\n<script>window.taken = true</script>\n\n"
    '<img src="https://image.example/a.png" onerror="window.taken = true">\n\n'
    "![a picture](https://picture.example/pixel.png)\n\n"
    '<iframe src="https://frame.example/"></iframe><style>body { display: none }</style>\n\n'
    '<a href="javascript:window.taken = true" onclick="window.taken = true">a tag</a>\n\n'
    "[a script](javascript:window.taken=true) and [data](data:text/html,<b>x</b>) and "
    "[a file](file:///etc/passwd) and [outside](https://outside.example/page)\n\n"
    '<form action="https://form.example/"><input name="a"></form>\n\n'
    f"<svg onload=window.taken=true></svg> [^1]: `unclosed **marks\n\n{LAST_WORDS}"
)
COLUMNS = 200
_CELLS = range(1, COLUMNS + 1)
WIDE_TABLE = (
    "The hours, one by one [1]:\n\n"
    + "".join(
        f"| {' | '.join(row)} |\n"
        for row in (
            [f"Hour {n}" for n in _CELLS],
            ["---"] * COLUMNS,
            *([f"{30 + n % 7}.{n % 10}" for n in _CELLS] for _ in range(3)),
        )
    )
    + f"\n{LAST_WORDS}"
)
_PARAGRAPH = (
    "The documents return to the point once more, with **other words**, a figure of 42 MW [1] "
    "and a mark of where it stands.\n\n"
)
_MANY = 100_000 // len(_PARAGRAPH)
LONG = f"The first words name their source [1].\n\n{_PARAGRAPH * _MANY}{LAST_WORDS}"
_QUOTED = "The contract price in the first Contract Year is $31.40 per MWh [1][2][3][4].\n\n" * 14

_MARKED = {
    "first year of the Harrow Ridge deal": (_QUOTED, 0.002),
    "Explain it slowly.": (USUAL, 0.08),
    "in hostile markup": (HOSTILE, 0.01),
    "as a wide table": (WIDE_TABLE, 0.002),
    "at great length": (LONG, 0.001),
}


def scripted_model() -> ScriptedModel:
    """A model that answers fast, or as a marker in the question asks for."""
    model = ScriptedModel(_script(USUAL, 0.01))
    for marker, (text, delay_s) in _MARKED.items():
        model.script_for(marker, _script(text, delay_s))
    return model


def _script(text: str, delay_s: float) -> Script:
    """Word by word, or a long text in pieces of a line's length."""
    piece = r"\S+\s*" if len(text) < 2_000 else r"[\s\S]{1,80}"
    return Script(tokens=re.findall(piece, text), delay_s=delay_s)
