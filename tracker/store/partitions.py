"""The months of `access_logs` and `custom_parameter_values`: which there are, and which are missing."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from psycopg import sql

from tracker.store.connection import PostgresConnection
from tracker.store.database import Transaction
from tracker.store.maintenance import limit_lock_waits
from tracker.store.queries import execute, fetch_all

TABLES = ("access_logs", "custom_parameter_values")
MONTHS_AHEAD = 3
"""How many coming months are made beforehand, so that a scheduler that stands still for weeks costs no hit."""

_MAINTENANCE_WAIT = 5.0
"""Seconds; each of PostgreSQL's three autovacuum workers may cost one."""
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_BOUNDS = re.compile(r"FROM \('([^']+)'\) TO \('([^']+)'\)")


@dataclass(frozen=True, order=True, slots=True)
class Month:
    """A calendar month in UTC, written YYYY-MM."""

    year: int
    month: int

    @classmethod
    def of(cls, day: date) -> "Month":
        """Return the month of a day, or of an aware time (which is taken in UTC)."""
        day = day.astimezone(UTC) if isinstance(day, datetime) else day
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> "Month":
        """Return the month of YYYY-MM; ValueError for anything else."""
        match = _MONTH.fullmatch(text)
        if match is None or match[1] == "0000":
            raise ValueError("a month is written YYYY-MM")
        return cls(int(match[1]), int(match[2]))

    def plus(self, months: int) -> "Month":
        years, month = divmod(self.month - 1 + months, 12)
        return Month(self.year + years, month + 1)

    @property
    def start(self) -> datetime:
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def days(self) -> tuple[date, date]:
        """Return the first and the last day."""
        return self.start.date(), (self.plus(1).start - timedelta(days=1)).date()

    def minus(self, earlier: "Month") -> int:
        """Return how many months lie between the beginnings of the two."""
        return (self.year - earlier.year) * 12 + self.month - earlier.month

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """One month's table. `rows` is the planner's estimate; `bytes` counts indexes too; bounds are aware, UTC.

    A partition whose bounds are not two times (a default partition that somebody made) has None for all three.
    `half_detached` says that a DETACH CONCURRENTLY broke off: rows of that month are refused until it is finished.
    """

    table: str
    name: str
    month: Month | None
    start: datetime | None
    end: datetime | None
    rows: int
    bytes: int
    half_detached: bool = False


_EARLIEST, _LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def needed(today: date) -> list[Month]:
    """Return the months that must exist on a day: the one before (late hits), the current one, and MONTHS_AHEAD."""
    return [Month.of(today).plus(months) for months in range(-1, MONTHS_AHEAD + 1)]


def first_kept(today: date, retention_months: int) -> Month | None:
    """Return the oldest month that is kept: `retention_months` whole months before the current one.

    Returns None where 0 keeps all.
    """
    return Month.of(today).plus(-retention_months) if retention_months else None


def list_partitions(tx: Transaction) -> list[Partition]:
    """Every partition of both tables, by name, which is by table and month."""
    return [_partition(**row) for row in fetch_all(tx, "partitions/list_partitions")]


def oldest_month(tx: Transaction) -> Month | None:
    """Return the oldest month of which there is a partition."""
    return min((partition.month for partition in list_partitions(tx) if partition.month), default=None)


def first_hit(tx: Transaction) -> datetime | None:
    """Return the time of the first hit that there is; month by month, since a look at all would lock all of them."""
    attached = [
        partition for partition in list_partitions(tx) if partition.table == TABLES[0] and not partition.half_detached
    ]
    times: list[datetime] = []
    for partition in sorted(attached, key=lambda month: month.start or _EARLIEST):
        row = tx.execute(
            sql.SQL("SELECT min(created_at) FROM ONLY {}").format(sql.Identifier(partition.name))
        ).fetchone()
        if row is not None and row[0] is not None:
            times.append(row[0])
            if partition.start is not None:
                break
    return min(times, default=None)


def holds_rows_since(tx: Transaction, partition: Partition, time: datetime) -> bool:
    """Return whether a partition holds a row from `time` or later, whatever its bounds say; by the index."""
    query = sql.SQL("SELECT EXISTS (SELECT FROM ONLY {} WHERE created_at >= %s)")
    row = tx.execute(query.format(sql.Identifier(partition.name)), [time]).fetchone()
    return row is not None and bool(row[0])


def missing(tx: Transaction, months: Iterable[Month]) -> list[Month]:
    """Return those of `months` that one of the two tables lacks, in order.

    A month that is half detached takes no hits.
    """
    present = {(partition.table, partition.month) for partition in list_partitions(tx) if not partition.half_detached}
    return sorted({month for month in months for table in TABLES if (table, month) not in present})


def problems(partitions: Sequence[Partition]) -> list[str]:
    """Return what is wrong with the partitions themselves, one sentence each."""
    sentences = [
        f"{partition.name} is not one month of {partition.table}." for partition in partitions if not partition.month
    ]
    sentences += [
        f"{partition.name} is half detached, and hits of {partition.month or 'its time'} are refused: the scheduler, "
        f"or `python -m tracker partitions create {partition.month or 'YYYY-MM'}`, attaches it again."
        for partition in partitions
        if partition.half_detached
    ]
    return sentences


def gap_sentences(partitions: Sequence[Partition]) -> list[str]:
    """Return the times between partitions that no partition takes, a sentence each.

    An old import leaves some, harmlessly.
    """
    sentences: list[str] = []
    for table in TABLES:
        months = [partition for partition in partitions if partition.table == table and partition.month]
        months.sort(key=lambda partition: partition.name)
        sentences += [
            f"{table} has a gap from {earlier.end:%Y-%m-%d} to {later.start:%Y-%m-%d}."
            for earlier, later in pairwise(months)
            if earlier.end != later.start
        ]
    return sentences


def gaps(partitions: Sequence[Partition], *, longest: int) -> list[Month]:
    """Return the months that both tables should have between those that they have.

    Gaps of more than `longest` in a row are left out.
    """
    months = sorted({partition.month for partition in partitions if partition.month})
    return [
        earlier.plus(number)
        for earlier, later in pairwise(months)
        if (distance := later.minus(earlier)) <= longest + 1
        for number in range(1, distance)
    ]


def end_autovacuum(connection: PostgresConnection) -> None:
    """Keep maintenance away from the tables until the current transaction ends.

    An autovacuum of one month's hits would be in the way of the strong locks for as long as it lasts, and PostgreSQL
    ends it only for somebody who has waited for deadlock_timeout (1 s). The lock that is waited for here is of the kind
    that autovacuum takes itself: hits are written meanwhile, whoever has to wait.
    """
    limit_lock_waits(connection, _MAINTENANCE_WAIT)
    execute(connection, "partitions/end_autovacuum")


def _bound(text: str) -> datetime:
    """Return a bound; for what lies beyond Python's times (PostgreSQL has more years, and infinity) the nearest."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return _EARLIEST if text.startswith(("-", "0001")) or text.endswith("BC") else _LATEST


def _partition(
    *,
    table_name: str,
    partition_name: str,
    bounds: str,
    half_detached: bool,
    rows_estimate: int,
    bytes: int,  # noqa: A002 the column's name
) -> Partition:
    match = _BOUNDS.search(bounds)
    start, end = (_bound(text) for text in match.groups()) if match else (None, None)
    month = None
    if start is not None and end is not None and start.year < _LATEST.year:
        month = Month.of(start)
        month = month if (start, end) == (month.start, month.plus(1).start) else None
    return Partition(
        table=table_name,
        name=partition_name,
        month=month,
        start=start,
        end=end,
        rows=rows_estimate,
        bytes=bytes,
        half_detached=half_detached,
    )
