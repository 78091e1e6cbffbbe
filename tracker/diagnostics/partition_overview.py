"""The months of the two partitioned tables, and what is wrong with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tracker.diagnostics.retention_outlook import outlook
from tracker.store import retention_state
from tracker.store.database import Database
from tracker.store.partition_strays import obstacles, strays
from tracker.store.partitions import Partition, gap_sentences, list_partitions, missing, needed, problems

_TIME_TO_MAKE: Final = timedelta(minutes=5)
"""With a month's beginning another one comes due, far ahead: for so long the scheduler may not have made it yet."""


@dataclass(frozen=True, slots=True)
class PartitionOverview:
    """The partitions by table and month, and sentences about them.

    `problems` are odd partitions and months that hits need now; `gaps` lie between months, before those that are
    needed, and do no harm: an import makes its own months.
    """

    partitions: Sequence[Partition]
    problems: Sequence[str]
    gaps: Sequence[str]
    outlook: str
    """Which months the retention drops next, and when."""


def look(database: Database, now: datetime) -> PartitionOverview:
    """Raises DatabaseUnavailable."""
    due = set(needed((now - _TIME_TO_MAKE).date()))
    with database.transaction() as tx:
        partitions = list_partitions(tx)
        absent = missing(tx, [month for month in needed(now.date()) if month in due])
        in_the_way = {month: obstacles(tx, partitions, month) for month in absent}
        alone = strays(tx)
        retention_months = retention_state.running_months(tx)
    sentences = problems(partitions)
    half_detached = {partition.month for partition in partitions if partition.half_detached}
    for month in absent:
        sentences += in_the_way[month]
        if not in_the_way[month] and month not in half_detached:
            to_do = f"the scheduler, or `python -m tracker partitions create {month}`, makes it"
            sentences.append(f"The month {month} is missing: {to_do}.")
    detached = [
        f"{stray.name} stands alone, detached; `python -m tracker partitions create {stray.month}` attaches it."
        for stray in alone
        if stray.stands_alone and stray.month not in absent
    ]
    gaps = [*gap_sentences(partitions), *detached]
    return PartitionOverview(partitions, sentences, gaps, outlook(partitions, retention_months, now))
