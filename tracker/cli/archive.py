"""`partitions archive` and `restore`: months whose files stay when their rows go, and that come back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tracker.cli import connections
from tracker.cli.facts_of_days import facts_writer
from tracker.cli.options import MONTH, json_option
from tracker.cli.output import note, print_json
from tracker.clock import SystemClock
from tracker.config import Settings
from tracker.errors import conflict, not_found
from tracker.maintenance.archive_months import Archive
from tracker.maintenance.drop_partitions import drop_month
from tracker.maintenance.restore_month import restore_month
from tracker.store import archived_months, partitions
from tracker.store.database import Database
from tracker.store.partitions import Month
from tracker.store.server_facts import server_time
from tracker.wiring.scheduler import STATISTICS


@click.command()
@click.argument("month", type=MONTH, metavar="YYYY-MM")
@click.option("--full", is_flag=True, help="Keep all columns of the hits too, so that `restore` can bring them back.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def archive(*, month: Month, full: bool, yes: bool, as_json: bool) -> None:
    """Drop a month of both tables, and keep its facts: reports go on to reach back to it.

    Each day's facts, and with --full all its columns, are compared with its rows before anything is dropped. What broke
    off is gone on with when the command is run again.
    """
    settings = connections.settings()
    with connections.database(settings) as database:
        _demand_to_be_over(database, month)
        if not yes:
            what = "all their columns in files" if full else "no more than their facts"
            question = f"Drop the hits of {month}, and keep {what}?"
            click.confirm(question, abort=True, err=True)
        with _progress("archiving", "days") as advance:
            drop_month(
                database,
                settings.database_maintenance_url,
                SystemClock(),
                month,
                statistics=STATISTICS,
                archive=replace(archive_of(settings, database), has_hits=full),
                on_step=note,
                on_day=advance,
            )
        with database.transaction() as tx:
            archived = archived_months.find(tx, month)
    assert archived is not None
    if as_json:
        values = {"month": str(month), "hits": archived.hits, "facts_bytes": archived.facts_bytes}
        print_json({**values, "full": archived.has_hits, "hits_bytes": archived.hits_bytes})
    else:
        kept = f"{archived.facts_bytes:,} bytes of facts" + (
            f", {archived.hits_bytes:,} of hits" if archived.has_hits else ""
        )
        click.echo(f"{month} is archived: {archived.hits:,} hits, {kept}.")


@click.command()
@click.argument("month", type=MONTH, metavar="YYYY-MM")
@json_option
def restore(*, month: Month, as_json: bool) -> None:
    """Bring back a month that was archived with --full, row for row; it then stays until it is archived or dropped.

    Rows are compared with the files as they come. What broke off is gone on with when the command is run again.
    """
    settings = connections.settings()
    with connections.database(settings) as database, _progress("restoring", "files") as advance:
        hits = restore_month(
            facts_writer(settings, database),
            settings.database_maintenance_url,
            month,
            on_step=note,
            on_file=advance,
        )
    if as_json:
        print_json({"month": str(month), "hits": hits})
    else:
        click.echo(f"{month} is back: {hits:,} hits." if hits else f"{month} is in PostgreSQL: there is nothing to do.")


def archive_of(settings: Settings, database: Database) -> Archive:
    """Return the rule of these settings, with what writes facts in this process."""
    return Archive(
        writer=facts_writer(settings, database), months=settings.archive_months, has_hits=settings.archive_full
    )


def rows(database: Database) -> list[dict[str, Any]]:
    """Return what `partitions list` shows of archived months."""
    with database.transaction() as tx:
        dropped = [archived for archived in archived_months.look(tx) if archived.dropped_at is not None]
    return [
        {
            "month": str(archived.month),
            "table": "archived",
            "name": "facts and hits" if archived.has_hits else "facts",
            "from": archived.month.start,
            "to": archived.month.plus(1).start,
            "rows_estimate": archived.hits,
            "bytes": archived.facts_bytes + archived.hits_bytes,
        }
        for archived in dropped
    ]


def extent(database: Database, month: Month) -> tuple[int, int] | None:
    """Return the hits of an archived month and the bytes of its files; None for one that is not archived."""
    with database.transaction() as tx:
        archived = archived_months.find(tx, month)
    if archived is None or archived.dropped_at is None:
        return None
    return archived.hits, archived.facts_bytes + archived.hits_bytes


def _demand_to_be_over(database: Database, month: Month) -> None:
    with database.transaction() as tx:
        there = {partition.month for partition in partitions.list_partitions(tx)}
        needed = {*partitions.needed(SystemClock().now().date()), *partitions.needed(server_time(tx).date())}
        archived = archived_months.find(tx, month)
    if archived is not None and archived.dropped_at is not None and month not in there:
        raise conflict(f"{month} is archived already: see `python -m tracker partitions list`.")
    if month not in there:
        raise not_found(f"There is no month {month}: see `python -m tracker partitions list`.")
    if month > max(needed):
        raise conflict(f"The month {month} is not over.")
    if month in needed:
        raise conflict(f"The month {month} must exist: hits are written to it.")
    if not STATISTICS.is_final(database, month):
        raise conflict(f"The statistics of {month} are not final yet: let the scheduler fold what waits.")


@contextmanager
def _progress(verb: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on a terminal. The function that it yields takes how many of how many are done."""
    console = Console(stderr=True)
    columns = (TextColumn(verb), BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        bar = progress.add_task(verb, total=None)
        yield lambda done, total: progress.update(bar, total=total, completed=done)
