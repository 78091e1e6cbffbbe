"""A month brought back from the files of its hits, row for row; what broke off is gone on with."""

from collections.abc import Callable
from typing import Final

from tracker.errors import FactsUnavailable, conflict, not_found
from tracker.facts import hit_files
from tracker.facts.archive import demand_folder
from tracker.facts.day import Workspace
from tracker.facts.write import Writer
from tracker.log import logger
from tracker.store import (
    archived_hits,
    archived_months,
    archived_rows,
    facts_marks,
    partition_making,
    partition_removal,
)
from tracker.store import partitions as months
from tracker.store.archived_hits import HitsFile
from tracker.store.partitions import Month

_SECONDS: Final = 55.0

_log = logger(__name__)


def restore_month(
    writer: Writer,
    maintenance_url: str,
    month: Month,
    *,
    on_step: Callable[[str], None] = lambda _: None,
    on_file: Callable[[int, int], None] = lambda *_: None,
) -> int:
    """Bring back all rows of an archived month; how many hits. None come twice, however often it is called.

    A file is a transaction, in which its rows are read again and compared. Raises Refused where there is nothing to
    bring back, FactsUnavailable, DatabaseUnavailable.
    """
    demand_folder(writer)
    with writer.database.transaction() as tx:
        archived = archived_months.find(tx, month)
        files = archived_hits.of_month(tx, month)
        there = [partition for partition in months.list_partitions(tx) if partition.month == month]
    if archived is None:
        raise not_found(f"{month} is not archived: see `python -m tracker partitions list`.")
    if archived.dropped_at is None:
        return 0
    if not archived.has_hits:
        raise conflict(f"Of {month} only the facts are kept, which no hits can be made of.")
    with writer.database.transaction() as tx:
        archived_months.note_restoring(tx, month)
    if there and not any(file.is_restored for file in files):
        # A drop that broke off: what is left of the month stands in the files.
        partition_removal.remove(maintenance_url, month, on_step=on_step, should_continue=lambda: True)
    partition_making.create(maintenance_url, [month], on_step=on_step, even_archived=True)
    with Workspace.open(writer.folder, writer.places) as space:
        for number, file in enumerate(files, 1):
            if not file.is_restored:
                _restore(writer, space, file)
            on_file(number, len(files))
    with writer.database.transaction() as tx:
        archived_months.note_restored(tx, month)
    _log.info("month restored", month=str(month), hits=sum(file.hits for file in files))
    return sum(file.hits for file in files)


def _restore(writer: Writer, space: Workspace, file: HitsFile) -> None:
    with writer.database.transaction() as tx, space.engine.cursor(seconds=_SECONDS) as cursor:
        facts_marks.lock_day(tx, (file.application_id, file.date))
        # An erasure may have put another file in its place, or another process may have been here.
        files = archived_hits.of_day(tx, (file.application_id, file.date))
        now = next((present for present in files if present.first_hour == file.first_hour), None)
        if now is None or now.is_restored:
            return
        hit_files.check(space, now)
        local = space.folder.local(now.name)
        columns = hit_files.columns_of(cursor, local)
        archived_rows.archive_in(tx, *hit_files.to_tables(cursor, local, space.work), columns)
        if hit_files.rows_checksum(tx, now, columns) != now.rows_checksum:
            raise FactsUnavailable(
                f"Hits of {now.date} would not be the rows that were archived: something else is stored in these hours."
            )
        archived_hits.note_restored(tx, now)
