"""YAML front matter and other self-descriptions of a document, as metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from copilot.index_bundle.texts import Metadata

_OWN_FIELDS = {"title", "url", "groups"}


class BadFrontMatter(ValueError):
    """The block between the ``---`` lines is not a YAML mapping."""


def split_front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Return the front matter (empty if there is none) and the body.

    Raises:
        BadFrontMatter: the block is there but is not a mapping.
    """
    lines = text.splitlines(keepends=True)
    if not lines or lines[0].rstrip() != "---":
        return {}, text
    ends = (n for n, line in enumerate(lines) if n and line.rstrip() in ("---", "..."))
    number = next(ends, None)
    if number is None:
        # A document may simply begin with a rule.
        return {}, text
    try:
        loaded = yaml.safe_load("".join(lines[1:number]))
    except yaml.YAMLError as error:
        raise BadFrontMatter(
            f"the front matter is not valid YAML: {' '.join(str(error).split())}"
        ) from error
    if loaded is None:
        loaded = {}
    if not isinstance(loaded, dict):
        raise BadFrontMatter("the front matter is not a list of `name: value` lines")
    return {str(k): v for k, v in loaded.items()}, "".join(lines[number + 1 :])


def groups_of(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the groups a document names: a list, or names separated by commas."""
    value = fields.get("groups")
    if value is None:
        return ()
    names = value if isinstance(value, list) else str(value).split(",")
    return tuple(sorted({str(n).strip() for n in names if str(n).strip()}))


def text_field(fields: Mapping[str, Any], name: str) -> str | None:
    """Return a field as stripped text, or ``None`` where it is missing or empty."""
    value = fields.get(name)
    return (str(value).strip() or None) if value is not None else None


def metadata_of(fields: Mapping[str, Any]) -> Metadata:
    """Return what filters may ask for: every scalar and flat list; a date adds its ``year``."""
    metadata: Metadata = {}
    for name, value in fields.items():
        if name in _OWN_FIELDS or value is None or isinstance(value, dict):
            continue
        if isinstance(value, list):
            metadata[name] = [str(v) for v in value if not isinstance(v, list | dict)]
        else:
            metadata[name] = str(value)
    date = metadata.get("date")
    if isinstance(date, str) and date[:4].isdigit():
        metadata["year"] = date[:4]
    return dict(sorted(metadata.items()))
