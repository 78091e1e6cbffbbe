"""The commands of `stats` that read: show, parameter, drift, filtered."""

from dataclasses import asdict
from datetime import datetime
from typing import Literal

import click

from tracker.cli import connections
from tracker.cli.options import app_id_option, json_option
from tracker.cli.output import print_json, print_rows, print_table
from tracker.cli.reading_options import filter_of, param_option, period_of, period_options
from tracker.config import Settings
from tracker.reading import drift as drift_report
from tracker.reading import parameters, statistics, stored
from tracker.reading.period import Period
from tracker.reading.series import GROUPINGS, Grouping
from tracker.reading.statistics import Statistics

_COLUMNS = {
    "day": ("date", "total_requests", "unique_visitors", "unique_sessions", "parameters"),
    "hour": ("date", "hour", "total_requests", "unique_visitors", "parameters"),
}
_SERIES_COLUMNS = {
    "hour": ("date", "hour", "requests", "unique_visitors"),
    "day": ("date", "requests", "unique_visitors", "unique_sessions"),
    "month": ("date", "requests", "unique_visitors", "unique_sessions"),
}
_KEY_COLUMNS = ("parameter_key", "hits", "share", "distinct_values", "types")


@click.command()
@app_id_option
@period_options
@click.option("--by", type=click.Choice(["day", "hour"]), help="The hours or days that are stored (the default: day).")
@click.option(
    "--group-by", type=click.Choice(list(GROUPINGS)), help="Totals, and a row for each, also where nothing was."
)
@param_option
@json_option
def show(
    *,
    app_id: str,
    first: datetime | None,
    last: datetime | None,
    by: Literal["day", "hour"] | None,
    group_by: Grouping | None,
    params: tuple[tuple[str, object], ...],
    as_json: bool,
) -> None:
    """Show the statistics of an application.

    Without --group-by and --param: the hours or days that have any, as they are stored. With them: what
    GET /v1/statistics answers. --json has the custom parameters too.
    """
    if by and (group_by or params):
        raise click.UsageError("--by shows what is stored: with --param, or for totals, say --group-by.")
    period = period_of(first, last)
    if group_by or params:
        _show_statistics(app_id, period, group_by or "day", params, as_json=as_json)
    else:
        _show_stored(app_id, period, by or "day", as_json=as_json)


def _show_statistics(
    app_id: str, period: Period, group_by: Grouping, params: tuple[tuple[str, object], ...], *, as_json: bool
) -> None:
    settings = connections.settings()
    with connections.reading(settings) as database, connections.redis(settings) as redis:
        numbers = statistics.read(
            database,
            redis,
            connections.clock(settings),
            app_id=app_id,
            period=period,
            group_by=group_by,
            custom_params=filter_of(params),
        )
    if as_json:
        print_json(asdict(numbers))
        return
    print_table(_SERIES_COLUMNS[group_by], numbers.requests_by_date, empty="")
    click.echo(_sum_of(numbers))


def _sum_of(numbers: Statistics) -> str:
    """Return a sentence with the totals."""

    def number(value: int, what: str, *, exact: bool) -> str:
        return f"{value} {what}" if exact else f"at most {value} {what}"

    visitors = number(numbers.unique_visitors, "visitors", exact=numbers.unique_visitors_exact)
    sessions = number(numbers.unique_sessions, "sessions", exact=numbers.unique_sessions_exact)
    until = numbers.data_complete_until
    complete = f"; complete until {until:%Y-%m-%d %H:%M:%SZ}" if until else ""
    return f"{numbers.total_requests} requests by {visitors} in {sessions}{complete}."


def _show_stored(app_id: str, period: Period, by: Literal["day", "hour"], *, as_json: bool) -> None:
    with connections.reading(connections.settings()) as database:
        rows = stored.read(database, app_id, period, by=by)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        row["parameters"] = ", ".join(row["custom_param_stats"])
    empty = f"No hits of {app_id} are counted from {period.first} to {period.last}."
    print_table(_COLUMNS[by], rows, empty=empty)


@click.command()
@click.argument("parameter_key", metavar="KEY")
@app_id_option
@period_options
@click.option(
    "--limit",
    type=click.IntRange(1, parameters.MAX_VALUES),
    default=parameters.DEFAULT_LIMIT,
    show_default=True,
    help="How many values.",
)
@json_option
def parameter(
    *, parameter_key: str, app_id: str, first: datetime | None, last: datetime | None, limit: int, as_json: bool
) -> None:
    """Show the most frequent values of a custom parameter, and how many visitors and sessions had them."""
    settings = connections.settings()
    with connections.reading(settings) as database, connections.redis(settings) as redis:
        values = parameters.read(
            database,
            redis,
            connections.clock(settings),
            app_id=app_id,
            period=period_of(first, last),
            parameter_key=parameter_key,
            limit=limit,
        )
    if as_json:
        print_json(asdict(values))
        return
    columns = ("value", "count", "unique_visitors", "unique_sessions")
    print_table(columns, values.breakdown, empty=f"{parameter_key} had no values that are listed.")
    more = "" if values.exact else " Counts may be too low: of some days only the most frequent values are left."
    click.echo(f"{values.count} values, {values.distinct_values} different.{more}")
    if values.numbers is not None:
        click.echo(", ".join(f"{name} {value}" for name, value in values.numbers.items()))


@click.command()
@app_id_option
@period_options
@json_option
def drift(*, app_id: str, first: datetime | None, last: datetime | None, as_json: bool) -> None:
    """Show what custom parameters arrive beside what is defined: undefined keys, refused values, how many different."""
    with connections.reading(connections.settings()) as database:
        drift = drift_report.read(database, app_id=app_id, period=period_of(first, last))
    if as_json:
        print_json(asdict(drift))
        return
    which = "all" if drift.all_hits else "the latest"
    click.echo(f"Keys of {which} {drift.hits_looked_at} hits from {drift.start_date} to {drift.end_date}.")
    for title, columns, rows in (
        ("Without a definition", _KEY_COLUMNS, drift.undefined),
        ("Refused", ("parameter_key", "reason", "refused"), drift.refused),
        ("Defined", (*_KEY_COLUMNS[:1], "parameter_type", *_KEY_COLUMNS[1:]), drift.defined),
    ):
        click.echo(f"\n{title}:")
        print_table(columns, rows, empty="none")


@click.command()
@app_id_option
@json_option
def filtered(*, app_id: str, as_json: bool) -> None:
    """Show how many hits were left out, by hour and reason: bots, pages fetched ahead, visitors who object."""
    settings: Settings = connections.settings()
    with connections.reading(settings) as database:
        rows = stored.read_filtered(database, app_id)
    print_rows(("hour", "reason", "hits"), rows, empty=f"No hits of {app_id} were left out.", as_json=as_json)
