"""Which file marked minutes go into, and which files are joined into one. Pure.

Minutes of a day are bits of one number: bit 0 is 00:00, bit 1439 is 23:59 (UTC).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Final

from tracker.store.facts_files import FactsFile
from tracker.store.facts_marks import ALL_MINUTES

PIECE_FACTS: Final = 10_000
"""When the last file of the present hour has so many, the minutes that follow get a file of their own."""
JOINED_FACTS: Final = 300_000
"""So many at most are joined at a time while their day goes on: meanwhile no hit becomes a fact."""
DAY_FACTS: Final = 2_000_000
"""So many at most are joined at a time when their day is over."""
_LEAST_PIECES: Final = 4
"""Fewer files of an hour that goes on are not worth joining."""
_SETTLED_MINUTES: Final = 2
"""So long after a minute is over nearly all of its hits are stored."""
_HOUR: Final = 60
_HOURS: Final = 24


@dataclass(frozen=True, slots=True)
class Group:
    """Marked minutes that go into one file: the first and the last minute that it is about, and those to be made."""

    first: int
    last: int
    minutes: int
    file: FactsFile | None
    """The file that holds them until now."""
    cut: int | None = None
    """The minute from which on it goes into a file of its own, so that what lies before is not rewritten any more."""

    @property
    def hours(self) -> Mapping[int, int]:
        """Return the minutes to be made (as bits) by hour."""
        by_hour = ((hour, self.minutes >> _HOUR * hour & ALL_MINUTES) for hour in range(_HOURS))
        return {hour: bits for hour, bits in by_hour if bits}

    @property
    def is_whole(self) -> bool:
        """Return whether all minutes that it is about are made: then nothing of the file before is needed."""
        return self.minutes == _between(self.first, self.last)

    @property
    def spans(self) -> Sequence[tuple[int, int]]:
        """Return the first and the last minute of the files to be written."""
        if self.cut is None:
            return [(self.first, self.last)]
        return [(self.first, self.cut - 1), (self.cut, self.last)]


def grouped(files: Sequence[FactsFile], marks: Mapping[int, int], *, hour_now: int) -> list[Group]:
    """Return the marked minutes (as bits, by hour) by the file that they go into, the latest first.

    Where an hour, or a part of one, has no file yet, it is made whole. An hour shares a file with its neighbours,
    unless it is the present one or the one before, which are made anew again and again.
    """
    marked = sum(bits << _HOUR * hour for hour, bits in marks.items())
    groups, taken = [], 0
    for file in files:
        about = _between(file.first_minute_of_day, file.last_minute_of_day)
        taken |= about
        if minutes := marked & about:
            cut = _cut(file, minutes, hour_now)
            groups.append(Group(file.first_minute_of_day, file.last_minute_of_day, minutes, file, cut))
    gaps = [gap for gap in _gaps(taken) if marked & _between(*gap)]
    while gaps:
        first, last = gaps.pop(0)
        minutes = _between(first, last)
        while gaps and _shares((first, last), gaps[0], hour_now) and not taken & _between(last + 1, gaps[0][0]):
            after, last = gaps.pop(0)
            minutes |= _between(after, last)
        groups.append(Group(first, last, minutes, None))
    return sorted(groups, key=lambda group: -group.last)


def next_joined(files: Sequence[FactsFile], minute_now: int | None) -> Sequence[FactsFile]:
    """Return files of a day, one after the other, that are to be joined next; none where none are.

    Of a day that is over (`minute_now` is None: no more hits are expected) they are any. Of one that goes on they are
    files of one hour that are settled at that minute of the day: many, or those of an hour that is over.
    """
    if minute_now is None and not all(file.has_visits for file in files):
        return files
    if minute_now is None:
        return next(_runs(files, at_most=DAY_FACTS, at_least=2), ())
    settled = minute_now - _SETTLED_MINUTES
    for hour, of_hour in groupby(files, key=lambda file: file.first_hour):
        pieces = [file for file in of_hour if file.last_hour == hour and file.last_minute_of_day < settled]
        at_least = 2 if _HOUR * hour + _HOUR <= settled else _LEAST_PIECES
        for run in _runs(pieces, at_most=JOINED_FACTS, at_least=at_least):
            return run
    return ()


def share_minutes(files: Sequence[FactsFile]) -> bool:
    """Return whether two files of a day are about the same minute: one of a version that knew hours alone wrote there.

    To such a version each piece is its whole hour, and what it makes anew goes into all of them.
    """
    return any(one.last_minute_of_day >= other.first_minute_of_day for one, other in pairwise(files))


def _runs(files: Sequence[FactsFile], *, at_most: int, at_least: int) -> Iterator[Sequence[FactsFile]]:
    """Yield neighbours that have so few facts together, and are so many."""
    run: list[FactsFile] = []
    for file in files:
        if sum(of_run.facts for of_run in run) + file.facts > at_most:
            if len(run) >= at_least:
                yield run
            run = []
        run.append(file)
    if len(run) >= at_least:
        yield run


def _cut(file: FactsFile, minutes: int, hour_now: int) -> int | None:
    first = _lowest(minutes)
    is_present = file.first_hour == file.last_hour == hour_now
    return first if is_present and file.facts >= PIECE_FACTS and first > file.first_minute_of_day else None


def _gaps(taken: int) -> Iterator[tuple[int, int]]:
    """Yield the first and the last minute of each time within an hour that no file is about."""
    for hour in range(_HOURS):
        left = _between(_HOUR * hour, _HOUR * hour + _HOUR - 1) & ~taken
        while left:
            first = _lowest(left)
            last = first + _lowest(~(left >> first)) - 1
            yield first, last
            left &= ~_between(first, last)


def _shares(one: tuple[int, int], other: tuple[int, int], hour_now: int) -> bool:
    """Return whether two gaps are whole hours that are not made anew again and again."""
    is_whole = all(first % _HOUR == 0 and last % _HOUR == _HOUR - 1 for first, last in (one, other))
    return is_whole and one[0] // _HOUR < hour_now - 1 and other[0] // _HOUR < hour_now - 1


def _between(first: int, last: int) -> int:
    """Return the minutes from one to another, both included."""
    return (1 << last + 1) - (1 << first)


def _lowest(minutes: int) -> int:
    return (minutes & -minutes).bit_length() - 1
