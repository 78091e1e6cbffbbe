"""One turn of the upkeep of the monthly partitions: what must exist is made, gaps are filled."""

from collections.abc import Callable, Sequence

from tracker.clock import Clock
from tracker.errors import TrackerError
from tracker.log import logger
from tracker.store import batch_jobs, partitions
from tracker.store.database import Database
from tracker.store.partitions import Month

JOB_TYPE = "create_partitions"
LONGEST_GAP = 24
"""Months. A longer one lies between what is written now and an old log that was imported; it is only reported."""

_log = logger(__name__)


def upkeep(
    database: Database,
    maintenance_url: str,
    clock: Clock,
    *,
    retention_months: int = 0,
    go_on: Callable[[], bool] = lambda: True,
) -> list[Month]:
    """Make the months that must exist by now and do not, fill gaps between months, and say where one is oddly cut.

    A gap that lies before the retention is left as it is. Returns what was made, mostly nothing: then the maintenance
    connection is not opened at all. Raises DatabaseAway where the locks were not to be had; no writer was held up for
    longer than a quarter of a second, and there is time: the months are made long before they are needed.
    """
    started_at = clock.now()
    with database.transaction() as tx:
        there = partitions.list_partitions(tx)
        needed = partitions.missing(tx, partitions.needed(started_at.date()))
        gaps = partitions.missing(tx, partitions.gaps(there, longest=LONGEST_GAP))
    first_kept = partitions.first_kept(started_at, retention_months)
    gaps = [month for month in gaps if month not in needed and (first_kept is None or month >= first_kept)]
    for problem in partitions.problems(there):
        _log.warning("partition bounds", problem=problem)
    made = partitions.create(maintenance_url, needed) if needed else []
    if gaps and go_on():
        made += _fill(maintenance_url, gaps)
    if made:
        _log.info("partitions made", months=[str(month) for month in made])
        with database.transaction() as tx:
            batch_jobs.add_run(tx, JOB_TYPE, count=len(made), started_at=started_at, completed_at=clock.now())
    return made


def _fill(maintenance_url: str, gaps: Sequence[Month]) -> list[Month]:
    """Nothing is written to these months now, so that what is in the way may stay there."""
    try:
        return partitions.create(maintenance_url, gaps)
    except TrackerError as error:
        _log.warning("gap not filled", months=[str(month) for month in gaps], reason=str(error))
        return []
