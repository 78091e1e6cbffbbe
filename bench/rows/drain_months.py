"""One worker draining a full stream with 36 months of partitions, against the same with two."""

from collections.abc import Callable
from datetime import UTC, datetime

from bench import pairs
from bench.effort import Effort
from bench.results import Row
from bench.rows.worker_drain import rows_per_second
from bench.stage import Stage
from tracker.clock import SystemClock
from tracker.store import partition_making, partition_removal, partitions
from tracker.store.database import Database
from tracker.store.partitions import Month

NAME = "drain with 36 months"
TARGET = 0.90
MANY, FEW = 36, 2


def measure(stage: Stage, effort: Effort) -> Row:
    count = effort.drained_hits

    def with_months(months: int) -> Callable[[], float]:
        def side() -> float:
            _keep_months(stage.environment["DATABASE_URL"], months)
            stage.empty_tables()
            stage.empty_streams()
            stage.fill_stream(count)
            return rows_per_second(stage, ["-m", "bench.drain_once"], count)

        return side

    with_months(MANY)()
    measured = pairs.measured_in_turn(effort.rounds, with_months(MANY), with_months(FEW))
    _keep_months(stage.environment["DATABASE_URL"], FEW)
    partition_making.create(stage.environment["DATABASE_URL"], partitions.needed(SystemClock().now().date()))
    return Row(
        name=NAME,
        value=round(measured.ratio, 3),
        unit="of the rate with 2",
        target=TARGET,
        direction="at least",
        details=measured.details("hits/s") | {"hits_a_round": count},
    )


def _keep_months(url: str, count: int) -> None:
    """Have the current month and those before it, `count` in all, and no other."""
    current = Month.of(datetime.now(UTC))
    wanted = [current.plus(-number) for number in range(count)]
    database = Database(url, name="bench")
    with database.transaction() as tx:
        there = {partition.month for partition in partitions.list_partitions(tx) if partition.month}
    database.close()
    for month in sorted(there.difference(wanted)):
        partition_removal.remove(url, month, should_continue=lambda: True)
    partition_making.create(url, wanted)
