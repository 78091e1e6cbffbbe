"""Rows of the table of faults: what became of what was sent meanwhile, and what showed that the fault bit."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from tests.support.load import Outcome

Record = Callable[[str, object], None]
"""pytest's `record_property`: what is noted so reaches the end of the run from whichever process."""
PROPERTY: Final = "row of the table of faults"
HEAD: Final = (
    *("fault", "times", "sent", "acknowledged", "stored", "lost", "doubled", "longest silence", "back after"),
    "seen to bite by",
)


class Row(NamedTuple):
    place: str
    """By which the rows are sorted."""
    cells: Sequence[str]


def note(record: Record, result: Outcome, *, place: str, backs: Iterable[float], bit: str) -> None:
    """Note a row; `backs` are the seconds until all was back, of which the longest is shown."""
    longest = max(backs, default=None)
    cells = [
        result.fault,
        str(result.times),
        *(f"{hits:,}" for hits in (result.sent, result.acknowledged, result.stored)),
        *(str(hits) for hits in (result.lost, result.doubled)),
        f"{result.silence:.1f} s",
        "" if longest is None else f"{longest:.1f} s",
        bit,
    ]
    record(PROPERTY, [place, cells])


def table(rows: Iterable[Row]) -> list[str]:
    """Return the lines of the table, as Markdown."""
    lines = [HEAD, ["---"] * len(HEAD), *(row.cells for row in sorted(rows))]
    return [f"| {' | '.join(cells)} |" for cells in lines]
