"""One turn of the upkeep of the monthly partitions."""

from tracker.clock import Clock
from tracker.log import logger
from tracker.store import partitions
from tracker.store.database import Database
from tracker.store.partitions import Month

_log = logger(__name__)


def upkeep(database: Database, maintenance_url: str, clock: Clock) -> list[Month]:
    """Make the months that must exist by now and do not, and say so where a month is oddly cut.

    Returns what was made, mostly nothing: then the maintenance connection is not opened at all. Raises DatabaseAway.
    """
    with database.transaction() as tx:
        missing = partitions.missing(tx, partitions.needed(clock.now().date()))
        problems = partitions.problems(partitions.list_partitions(tx))
    for problem in problems:
        _log.warning("partition bounds", problem=problem)
    if not missing:
        return []
    made = partitions.create(maintenance_url, missing)
    _log.info("partitions made", months=[str(month) for month in made])
    return made
