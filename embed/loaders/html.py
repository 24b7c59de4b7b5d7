"""HTML pages: the main content without site furniture; title and meta fields as metadata."""

from __future__ import annotations

from typing import Any

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString, PreformattedString

from embed.document import Extract, TextBuilder
from embed.loaders.front_matter import groups_of, metadata_of, text_field

_FURNITURE = [
    *("script", "style", "noscript", "template", "svg", "iframe", "dialog"),
    *("nav", "header", "footer", "aside", "form", "button"),
]
_MAIN = ["main", "article"]
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    {
        *("address", "article", "blockquote", "body", "center", "details", "div", "dd", "dl", "dt"),
        *("fieldset", "figcaption", "figure", "hgroup", "main", "p", "section", "summary"),
        *("tbody", "td", "th", "thead", "tr"),
    }
)
_LISTS = frozenset({"ul", "ol", "menu"})
_STRUCTURE = _BLOCKS | _LISTS | frozenset(_HEADINGS) | {"table", "pre", "li"}


def load_html(markup: str) -> Extract:
    """Extract a page. ``header`` inside ``main`` or ``article`` is kept: it holds the heading."""
    page = BeautifulSoup(markup, "html.parser")
    fields = _fields(page)
    main = page.find("main") or page.find("article") or page.body or page
    for tag in page(_FURNITURE):
        heading = tag.name == "header" and not tag.decomposed and tag.find_parent(_MAIN)
        if not tag.decomposed and not heading:
            tag.decompose()
    builder = TextBuilder()
    _walk(main, builder)
    extracted, blocks = builder.finish()
    return Extract(
        text=extracted,
        blocks=blocks,
        title=text_field(fields, "title") or builder.first_heading,
        url=text_field(fields, "url"),
        groups=groups_of(fields),
        metadata=metadata_of(fields),
    )


def _fields(page: BeautifulSoup) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if page.title and page.title.get_text(strip=True):
        fields["title"] = " ".join(page.title.get_text().split())
    for tag in page.find_all("meta"):
        name, content = tag.get("name") or tag.get("property"), tag.get("content")
        match name:
            case "date" | "article:published_time" | "dcterms.date":
                fields.setdefault("date", content)
            case "keywords":
                fields["tags"] = [k.strip() for k in str(content).split(",") if k.strip()]
            case "url" | "og:url":
                fields.setdefault("url", content)
            case "groups" | "author" | "description":
                fields[str(name)] = content
            case _:
                pass
    canonical = page.find("link", rel="canonical")
    if isinstance(canonical, Tag) and canonical.get("href"):
        fields["url"] = canonical["href"]
    return fields


def _walk(node: Tag, builder: TextBuilder, depth: int = 0) -> None:
    """Visit blocks in order; loose inline content between them becomes paragraphs."""
    loose: list[str] = []

    def flush() -> None:
        builder.paragraph("".join(loose))
        loose.clear()

    for child in node.children:
        if isinstance(child, NavigableString):
            # Comments, doctypes and CDATA are strings of a preformatted kind, not words.
            if not isinstance(child, PreformattedString):
                loose.append(str(child))
        elif isinstance(child, Tag) and _is_structural(child):
            flush()
            _structure(child, builder, depth)
        elif isinstance(child, Tag):
            loose.append("\n" if child.name == "br" else _inline(child))
    flush()


def _is_structural(tag: Tag) -> bool:
    return tag.name in _STRUCTURE or tag.find(list(_STRUCTURE)) is not None


def _structure(tag: Tag, builder: TextBuilder, depth: int) -> None:
    if tag.name in _HEADINGS:
        builder.heading(_HEADINGS[tag.name], _inline(tag))
    elif tag.name in _LISTS:
        _list(tag, builder, depth)
    elif tag.name == "table":
        _table(tag, builder)
    elif tag.name == "pre":
        builder.code(tag.get_text())
    else:
        _walk(tag, builder, depth)


def _list(tag: Tag, builder: TextBuilder, depth: int) -> None:
    for number, item in enumerate(tag.find_all("li", recursive=False), start=1):
        nested = [sub.extract() for sub in item.find_all(list(_LISTS), recursive=False)]
        builder.item(_inline(item), f"{number}." if tag.name == "ol" else "-", depth)
        for sub in nested:
            _list(sub, builder, depth + 1)


def _table(tag: Tag, builder: TextBuilder) -> None:
    caption = tag.find("caption")
    if isinstance(caption, Tag):
        builder.paragraph(_inline(caption))
    rows = [row for row in tag.find_all("tr") if row.find_parent("table") is tag]
    cells = [[_inline(c) for c in row.find_all(("th", "td"), recursive=False)] for row in rows]
    headed = bool(rows) and (rows[0].find_parent("thead") is not None or rows[0].find("td") is None)
    builder.table(cells, has_header=headed)


def _inline(tag: Tag) -> str:
    """Text of inline content. A sub- or superscript stays attached, a nested block is set apart."""
    parts: list[str] = []
    for piece in tag.descendants:
        if isinstance(piece, NavigableString) and not isinstance(piece, PreformattedString):
            parts.append(str(piece))
        elif isinstance(piece, Tag) and (piece.name == "br" or piece.name in _STRUCTURE):
            parts.append(" ")
    return " ".join("".join(parts).split())
