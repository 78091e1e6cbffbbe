"""The files of one day: its marked hours made anew, its files joined into one, damaged ones taken out.

The marks of a day are taken, its rows read and the new file noted in one transaction, which holds the day against other
writers. A mark is stored with the hits that it is about: whoever takes it sees them. What is killed on the way has
taken no mark, and left only a file that nobody knows of.
"""

import time
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from tracker.facts import make
from tracker.facts.engine import Cursor, Engine
from tracker.facts.engine_connection import THREADS
from tracker.facts.engine_process import ProcessConnection
from tracker.facts.folder import Folder, name_of
from tracker.facts.pieces import Group, grouped, next_joined, share_minutes
from tracker.facts.recipe import Recipe, recipe_of
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
    def open(cls, folder: Folder, places: Places, *, threads: int = THREADS) -> Iterator["Workspace"]:
        """Make an engine and a folder, for as long as the block lasts. Raises FactsUnavailable."""
        with (
            folder.work() as work,
            closing(
                Engine(
                    folder.path,
                    memory_megabytes=_MEMORY_MEGABYTES,
                    spill=work,
                    threads=threads,
                    connect=ProcessConnection,
                )
            ) as engine,
        ):
            yield cls(engine, folder, work, places)


def make_day(database: Database, space: Workspace, day: FactsDay, now: datetime) -> bool:
    """Make the marked minutes of a day anew, or some of them; whether that was all that was marked.

    Raises FactsUnavailable, DatabaseUnavailable.
    """
    with database.transaction() as tx, space.engine.cursor(seconds=_DAY_SECONDS) as cursor:
        facts_marks.lock_day(tx, day)
        marks = dict(facts_marks.take(tx, day))
        if not marks or archived_months.is_dropped(tx, day[1]):
            return True  # Of an archived month these files are all there is, and no row says otherwise.
        files = facts_files.of_days(tx, day[0], day[1], day[1])
        if share_minutes(files):
            facts_files.replace(tx, [file.id for file in files])
            files, marks = [], dict.fromkeys(range(_HOURS), facts_marks.ALL_MINUTES)
        groups = grouped(files, marks, hour_now=hour_now(day[1], now))
        made = make.Made(tx, cursor, space.work, day, space.places)
        until = time.monotonic() + _READ_SECONDS
        taken: list[Group] = []
        for group in groups:
            if taken and time.monotonic() >= until:
                facts_marks.put(tx, day, group.hours)
                continue
            for hour, minutes in group.hours.items():
                made.add(hour, minutes)
            taken.append(group)
        made.finish()
        for group in taken:
            _replace(tx, cursor, space, day=day, group=group, facts=made)
    return len(taken) == len(groups)


def hour_now(day: date, now: datetime) -> int:
    """Return the hour of a day that goes on; a day that is over, or to come, has none."""
    return now.hour if day == now.date() else _HOURS + 1


def _replace(
    tx: Transaction, cursor: Cursor, space: Workspace, *, day: FactsDay, group: Group, facts: make.Made
) -> None:
    """Put what was made anew, and what is left of the old file, in the place of that one."""
    kept = None if group.is_whole else group.file
    old = [space.folder.local(kept.name)] if kept is not None else []
    if group.file is not None:
        facts_files.replace(tx, [group.file.id])
    keys = {*facts.recipe.parameters, *(kept.parameters if kept is not None else ())}
    for first, last in group.spans:
        span = span_between(day[1], first, last, facts.recipe)
        made = space.work / "joined.made"
        count = make.join(cursor, group.hours, old, made, span, lacking=facts.lacking)
        if count:
            publish(tx, space.folder, made, day=day, span=span, count=count, parameters=keys)


def span_of(file: FactsFile, timeout_minutes: int) -> FileSpan:
    """Return what a file is about."""
    return FileSpan(file.date, file.first_hour, file.last_hour, timeout_minutes, file.first_minute, file.last_minute)


def span_between(day: date, first: int, last: int, recipe: Recipe) -> FileSpan:
    """Return what a file is about, by its first and last minute of the day."""
    (first_hour, first_minute), (last_hour, last_minute) = divmod(first, 60), divmod(last, 60)
    return FileSpan(day, first_hour, last_hour, recipe.timeout_minutes, first_minute, last_minute)


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


def merge_day(database: Database, space: Workspace, day: FactsDay, now: datetime | None = None) -> bool:
    """Put one file in the place of some of a day's files; whether there are such (`tracker.facts.pieces.next_joined`).

    `now` is for a day that goes on. Raises FactsUnavailable, DatabaseUnavailable.
    """
    with database.transaction() as tx, space.engine.cursor(seconds=_DAY_SECONDS) as cursor:
        facts_marks.lock_day(tx, day)
        files = facts_files.of_days(tx, day[0], day[1], day[1])
        if share_minutes(files):
            facts_marks.mark_day(tx, day)
            return False
        minute_now = None if now is None else (now - make.hour_of(day[1], 0)) // timedelta(minutes=1)
        joined = next_joined(files, minute_now)
        if not joined:
            return False
        first, last = joined[0].first_minute_of_day, joined[-1].last_minute_of_day
        if now is None and len(joined) == len(files):
            first, last = 0, _HOURS * 60 - 1
        span = span_between(day[1], first, last, recipe_of(tx, day[0]))
        made = space.work / "merged.made"
        count = make.join(cursor, {}, [space.folder.local(file.name) for file in joined], made, span)
        facts_files.replace(tx, [file.id for file in joined])
        keys = {key for file in joined for key in file.parameters}
        if count:
            publish(tx, space.folder, made, day=day, span=span, count=count, parameters=keys)
    return True


def publish(
    tx: Transaction,
    folder: Folder,
    made: Path,
    *,
    day: FactsDay,
    span: FileSpan,
    count: int,
    parameters: AbstractSet[str],
) -> None:
    """Add a file that is made to the copy."""
    facts_files.insert(tx, [put(folder, made, day=day, span=span, count=count, parameters=parameters)])


def put(
    folder: Folder, made: Path, *, day: FactsDay, span: FileSpan, count: int, parameters: AbstractSet[str]
) -> FactsFile:
    """Put a file that is made where readers will look once it belongs to the copy; what is to be noted of it."""
    published = folder.publish(made, name_of(day[0], day[1].isoformat(), span.first_hour, span.last_hour))
    return FactsFile(
        application_id=day[0],
        date=day[1],
        first_hour=span.first_hour,
        first_minute=span.first_minute,
        last_hour=span.last_hour,
        last_minute=span.last_minute,
        name=published.name,
        facts=count,
        bytes=published.bytes,
        checksum=published.checksum,
        parameters=tuple(sorted(parameters)),
    )
