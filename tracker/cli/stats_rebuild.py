"""`stats rebuild` and `stats verify`: statistics recomputed, and compared with a recount."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from itertools import groupby
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tracker.cli import connections, facts_of_days
from tracker.cli.options import DAY, json_option
from tracker.cli.output import note, print_json, print_table
from tracker.facts.rebuild import DAYS_AT_ONCE
from tracker.stats.rebuild import Passed
from tracker.stats.rebuild import rebuild as rebuild_days
from tracker.stats.verify import DayDifference
from tracker.stats.verify import verify as verify_days

_MAX_CELL_WIDTH = 60
_DIFFERENCE_COLUMNS = ("app_id", "date", "hour", "number", "stored", "recounted")
_one_application = click.option("--app-id", metavar="ID", help="Of this application only.")


@click.command()
@click.option("--from", "first", type=DAY, required=True, help="First day (UTC).")
@click.option("--to", "last", type=DAY, required=True, help="Last day (UTC), included.")
@_one_application
@json_option
def rebuild(*, first: datetime, last: datetime, app_id: str | None, as_json: bool) -> None:
    """Recompute days from the raw rows, while hits arrive; days whose raw rows were removed are left as they are.

    The facts that reports are made from are written anew too, and all of them where their folder is gone.
    """
    since, to = first.date(), last.date()
    _demand_order(since, to)
    settings = connections.settings()
    with connections.database(settings, at_once=DAYS_AT_ONCE) as database, _progress("rebuilding") as advance:
        done = rebuild_days(
            database,
            connections.clock(settings),
            first=since,
            last=to,
            app_id=app_id,
            on_date=lambda day: advance(since, to, day),
        )
        facts = facts_of_days.rebuild_days(database, facts_of_days.facts_writer(settings, database), since, to, app_id)
    if as_json:
        print_json({"days": done.days, "hits": done.hits, "passed_over": [asdict(passed) for passed in done.passed]})
        return
    click.echo(f"{done.days} {'day' if done.days == 1 else 'days'} rebuilt from {done.hits} hits.")
    if facts:
        note(f"Reports have {facts} facts of these days.")
    _say_passed(done.passed)


@click.command()
@click.option("--from", "first", type=DAY, help="First day (UTC); without it, the first that there is.")
@click.option("--to", "last", type=DAY, help="Last day (UTC), included; without it, today.")
@_one_application
@json_option
def verify(*, first: datetime | None, last: datetime | None, app_id: str | None, as_json: bool) -> None:
    """Compare hours and days with a recount from the raw rows; exit status 1 where any number differs.

    What waits to be counted is counted first. Days whose raw rows were removed cannot be compared and are named. The
    facts that reports are made from are compared with the rows too.
    """
    since, to = first and first.date(), last and last.date()
    if since and to:
        _demand_order(since, to)
    settings = connections.settings()
    with connections.database(settings) as database, _progress("verifying") as advance:
        clock = connections.clock(settings)
        done = verify_days(database, clock, first=since, last=to, app_id=app_id, on_date=advance)
        writer = facts_of_days.facts_writer(settings, database)
        done.differences += facts_of_days.verify_days(database, writer, since, to or clock.now().date(), app_id)
    rows = [_difference(difference) for difference in done.differences]
    if as_json:
        print_json({"days": done.days, "differences": rows, "passed_over": [asdict(passed) for passed in done.passed]})
    else:
        if rows:
            print_table(_DIFFERENCE_COLUMNS, [_shortened(row) for row in rows], empty="")
        differ = "1 number differs." if len(rows) == 1 else f"{len(rows)} numbers differ."
        agreement = differ if rows else "every number agrees with a recount."
        click.echo(f"{done.days} {'day' if done.days == 1 else 'days'} compared: {agreement}")
        _say_passed(done.passed)
    if rows:
        sys.exit(1)


def _demand_order(first: date, last: date) -> None:
    if last < first:
        raise click.UsageError(f"--from {first} is after --to {last}.")


def _difference(day_difference: DayDifference) -> dict[str, Any]:
    difference = day_difference.difference
    return {
        "app_id": day_difference.app_id,
        "date": day_difference.date,
        "hour": "day" if difference.hour < 0 else difference.hour,
        "number": difference.name,
        "stored": difference.stored,
        "recounted": difference.recounted,
    }


def _shortened(row: dict[str, Any]) -> dict[str, Any]:
    """Return the row for a table: a parameter's statistics are long, and --json has them whole."""
    return {
        name: f"{value[:_MAX_CELL_WIDTH]}…" if isinstance(value, str) and len(value) > _MAX_CELL_WIDTH else value
        for name, value in row.items()
    }


def _say_passed(passed: list[Passed]) -> None:
    """Print a line for each application and reason, not for each day."""
    ordered = sorted(passed, key=lambda passed_day: (passed_day.app_id, passed_day.reason, passed_day.date))
    for (app_id, reason), group in groupby(ordered, key=lambda passed_day: (passed_day.app_id, passed_day.reason)):
        days = [passed_day.date for passed_day in group]
        note(f"passed over: {app_id}, {len(days)} days from {days[0]} to {days[-1]}: {reason}.")


@contextmanager
def _progress(verb: str) -> Iterator[Callable[[date, date, date], None]]:
    """Show a bar over the dates, on a terminal.

    The function that it yields takes the first, the last and the one done.
    """
    console = Console(stderr=True)
    columns = (TextColumn(verb), BarColumn(), MofNCompleteColumn(), TextColumn("days"), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        bar = progress.add_task(verb, total=None)
        yield lambda first, last, done: progress.update(
            bar, total=(last - first).days + 1, completed=(done - first).days + 1
        )
