"""Parts of the docs that are made from code, so that a test can hold them to it.

`python -m tests.infrastructure.tables` writes them (`make generate`): the parameters of
template.yaml into docs/deploy.md, the environment variables of the functions into README.md, the
diagram of the stack into docs/architecture.md.
"""

from __future__ import annotations

from collections.abc import Iterable

from copilot.configuration import Variable
from embed import settings as embed
from http_api import settings as http_api
from inference import settings as inference
from tests.infrastructure.diagram import mermaid
from tests.infrastructure.translate import ROOT, source
from websocket_handler import settings as websocket_handler

READ: dict[str, Iterable[Variable]] = {
    "WebSocketFunction": websocket_handler.VARIABLES,
    "AuthorizerFunction": websocket_handler.AUTHORIZER_VARIABLES,
    "HttpApiFunction": http_api.VARIABLES,
    "DeadLetterFunction": websocket_handler.DEAD_LETTER_VARIABLES,
    "InferenceFunction": inference.VARIABLES,
    "IngestionFunction": embed.VARIABLES,
}
"""Function of the template -> the variables that its code reads."""


def parameters() -> str:
    """The parameters of the stack as a Markdown table, in the order of the template."""
    rows = [
        (f"`{name}`", _value(str(declared["Default"])), declared["Description"])
        for name, declared in source()["Parameters"].items()
    ]
    return _table(("parameter", "default", "meaning"), rows)


def settings() -> str:
    """The environment variables as a Markdown table, with the functions that read them."""
    readers: dict[str, list[str]] = {}
    meaning: dict[str, Variable] = {}
    for function, variables in READ.items():
        for variable in variables:
            readers.setdefault(variable.name, []).append(function.removesuffix("Function"))
            meaning[variable.name] = variable
    rows = [
        (f"`{name}`", _default(v), f"{v.doc} ({v.unit})" if v.unit else v.doc, _who(readers[name]))
        for name, v in meaning.items()
    ]
    return _table(("variable", "default", "meaning", "read by"), rows)


def _default(variable: Variable) -> str:
    return "must be set" if variable.default is None else _value(variable.default)


def _who(functions: list[str]) -> str:
    return "all" if len(functions) == len(READ) else ", ".join(functions)


def _value(default: str) -> str:
    return f"`{default}`" if default else ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


PARTS = {
    "docs/deploy.md": ("<!-- parameters:", parameters),
    "README.md": ("<!-- settings:", settings),
    "docs/architecture.md": ("<!-- diagram:", mermaid),
}
"""Document -> the comment that its generated part stands under, and what makes it."""


def with_part(text: str, comment: str, part: str) -> str:
    """``text`` with the block under the line that begins with ``comment`` replaced."""
    line = text.index("\n", text.index(comment)) + 1
    end = text.find("\n\n", line)
    return text[:line] + part + (text[end + 1 :] if end >= 0 else "")


if __name__ == "__main__":
    for name, (comment, make) in PARTS.items():
        document = ROOT / name
        document.write_text(with_part(document.read_text(), comment, make()))
