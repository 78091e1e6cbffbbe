"""Days of the copy made anew, or compared with the rows, when an operator asks for it."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, date
from typing import Final
from uuid import UUID

from tracker.errors import FactsUnavailable
from tracker.facts import make
from tracker.facts.day import Workspace, make_day, mend_day, span_of
from tracker.facts.engine import Cursor, FactsDamaged
from tracker.facts.engine_connection import THREADS
from tracker.facts.folder import Folder
from tracker.facts.write import Writer
from tracker.store import archived_months, facts_files, facts_marks, leases
from tracker.store.database import Database, Transaction
from tracker.store.facts_files import FactsFile
from tracker.store.facts_marks import FactsDay

_SCHEDULER_SECONDS: Final = 15.0
_PAUSE_SECONDS: Final = 0.25
_COMPARE_SECONDS: Final = 55.0
DAYS_AT_ONCE: Final = 2
"""Each has a connection to PostgreSQL for as long as its rows are read."""


@dataclass(frozen=True, slots=True)
class FactsDifference:
    """A day of an application whose facts are not what its rows say, and in what they differ."""

    application_id: UUID
    date: date
    stored: str
    recounted: str


def rebuild(writer: Writer, days: list[FactsDay], *, sleep: Callable[[float], None] = time.sleep) -> int:
    """Make days anew from the rows; how many facts they hold then.

    Where there is no copy yet, none is begun. A folder that is gone is begun anew, and then everything is made, the
    rest by the scheduler. Where this process sees no folder, or another, while a scheduler sees the right one, that
    scheduler does it, and is waited for. Raises FactsUnavailable.
    """
    with writer.database.transaction() as tx:
        for day in days:
            facts_marks.mark_day(tx, day)
    if _is_ours(writer, days, sleep):
        _make_days(writer, days)
        writer.remove_replaced()
    with writer.database.transaction() as tx:
        return sum(file.facts for day in days for file in facts_files.of_days(tx, day[0], day[1], day[1]))


def _make_days(writer: Writer, days: Sequence[FactsDay]) -> None:
    """Make days, two at a time: while PostgreSQL gives the rows of one, the engine makes facts of the other."""
    left = deque(days)
    at_once = min(DAYS_AT_ONCE, len(days))

    def make_some() -> None:
        # What threads share of a day costs them a sixth: two days need no more than one each.
        threads_each = 1 if at_once > 1 else THREADS
        with Workspace.open(writer.folder, writer.places, threads=threads_each) as space:
            while left:
                try:
                    day = left.popleft()
                except IndexError:
                    return  # The other has just taken the last one.
                make_waiting(writer, space, day)

    with ThreadPoolExecutor(at_once or 1, "facts") as threads:
        working = [threads.submit(make_some) for _ in days[:DAYS_AT_ONCE]]
        try:
            for work in as_completed(working):
                work.result()
        finally:
            left.clear()  # Where one failed, or the operator stops it: the other ends its day, and leaves the rest.


def _is_ours(writer: Writer, days: list[FactsDay], sleep: Callable[[float], None]) -> bool:
    """Return whether this process is to make the days, in a folder that is there now."""
    with writer.database.transaction() as tx:
        state = facts_files.folder(tx)
    if state is None or state.id is None:
        return False  # There is no copy: the scheduler begins one.
    try:
        writer.folder.demand(state.id)
    except FactsUnavailable:
        if _made_by_scheduler(writer.database, days, sleep):
            return False
        renew(writer.database, writer.folder)
    return True


def _made_by_scheduler(database: Database, days: list[FactsDay], sleep: Callable[[float], None]) -> bool:
    """Wait for a scheduler that sees the folder; False where there is none."""
    waited = 0.0
    while True:
        with database.transaction() as tx:
            state = facts_files.folder(tx)
            works = leases.holder(tx, leases.SCHEDULER) is not None
            waits = any(facts_marks.waiting_of_days(tx, day[0], day[1], day[1]) for day in days)
        if not works or (state is not None and state.problem is not None):
            return False
        if not waits and days:
            return True
        if waited >= _SCHEDULER_SECONDS:
            raise FactsUnavailable("The scheduler makes the facts anew and has not done yet: look again later.")
        sleep(_PAUSE_SECONDS)
        waited += _PAUSE_SECONDS


def renew(database: Database, folder: Folder) -> None:
    """Begin the copy anew in this folder, whatever was there. Raises FactsUnavailable where months are archived."""
    with database.transaction() as tx:
        archived = sorted(archived_months.dropped(tx))
    if archived:
        raise FactsUnavailable(
            f"{folder.place} is not the folder with the archived months {archived[0]} to {archived[-1]}, which cannot "
            "be made anew: bring it back, or give them up with `python -m tracker partitions drop YYYY-MM`."
        )
    folder_id = folder.renew()
    with database.transaction() as tx:
        facts_files.forget(tx)
        facts_files.put_folder(tx, folder_id)
        facts_marks.mark_counted(tx)


def make_waiting(writer: Writer, space: Workspace, day: FactsDay) -> None:
    """Make what is marked of a day, damaged files included. Raises FactsUnavailable."""

    def waits() -> bool:
        with writer.database.transaction() as tx:
            return facts_marks.waiting_of_days(tx, day[0], day[1], day[1])

    mended = False
    while waits():
        try:
            make_day(writer.database, space, day, writer.clock.now().astimezone(UTC))
        except FactsDamaged:
            if mended or not mend_day(writer.database, writer.folder, day):
                raise
            mended = True


def verify(writer: Writer, day: FactsDay) -> FactsDifference | None:
    """Compare the facts of a day with its rows; what is marked is made first. Raises FactsUnavailable."""
    with writer.database.transaction() as tx:
        state = facts_files.folder(tx)
    if state is None or state.id is None:
        raise FactsUnavailable("There are no facts yet: start the scheduler, or run `stats rebuild`.")
    writer.folder.demand(state.id)
    try:
        with Workspace.open(writer.folder, writer.places) as space:
            make_waiting(writer, space, day)
            return _difference(writer, space, day)
    except FactsDamaged as error:
        return FactsDifference(*day, stored="unreadable", recounted=str(error))


def _difference(writer: Writer, space: Workspace, day: FactsDay) -> FactsDifference | None:
    with writer.database.transaction() as tx, space.engine.cursor(seconds=_COMPARE_SECONDS) as cursor:
        # Whoever makes facts waits, and hits that are stored meanwhile are in rows that the marks below tell of.
        facts_marks.lock_day(tx, day)
        files = facts_files.of_days(tx, day[0], day[1], day[1])
        for file in files:
            if not writer.folder.holds(file.name, file.bytes, file.checksum):
                hours = f"hours {file.first_hour} to {file.last_hour}"
                return FactsDifference(*day, stored=f"{hours} damaged or gone", recounted=f"{file.facts} facts")
        if archived_months.is_dropped(tx, day[1]):
            return None  # There are no rows to compare with.
        difference = compare(tx, cursor, space, day, files)
        if difference and facts_marks.waiting_of_days(tx, day[0], day[1], day[1]):
            return None  # Hits arrived meanwhile: the next turn makes them facts.
        return difference


def compare(
    tx: Transaction, cursor: Cursor, space: Workspace, day: FactsDay, files: Sequence[FactsFile]
) -> FactsDifference | None:
    """Compare files with the rows of their day, which the transaction holds."""
    made = make.Made(tx, cursor, space.work, day, space.places)
    for hour in range(24):
        made.add(hour, facts_marks.ALL_MINUTES)
    made.finish()
    missing, surplus = make.differences(cursor, [space.folder.local(file.name) for file in files])
    if missing or surplus:
        return FactsDifference(*day, stored=f"{surplus} facts more", recounted=f"{missing} facts more")
    for file in files:
        span = span_of(file, made.recipe.timeout_minutes)
        if make.has_other_visits(cursor, space.folder.local(file.name), span):
            hours = f"hours {file.first_hour} to {file.last_hour}"
            return FactsDifference(*day, stored=f"other visits in {hours}", recounted=f"those of {file.facts} facts")
    return None
