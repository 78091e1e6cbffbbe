"""`partitions`: the months that hits can be stored in."""

from collections.abc import Sequence
from datetime import datetime

import click

from tracker.cli import archive, connections
from tracker.cli.options import MONTH, json_option
from tracker.cli.output import note, print_rows
from tracker.clock import Clock, SystemClock
from tracker.config import Settings
from tracker.diagnostics import partition_overview
from tracker.errors import conflict, not_found
from tracker.maintenance import expired_months as retention_check
from tracker.maintenance.drop_partitions import drop_expired, drop_month
from tracker.store import partition_making
from tracker.store import partitions as store
from tracker.store.database import Database
from tracker.store.partitions import Month, Partition
from tracker.store.server_facts import server_time
from tracker.wiring.scheduler import STATISTICS

_COLUMNS = ("month", "table", "name", "from", "to", "rows_estimate", "bytes")


@click.group()
def partitions() -> None:
    """Monthly partitions of access_logs and custom_parameter_values."""


partitions.add_command(archive.archive)
partitions.add_command(archive.restore)


@partitions.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List the months with their bounds (UTC), the planner's estimate of their rows, and their size.

    Standard error names gaps, months that should be there and are not, and which month the retention drops next.
    """
    settings = connections.settings()
    with connections.database(settings) as database:
        overview = partition_overview.look(database, connections.clock(settings).now())
        archived = archive.rows(database)
    rows = [
        {
            "month": str(partition.month) if partition.month else None,
            "table": partition.table,
            "name": partition.name,
            "from": partition.start,
            "to": partition.end,
            "rows_estimate": partition.rows,
            "bytes": partition.bytes,
        }
        for partition in overview.partitions
    ] + archived
    print_rows(_COLUMNS, rows, empty="There are no partitions: run `python -m tracker migrate`.", as_json=as_json)
    for sentence in (*overview.problems, *overview.gaps, overview.outlook):
        note(sentence)


@partitions.command()
@click.argument("months", nargs=-1, type=MONTH, metavar="[YYYY-MM]...")
def create(months: tuple[Month, ...]) -> None:
    """Make months of both tables; without any, those that must exist now. An existing month is left alone."""
    settings = connections.settings()
    today = connections.clock(settings).now().date()
    made = partition_making.create(settings.database_maintenance_url, months or store.needed(today), on_step=note)
    if not made:
        note("Nothing to do: they exist.")


@partitions.command()
@click.argument("month", type=MONTH, metavar="[YYYY-MM]", required=False)
@click.option("--expired", is_flag=True, help="Every month that is older than the scheduler's retention keeps.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def drop(month: Month | None, *, expired: bool, yes: bool) -> None:
    """Drop a month of both tables with all its hits, and what is archived of it. Its statistics stay.

    With --expired all the months that TRACKER_RETENTION_MONTHS does not keep: the scheduler drops one a month by
    itself, and leaves more than that, and whatever is due after a leap of the clocks, to this command.
    """
    if (month is None) is not expired:
        raise click.UsageError("Name a month, YYYY-MM, or give --expired.")
    settings, clock = connections.settings(), SystemClock()
    with connections.database(settings) as database:
        if month is None:
            _drop_expired(settings, database, clock, yes=yes)
            return
        rows, size = archive.extent(database, month) or _extent(database, month, clock.now())
        if not yes:
            click.confirm(f"Drop {month} with about {rows:,} hits ({size:,} bytes) for good?", abort=True, err=True)
        drop_month(database, settings.database_maintenance_url, clock, month, statistics=STATISTICS, on_step=note)


def _drop_expired(settings: Settings, database: Database, clock: Clock, *, yes: bool) -> None:
    expiry = retention_check.expiry(database, clock, settings.retention_months)
    hits, size = _sums(expiry.partitions)
    time = f"It is {expiry.now:%Y-%m-%d %H:%MZ}; things were deleted last as of {expiry.deleted_as_of:%Y-%m-%d %H:%MZ}."
    if expiry.months:
        months = f"{expiry.months[0]} to {expiry.months[-1]}" if len(expiry.months) > 1 else str(expiry.months[0])
        question = (
            f"{time} Drop {len(expiry.months)} months, {months}, with about {hits:,} hits ({size:,} bytes), which "
            f"TRACKER_RETENTION_MONTHS={settings.retention_months} does not keep, for good?"
        )
    else:
        question = f"{time} No month is to be dropped. Is that time right, so that deletions may go on by it?"
    if not yes:
        click.confirm(question, abort=True, err=True)
    kept = drop_expired(
        database,
        settings.database_maintenance_url,
        clock,
        expiry.months,
        now=expiry.now,
        statistics=STATISTICS,
        archive=archive.archive_of(settings, database),
        on_step=note,
    )
    if kept:
        raise conflict(f"The statistics of {kept[0]} are not final yet: let `python scheduler.py` fold what waits.")


def _extent(database: Database, month: Month, now: datetime) -> tuple[int, int]:
    """Return the planner's estimate of a month's hits, and its size in bytes. Raises Refused where it must not go."""
    with database.transaction() as tx:
        of_month = [partition for partition in store.list_partitions(tx) if partition.month == month]
        needed = {*store.needed(now.date()), *store.needed(server_time(tx).date())}
    if not of_month:
        raise not_found(f"There is no month {month}: see `python -m tracker partitions list`.")
    if month in needed:
        raise conflict(f"The month {month} must exist: hits are written to it.")
    if not STATISTICS.is_final(database, month):
        raise conflict(f"The statistics of {month} are not final yet: let the scheduler fold what waits.")
    return _sums(of_month)


def _sums(of_month: Sequence[Partition]) -> tuple[int, int]:
    rows = sum(partition.rows for partition in of_month if partition.table == "access_logs")
    return rows, sum(partition.bytes for partition in of_month)
