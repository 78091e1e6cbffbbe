"""The files of one day: its marked hours made anew, its files joined into one, damaged ones taken out.

The marks of a day are taken, its rows read and the new file noted in one transaction, which holds the day against other
writers. A mark is stored with the hits that it is about: whoever takes it sees them. What is killed on the way has
taken no mark, and left only a file that nobody knows of.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from tracker.facts import make
from tracker.facts.engine import Cursor, Engine
from tracker.facts.engine_process import ProcessConnection
from tracker.facts.folder import Folder, name_of
from tracker.facts.visits import FileSpan
from tracker.privacy.places import Places
from tracker.store import archived_months, facts_files, facts_marks
from tracker.store.database import Database, Transaction
from tracker.store.facts_files import FactsFile
from tracker.store.facts_marks import FactsDay

_DAY_SECONDS: Final = 55.0
"""For the engine, from the last rows of a day on: PostgreSQL ends the transaction when nothing comes for 60 s."""
_READ_SECONDS: Final = 15.0
"""After so long the rest of a day's hours wait for the next transaction."""
_HOURS: Final = 24
_MEMORY_MEGABYTES: Final = 384


@dataclass(frozen=True, slots=True)
class Workspace:
    """The engine, the folder of the copy, a folder within it for what is not finished, and where places are."""

    engine: Engine
    folder: Folder
    work: Path
    places: Places

    @classmethod
    @contextmanager
    def open(cls, folder: Folder, places: Places) -> Iterator["Workspace"]:
        """Make an engine and a folder, for as long as the block lasts. Raises FactsUnavailable."""
        with (
            folder.work() as work,
            closing(
                Engine(folder.path, memory_megabytes=_MEMORY_MEGABYTES, spill=work, connect=ProcessConnection)
            ) as engine,
        ):
            yield cls(engine, folder, work, places)


def make_day(database: Database, space: Workspace, day: FactsDay, now: datetime) -> None:
    """Make the marked hours of a day anew, or some of them. Raises FactsUnavailable, DatabaseUnavailable."""
    with database.transaction() as tx, space.engine.cursor(seconds=_DAY_SECONDS) as cursor:
        facts_marks.lock_day(tx, day)
        marks = dict(facts_marks.take(tx, day))
        if not marks or archived_months.is_dropped(tx, day[1]):
            return  # Of an archived month these files are all there is, and no row says otherwise.
        files = facts_files.of_days(tx, day[0], day[1], day[1])
        groups = grouped(files, marks, hour_now=now.hour if day[1] == now.date() else _HOURS + 1)
        made = make.Made(tx, cursor, space.work, day, space.places)
        until = time.monotonic() + _READ_SECONDS
        taken: list[HourGroup] = []
        for group in groups:
            if taken and time.monotonic() >= until:
                facts_marks.put(tx, day, group.hours)
                continue
            for hour, minutes in group.hours.items():
                made.add(hour, minutes)
            taken.append(group)
        made.finish()
        for group in taken:
            _replace(tx, cursor, space.folder, space.work / "joined.made", day=day, group=group, recipe=made.recipe)


@dataclass(frozen=True, slots=True)
class HourGroup:
    """Hours that go into one file: their marked minutes (as bits), and the file that holds them until now."""

    first: int
    last: int
    hours: Mapping[int, int]
    file: FactsFile | None


def grouped(files: Sequence[FactsFile], marks: Mapping[int, int], *, hour_now: int) -> list[HourGroup]:
    """Return the marked hours by the file that they go into, the latest first. Pure.

    An hour that has no file yet is made whole. It shares one with its neighbours, unless it is the present one or the
    one before, which are made anew again and again.
    """
    groups = [
        HourGroup(file.first_hour, file.last_hour, hours, file)
        for file in files
        if (hours := {hour: bits for hour, bits in marks.items() if file.first_hour <= hour <= file.last_hour})
    ]
    alone = sorted(set(marks) - {hour for group in groups for hour in group.hours})
    while alone:
        first = last = alone.pop(0)
        while alone and first < hour_now - 1 and alone[0] < hour_now - 1 and not _is_between(files, last, alone[0]):
            last = alone.pop(0)
        hours = {hour: facts_marks.ALL_MINUTES for hour in marks if first <= hour <= last}
        groups.append(HourGroup(first, last, hours, None))
    return sorted(groups, key=lambda group: -group.last)


def _is_between(files: Sequence[FactsFile], first: int, last: int) -> bool:
    return any(first < file.first_hour < last for file in files)


def _replace(
    tx: Transaction, cursor: Cursor, folder: Folder, made: Path, *, day: FactsDay, group: HourGroup, recipe: make.Recipe
) -> None:
    """Put a file with what was made anew in the place of the old one."""
    is_kept = group.file is not None and not (len(group.hours) == 1 and group.first == group.last and is_whole(group))
    old = [folder.local(group.file.name)] if group.file is not None and is_kept else []
    span = FileSpan(day[1], group.first, group.last, recipe.timeout_minutes)
    count = make.join(cursor, group.hours, old, made, span)
    if group.file is not None:
        facts_files.replace(tx, [group.file.id])
    keys = {*recipe.parameters, *(group.file.parameters if group.file is not None and is_kept else ())}
    if count:
        publish(tx, folder, made, day=day, hours=(group.first, group.last), count=count, parameters=keys)


def is_whole(group: HourGroup) -> bool:
    """Return whether all minutes of all its hours are marked."""
    return all(make.is_whole(minutes) for minutes in group.hours.values())


def mend_day(database: Database, folder: Folder, day: FactsDay) -> int:
    """Take damaged and missing files of a day out of the copy, and have their hours made anew; how many they were."""
    with database.transaction() as tx:
        facts_marks.lock_day(tx, day)
        if archived_months.is_dropped(tx, day[1]):
            return 0
        files = facts_files.of_days(tx, day[0], day[1], day[1])
        damaged = [file.id for file in files if not folder.holds(file.name, file.bytes, file.checksum)]
        if damaged:
            facts_files.replace(tx, damaged)
            facts_marks.mark_day(tx, day)
    return len(damaged)


def merge_day(database: Database, space: Workspace, day: FactsDay) -> None:
    """Put one file in the place of a day's files. Raises FactsUnavailable, DatabaseUnavailable."""
    with database.transaction() as tx, space.engine.cursor(seconds=_DAY_SECONDS) as cursor:
        facts_marks.lock_day(tx, day)
        files = facts_files.of_days(tx, day[0], day[1], day[1])
        made = space.work / "merged.made"
        old = [space.folder.local(file.name) for file in files]
        span = FileSpan(day[1], 0, _HOURS - 1, make.recipe_of(tx, day).timeout_minutes)
        count = make.join(cursor, {}, old, made, span) if files else 0
        facts_files.replace(tx, [file.id for file in files])
        keys = {key for file in files for key in file.parameters}
        if count:
            publish(tx, space.folder, made, day=day, hours=(0, _HOURS - 1), count=count, parameters=keys)


def publish(
    tx: Transaction,
    folder: Folder,
    made: Path,
    *,
    day: FactsDay,
    hours: tuple[int, int],
    count: int,
    parameters: AbstractSet[str],
) -> None:
    """Add a file that is made to the copy."""
    published = folder.publish(made, name_of(day[0], day[1].isoformat(), *hours))
    file = FactsFile(
        application_id=day[0],
        date=day[1],
        first_hour=hours[0],
        last_hour=hours[1],
        name=published.name,
        facts=count,
        bytes=published.bytes,
        checksum=published.checksum,
        parameters=tuple(sorted(parameters)),
    )
    facts_files.insert(tx, file)
