"""Text that UTF-8 can carry. Pure."""

from __future__ import annotations


def well_formed(text: str) -> str:
    """Replace lone surrogates (JSON allows them, UTF-8 does not) by U+FFFD, join pairs."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
