"""The chunks and documents of a bundle, and which of them a caller may see."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from copilot.index_bundle.texts import COLUMNS, GROUPS, DocumentRecord, IndexTexts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class ChunkStore(IndexTexts):
    """Reads chunks, their text and their documents by number."""

    def __init__(self, bundle: Path) -> None:
        """Map the files of ``bundle``."""
        import numpy as np

        super().__init__(bundle)
        self._columns = np.load(bundle / COLUMNS, mmap_mode="r", allow_pickle=False)
        self._group_sets = [
            frozenset(names)
            for names in msgspec.json.decode((bundle / GROUPS).read_bytes(), type=list[list[str]])
        ]

    def visible(
        self, groups: frozenset[str], filters: Mapping[str, str] | None
    ) -> NDArray[np.bool_] | None:
        """Return which chunks a caller may see, shape ``(chunks,)``, or ``None`` for all of them.

        A chunk is visible if its document shares a group with ``groups``, and if the document's
        metadata has every value of ``filters`` (a list holds it); ``document`` asks for a path.
        """
        import numpy as np

        allowed = np.array([bool(names & groups) for names in self._group_sets], dtype=np.bool_)
        if not filters:
            return None if allowed.all() else allowed[self._columns[1]]
        kept = np.array([_matches(d, filters) for d in self.documents], dtype=np.bool_)
        mask: NDArray[np.bool_] = allowed[self._columns[1]] & kept[self._columns[0]]
        return mask


def _matches(document: DocumentRecord, filters: Mapping[str, str]) -> bool:
    for key, wanted in filters.items():
        value = document.path if key == "document" else document.metadata.get(key)
        if wanted != value and not (isinstance(value, list) and wanted in value):
            return False
    return True
