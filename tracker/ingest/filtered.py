"""Writing down how many hits the receivers have left out: a turn once a minute, beside the draining of hits."""

from tracker.clock import Clock
from tracker.log import logger
from tracker.queueing import filtered
from tracker.queueing.connection import Connection
from tracker.queueing.shards import shards_of
from tracker.store import filtered_hits
from tracker.store.database import Database
from tracker.store.filtered_hits import FilteredCount
from tracker.store.standby import await_standby

_log = logger(__name__)


def fold(redis: Connection, database: Database, clock: Clock) -> None:
    """Bring the counts from Redis into `filtered_hits`, each once, unless somebody did within the last minute.

    Interrupted anywhere it is taken up by the next turn. Raises QueueUnavailable, DatabaseUnavailable.
    """
    if filtered.is_due(redis) and filtered.claim_turn(redis):
        fold_now(redis, database, clock)


def fold_now(redis: Connection, database: Database, clock: Clock) -> int:
    """Do the same without asking whose turn it is; how many hits the counts are about."""
    return sum(_fold(shard, database, clock) for shard in shards_of(redis))


def _fold(shard: Connection, database: Database, clock: Clock) -> int:
    total = 0
    # Twice, since the first may be what an interrupted turn left behind.
    for _ in range(2):
        taken = filtered.take(shard)
        if taken is None:
            break
        counts = [
            FilteredCount(count.application_id, count.hour, count.reason[:30], count.hits) for count in taken.counts
        ]
        with database.transaction() as tx:
            added = filtered_hits.add(tx, taken.id, counts, clock.now())
            await_standby(tx)
        filtered.forget(shard, taken)
        if added:
            hits = sum(count.hits for count in counts if count.reason != filtered_hits.ACCEPTED)
            total += hits
            _log.info("filtered hits counted", counts=len(counts), hits=hits)
    return total
