"""The files of facts that a question is put to, and what they are as tables. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from tracker.facts.columns import FACTS, VISIT_SOURCES, VISITOR_DIMENSIONS, column_of, with_columns
from tracker.facts.visits import beside
from tracker.reports.tally import Tally
from tracker.reports.zone_days import ZoneDays

READ: Final = "read_parquet(?, hive_partitioning=false, union_by_name=true)"
"""The table of some files, which has all that any of them has."""


class TimeRange(NamedTuple):
    """A time; `end` is not included."""

    start: datetime
    end: datetime

    def overlaps(self, other: "ZoneDays | TimeRange") -> bool:
        """Return whether some moment lies in both."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class FactsRead:
    """The files that a question is put to."""

    paths: tuple[str, ...]
    parameters: frozenset[str]
    """The custom parameters that they have columns for."""
    are_within: bool
    """Whether all that they hold lies in the time that is asked about: then times need not be read."""
    tally: Tally | None = None
    """Counts by day that some of them have, if there are any."""
    ranges: tuple[TimeRange, ...] = ()
    """In which time each of them lies, in their order; none where nobody knows."""

    def about(self, time: ZoneDays | TimeRange) -> "FactsRead":
        """Return those that may have something of a time: where they have nothing else, times need not be read.

        That saves a third of what it takes to look visitors up among all days.
        """
        start, end = time.start, time.end
        chosen = [at for at, of in enumerate(self.ranges) if of.overlaps(time)]
        if not chosen:
            return replace(self, are_within=False)
        ranges = tuple(self.ranges[at] for at in chosen)
        are_within = all(start <= of.start and of.end <= end for of in ranges)
        return replace(self, paths=tuple(self.paths[at] for at in chosen), ranges=ranges, are_within=are_within)

    def has_any(self, time: ZoneDays | TimeRange) -> bool:
        """Return whether one of them may have something of a time."""
        return not self.ranges or any(of.overlaps(time) for of in self.ranges)

    def is_cut_at(self, time: datetime) -> bool:
        """Return whether one of them may have something of before and of after a time."""
        return not self.ranges or any(of.start < time < of.end for of in self.ranges)

    def hits(self, days: ZoneDays | TimeRange) -> tuple[str, list[object]]:
        """Return their hits of these days as what follows a FROM, and the values of its places."""
        # Of some of these files none may have the column of a parameter that all together have.
        return self._of((*FACTS, *sorted(map(column_of, self.parameters))), list(self.paths), days)

    def parts(self, days: ZoneDays | TimeRange) -> tuple[str, list[object]]:
        """Return the parts of their visits, as above."""
        return self._of((*VISITOR_DIMENSIONS, *VISIT_SOURCES), self.paths_of_parts, days)

    @property
    def paths_of_parts(self) -> list[str]:
        """Return the files of the parts of visits, in the order of their hits' files."""
        return [str(beside(Path(path))) for path in self.paths]

    def _of(self, columns: Collection[str], paths: list[str], days: ZoneDays | TimeRange) -> tuple[str, list[object]]:
        table = with_columns(READ, columns)
        if self.are_within:
            return table, [paths]
        return f"{table} WHERE time >= ? AND time < ?", [paths, naive(days.start), naive(days.end)]


def naive(time: datetime) -> datetime:
    """Return a time as the facts have it: in UTC, without saying so."""
    return time.astimezone(UTC).replace(tzinfo=None)
