"""Markdown with optional YAML front matter. Inline markup is dropped, tables and lists are kept."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from markdown_it import MarkdownIt
from markdown_it.token import Token

from embed.document import Extract, TextBuilder
from embed.loaders.front_matter import groups_of, metadata_of, split_front_matter, text_field


def load_markdown(text: str) -> Extract:
    """Extract a Markdown document.

    Raises:
        BadFrontMatter: the front matter cannot be read.
    """
    fields, body = split_front_matter(text)
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(body)
    builder = TextBuilder()
    _walk(tokens, builder)
    extracted, blocks = builder.finish()
    return Extract(
        text=extracted,
        blocks=blocks,
        title=text_field(fields, "title") or builder.first_heading,
        url=text_field(fields, "url"),
        groups=groups_of(fields),
        metadata=metadata_of(fields),
    )


def _walk(tokens: Sequence[Token], builder: TextBuilder) -> None:
    lists: list[int | None] = []
    marker: str | None = None
    rows: list[list[str]] = []
    for token, following in zip_longest(tokens, tokens[1:]):
        match token.type:
            case "bullet_list_open":
                lists.append(None)
            case "ordered_list_open":
                lists.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                lists.pop()
            case "list_item_open":
                number = lists[-1]
                marker = "-" if number is None else f"{number}."
                lists[-1] = None if number is None else number + 1
            case "heading_open" if following is not None:
                builder.heading(int(token.tag[1]), _plain(following))
            case "paragraph_open" if following is not None:
                if marker is not None:
                    builder.item(_plain(following), marker, len(lists) - 1)
                    marker = None
                else:
                    builder.paragraph(_plain(following))
            case "fence" | "code_block":
                builder.code(token.content)
            case "table_open":
                rows = []
            case "tr_open":
                rows.append([])
            case "th_open" | "td_open" if following is not None:
                rows[-1].append(_plain(following))
            case "table_close":
                builder.table(rows, has_header=True)
            case _:
                pass


def _plain(token: Token) -> str:
    """The text of an inline token without its markup; HTML tags and image addresses are dropped."""
    parts: list[str] = []
    for child in token.children or []:
        if child.type in ("text", "code_inline", "image"):
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            parts.append("\n")
    return "".join(parts)
