"""The one table of the matrix: a line for each case, and what failed below it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from msgspec import Struct

from tests.fault.matrix.run import Verdict

HEADINGS = ("case", "", "runs", "lost", "doubled", "ends", "hash", "recovery p50", "max")


class Line(Struct, kw_only=True, frozen=True):
    """One case with all its runs."""

    name: str
    title: str
    verdicts: list[Verdict] = []

    @property
    def failed(self) -> bool:
        """Whether anything but one whole answer came out, or a run went wrong in another way."""
        return not self.verdicts or any(_failed(verdict) for verdict in self.verdicts)

    def cells(self) -> tuple[str, ...]:
        """The line as text. ``ends`` is how many terminal events each reader applied."""
        terminals = sorted({count for v in self.verdicts for count in v.terminals})
        hashes = [equal for v in self.verdicts for equal in v.hashes]
        recoveries = [v.recovery_s for v in self.verdicts if v.recovery_s is not None]
        return (
            self.name,
            self.title + self._waited(),
            str(len(self.verdicts)),
            str(sum(v.lost for v in self.verdicts)),
            str(sum(v.duplicated for v in self.verdicts)),
            ", ".join(map(str, terminals)) or "none",
            f"{sum(hashes)}/{len(hashes)}" if hashes else "none",
            f"{median(recoveries):.1f} s" if recoveries else "",
            f"{max(recoveries):.1f} s" if recoveries else "",
        )

    def _waited(self) -> str:
        who = dict.fromkeys(name for verdict in self.verdicts for name in verdict.waits)
        said = []
        for name in who:
            waits = [wait for verdict in self.verdicts for wait in verdict.waits.get(name, [])]
            said.append(f"{name} waited {median(waits):.1f} s (most {max(waits):.1f} s)")
        return "".join(f"; {part}" for part in said)


def _failed(verdict: Verdict) -> bool:
    return bool(
        verdict.problems
        or verdict.lost
        or verdict.duplicated
        or any(count != 1 for count in verdict.terminals)
        or not all(verdict.hashes)
        or len(verdict.hashes) != len(verdict.terminals)
    )


def table(lines: Sequence[Line]) -> str:
    """The lines in columns, as Markdown."""
    rows = [HEADINGS, *(line.cells() for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    text = [_row(row, widths) for row in rows]
    text.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(text)


def _row(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
    return "| " + " | ".join(cells) + " |"


def failures(lines: Sequence[Line]) -> str:
    """Every run that failed, with the seed that repeats it."""
    found = []
    for line in lines:
        for verdict in line.verdicts:
            if _failed(verdict):
                what = "; ".join(verdict.problems) or "see the table"
                found.append(
                    f"  case {line.name}, seed {verdict.seed}: lost {verdict.lost}, doubled "
                    f"{verdict.duplicated}, ends {verdict.terminals}, hashes {verdict.hashes}; "
                    f"{what}"
                )
    return "\n".join(found)
