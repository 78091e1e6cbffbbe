"""One turn of the create_partitions of the monthly partitions: what must exist is made, gaps are filled."""

from collections.abc import Callable, Sequence

from tracker.clock import Clock
from tracker.errors import MonthsNotMade, TrackerError
from tracker.log import logger
from tracker.store import archived_months, batch_jobs, partition_making, partitions
from tracker.store.database import Database
from tracker.store.partition_strays import strays
from tracker.store.partitions import Month

JOB_TYPE = "create_partitions"
MAX_GAP_MONTHS = 24
"""Months. A longer one lies between what is written now and an old log that was imported; it is only reported."""

_log = logger(__name__)


def create_partitions(
    database: Database,
    maintenance_url: str,
    clock: Clock,
    *,
    retention_months: int = 0,
    said: set[str] | None = None,
    should_continue: Callable[[], bool] = lambda: True,
) -> list[Month]:
    """Make the months that must exist by now and do not, fill gaps between months, and say where one is oddly cut.

    A month that is kept and half detached is attached again. A gap that lies before the retention is left as it is, and
    so is one whose table stands alone: somebody detached it. What is wrong is logged once while `said` remembers it.
    Returns what was made, mostly nothing: then the maintenance connection is not opened at all. Raises
    DatabaseUnavailable where the locks were not to be had; no writer was held up for longer than half a second, and
    there is time: the months are made long before they are needed.
    """
    started_at = clock.now()
    said = set() if said is None else said
    with database.transaction() as tx:
        there = partitions.list_partitions(tx)
        needed = partitions.missing(tx, partitions.needed(started_at.date()))
        gaps = partitions.missing(tx, partitions.gaps(there, longest=MAX_GAP_MONTHS))
        alone = {stray.month for stray in strays(tx)} | archived_months.dropped(tx)
    first_kept = partitions.first_kept(started_at, retention_months)
    half_detached = {partition.month for partition in there if partition.half_detached and partition.month}
    needed = sorted({*needed, *(month for month in half_detached if first_kept is None or month >= first_kept)})
    gaps = [month for month in gaps if first_kept is None or month >= first_kept]
    problems = partitions.problems(there)
    made: list[Month] = []
    try:
        made += _make(maintenance_url, needed, problems) if needed else []
        if should_continue():
            made += _fill(maintenance_url, [month for month in gaps if month not in {*needed, *alone}], problems)
    finally:
        _say(problems, said)
    if made:
        _log.info("partitions made", months=[str(month) for month in made])
        with database.transaction() as tx:
            batch_jobs.add_run(tx, JOB_TYPE, count=len(made), started_at=started_at, completed_at=clock.now())
    return made


def _make(maintenance_url: str, months: Sequence[Month], problems: list[str]) -> list[Month]:
    try:
        return partition_making.create(maintenance_url, months)
    except MonthsNotMade as error:
        problems += error.reasons
        return [month for month in error.made if isinstance(month, Month)]


def _fill(maintenance_url: str, gaps: Sequence[Month], problems: list[str]) -> list[Month]:
    """Fill gaps. Nothing is written to these months now, so that what is in the way may stay there."""
    try:
        return _make(maintenance_url, gaps, problems) if gaps else []
    except TrackerError as error:
        _log.warning("gap not filled", months=[str(month) for month in gaps], reason=str(error))
        return []


def _say(problems: Sequence[str], said: set[str]) -> None:
    for problem in problems:
        if problem not in said:
            _log.warning("partitions", problem=problem)
    said.clear()
    said.update(problems)
