"""Months that are about to go: each day of them is compared with its rows, so that its facts may stay without these."""

from collections.abc import Callable
from typing import Final

from tracker.errors import FactsUnavailable, conflict
from tracker.facts import hit_files
from tracker.facts.day import Workspace
from tracker.facts.rebuild import FactsDifference, compare, make_waiting
from tracker.facts.write import Writer
from tracker.store import access_logs, archived_days, archived_hits, archived_months, facts_files, facts_marks
from tracker.store.archived_hits import HitsFile
from tracker.store.database import Transaction
from tracker.store.facts_files import FactsFile
from tracker.store.facts_marks import FactsDay
from tracker.store.partitions import Month

_TRIES: Final = 3
_COMPARE_SECONDS: Final = 55.0
_LAST_HOUR: Final = 23


def archive(
    writer: Writer,
    month: Month,
    *,
    has_hits: bool,
    on_day: Callable[[int, int], None] = lambda *_: None,
    should_continue: Callable[[], bool] = lambda: True,
) -> bool:
    """Compare every day of a month with its rows, where that is not done yet; False where told to stop.

    What differs is made anew from the rows. Nothing is dropped here. `on_day` hears how many days of how many are
    done. Raises FactsUnavailable, DatabaseUnavailable, and Refused where a day is not to be made what its rows say.
    """
    demand_folder(writer)
    with writer.database.transaction() as tx:
        if not archived_months.begin(tx, month, has_hits=has_hits):
            return True
        days = set(access_logs.days_between(tx, month.start, month.plus(1).start))
        # Those without rows are stale where files or notes of before are left.
        stale = {*archived_days.stale(tx, month, has_hits=has_hits), *(days - archived_days.noted(tx, month))}
    with Workspace.open(writer.folder, writer.places) as space:
        for number, day in enumerate(sorted(stale, key=lambda stale_day: (stale_day[1], stale_day[0])), 1):
            if not should_continue():
                return False
            _keep(writer, space, day)
            if has_hits:
                _keep_hits(writer, space, day)
            on_day(number, len(stale))
        _demand_files(writer, space, month)
    return True


def let_go(tx: Transaction, month: Month) -> None:
    """Note that the rows of a month go with this transaction, which shuts writers out of them.

    Raises Refused where a day is not archived as it is now, and where the rows are on their way back: those that have
    come are not brought back again.
    """
    archived = archived_months.find(tx, month)
    if archived is not None and archived.dropped_at is not None and archived.restored_at is not None:
        raise conflict(f"{month} is being brought back: let `python -m tracker partitions restore {month}` end first.")
    if archived is None or archived.dropped_at is None:
        if archived is None or archived_days.stale(tx, month, has_hits=archived.has_hits):
            raise conflict(f"Hits of {month} have changed since it was archived: it stays. Archive it again.")
        archived_months.note_dropped(tx, month)


def demand_folder(writer: Writer) -> None:
    """Raise FactsUnavailable where this process does not see the folder of the facts."""
    with writer.database.transaction() as tx:
        state = facts_files.folder(tx)
    if state is None or state.id is None:
        raise FactsUnavailable("There are no facts yet: start the scheduler, or run `stats rebuild`.")
    writer.folder.demand(state.id)


def _keep(writer: Writer, space: Workspace, day: FactsDay) -> None:
    difference: FactsDifference | None = None
    with writer.database.transaction() as tx:
        archived_hits.replace(tx, [file.id for file in archived_hits.of_day(tx, day)])
    for _ in range(_TRIES):
        make_waiting(writer, space, day)
        difference = _compared(writer, space, day)
        if difference is None:
            return
        with writer.database.transaction() as tx:
            facts_marks.mark_day(tx, day)
    assert difference is not None
    raise conflict(f"The facts of {day[1]} are not what its rows say ({difference.stored}, {difference.recounted}).")


def _compared(writer: Writer, space: Workspace, day: FactsDay) -> FactsDifference | None:
    """Note a day whose facts are what its rows say; else say how they differ."""
    with writer.database.transaction() as tx, space.engine.cursor(seconds=_COMPARE_SECONDS) as cursor:
        facts_marks.lock_day(tx, day)
        files = facts_files.of_days(tx, day[0], day[1], day[1])
        if not all(writer.folder.holds(file.name, file.bytes, file.checksum) for file in files):
            return FactsDifference(*day, stored="a file damaged or gone", recounted=f"{len(files)} files")
        difference = compare(tx, cursor, space, day, files)
        if difference is None:
            hits = sum(file.facts for file in files)
            archived_days.note(tx, day, hits=hits, facts_id=max((file.id for file in files), default=0))
        return difference


def _keep_hits(writer: Writer, space: Workspace, day: FactsDay) -> None:
    """Write all columns of the hits of a day, some hours a file and a transaction."""
    hour = 0
    while hour <= _LAST_HOUR:
        with writer.database.transaction() as tx, space.engine.cursor(seconds=_COMPARE_SECONDS) as cursor:
            facts_marks.lock_day(tx, day)
            file = hit_files.write_rows(tx, space, day, hour, cursor)
            if file.hits:
                archived_hits.insert(tx, file)
            else:
                space.folder.remove(file.name)
            hour = file.last_hour + 1
    with writer.database.transaction() as tx:
        if not archived_days.note_hits(tx, day):
            archived_days.forget(tx, day)
            raise conflict(f"Hits of {day[1]} changed while they were archived: archive the month again.")


def _demand_files(writer: Writer, space: Workspace, month: Month) -> None:
    """Raise FactsUnavailable where a file of the month is not as it was written: its day is to be archived again."""
    with writer.database.transaction() as tx:
        hits = archived_hits.of_month(tx, month)
        facts = [file for day in archived_days.noted(tx, month) for file in facts_files.of_days(tx, *day, day[1])]
    damaged = {
        *((file.application_id, file.date) for file in facts if not _holds(space, file)),
        *((file.application_id, file.date) for file in hits if not _holds(space, file)),
    }
    if damaged:
        with writer.database.transaction() as tx:
            for day in damaged:
                archived_days.forget(tx, day)
        raise FactsUnavailable(f"Files of {len(damaged)} days of {month} are damaged: archive the month again.")


def _holds(space: Workspace, file: FactsFile | HitsFile) -> bool:
    return space.folder.holds(file.name, file.bytes, file.checksum, has_visits=isinstance(file, FactsFile))
