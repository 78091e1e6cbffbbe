"""`stats report`: what GET /v1/reports answers, as a table, JSON or CSV."""

import csv
import io
from contextlib import closing
from dataclasses import asdict
from typing import Any

import click

from tracker.cli import connections
from tracker.cli.options import app_id_option, json_option
from tracker.cli.output import note, print_json, print_table
from tracker.cli.terminal import visible
from tracker.reading.export_lines import safe_cell
from tracker.reports import answer, dimensions, filters, measures
from tracker.reports.answer import Report
from tracker.reports.question import COMPARES, DEFAULT_ROWS, MAX_ROWS
from tracker.reports.readers import Readers
from tracker.reports.zone_days import INTERVALS
from tracker.wiring.facts import facts_folder


@click.command()
@app_id_option
@click.option("--from", "start_date", metavar="DAY", help="First day; without it, six days before the last.")
@click.option("--to", "end_date", metavar="DAY", help="Last day, included; without it, today.")
@click.option("--measures", metavar="NAMES", help=f"By commas: {', '.join(measures.NAMES)}, sum:KEY, mean:KEY.")
@click.option("--by", "dimensions", metavar="NAMES", help=f"At most two of {', '.join(dimensions.NAMES)}, param:KEY.")
@click.option("--filters", metavar="JSON", help=f'[["page", "is", "/cart"]]; {", ".join(filters.COMPARISONS)}.')
@click.option("--interval", metavar="NAME", help=f"A row for each {', '.join(INTERVALS)}.")
@click.option("--compare", metavar="NAME", help=f"With the time before: {' or '.join(COMPARES)}.")
@click.option("--order", metavar="NAME", help="A measure or a dimension; with - before it the largest first.")
@click.option("--limit", type=click.IntRange(1, MAX_ROWS), metavar="N", help=f"Rows ({DEFAULT_ROWS}).")
@click.option("--cursor", metavar="TEXT", help="Where the page before ended.")
@click.option("--csv", "as_csv", is_flag=True, help="Lines of CSV with a header.")
@json_option
def report(*, app_id: str, limit: int | None, as_csv: bool, as_json: bool, **given: str | None) -> None:
    """Show measures of an application's hits by dimensions. Days are those of its time zone."""
    settings = connections.settings()
    given["limit"] = None if limit is None else str(limit)
    with (
        connections.database(settings) as database,
        closing(Readers(facts_folder(settings, database, is_command=True))) as readers,
    ):
        now = connections.clock(settings).now()
        report = answer.read(database, readers, app_id=app_id, given=given, now=now)
    if as_json:
        print_json(asdict(report))
        return
    rows = [_flat(row) for row in report.rows]
    columns = _columns(report)
    if as_csv:
        click.echo(_csv(columns, rows), nl=False)
    else:
        print_table(columns, rows, empty=f"No hits from {report.start_date} to {report.end_date}.")
    if report.next_cursor:
        note(f"There are more: --cursor {report.next_cursor}")
    if not report.exact:
        added = "counted by day, so that who came on several counts several times" if report.summed else "missing"
        note(f"{report.missing_days} days have no facts and are {added}.")
    if not report.up_to_date:
        note("Facts of these days are being written anew.")


def _columns(report: Report) -> list[str]:
    time = ["time"] if report.interval else []
    before = [f"before {name}" for name in report.measures] if report.compare else []
    return [*time, *report.dimensions, *report.measures, *before]


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    before = row.get("before", {})
    plain = {name: value for name, value in row.items() if name != "before"}
    return {**plain, **{f"before {name}": value for name, value in before.items()}}


def _csv(columns: list[str], rows: list[dict[str, Any]]) -> str:
    """Return lines of CSV; an apostrophe stands where a spreadsheet would begin a formula, as in every other CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row[name]) for name in columns] for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    return safe_cell(visible(value)) if isinstance(value, str) else value
