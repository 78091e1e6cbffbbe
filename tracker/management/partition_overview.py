"""The months of the two partitioned tables, and what is wrong with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.store.database import Database
from tracker.store.partitions import Partition, gap_sentences, list_partitions, missing, needed, problems


@dataclass(frozen=True, slots=True)
class PartitionOverview:
    """The partitions by table and month, and sentences about them.

    `problems` are odd partitions and months that hits need now; `gaps` lie between months, before those that are
    needed, and do no harm: an import makes its own months.
    """

    partitions: Sequence[Partition]
    problems: Sequence[str]
    gaps: Sequence[str]


def look(database: Database, now: datetime) -> PartitionOverview:
    """Raises DatabaseAway."""
    with database.transaction() as tx:
        partitions = list_partitions(tx)
        absent = missing(tx, needed(now.date()))
    found = problems(partitions)
    found += [f"The month {month} is missing: `python -m tracker migrate` makes it." for month in absent]
    return PartitionOverview(partitions, found, gap_sentences(partitions))
