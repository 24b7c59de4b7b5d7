"""What is embedded and searched of a chunk, made of the files of a bundle when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from copilot.index_bundle.texts import IndexTexts
from embed.windows import windows_of


@dataclass(frozen=True)
class Wording:
    """Makes the texts of a chunk, each of its own text and its lead. ``whole`` is also what its
    words are taken from; ``windows`` are embedded besides."""

    whole: Callable[[str, str], str]
    windows: Callable[[str, str], list[str]]


WORDING = Wording(whole=lambda text, lead: f"{lead}\n{text}", windows=windows_of)


class EmbeddedTexts:
    """The embedded texts of a bundle or a draft, by the numbers of its chunks."""

    def __init__(self, texts: IndexTexts, wording: Wording) -> None:
        self._texts = texts
        self._wording = wording

    def __len__(self) -> int:
        return len(self._texts)

    def whole(self, number: int) -> str:
        """What is embedded of the chunk as a whole."""
        return self._wording.whole(*self._parts(number))

    def windows(self, number: int) -> list[str]:
        """What is embedded of it besides; nothing for a short one."""
        return self._wording.windows(*self._parts(number))

    def _parts(self, number: int) -> tuple[str, str]:
        chunk = self._texts.chunk(number)
        return self._texts.text(chunk), chunk.lead
