"""`partitions`: the months that hits can be stored in."""

import click

from tracker.cli import connections
from tracker.cli.options import json_option
from tracker.cli.output import note, print_json, print_table
from tracker.clock import SystemClock
from tracker.management import partition_overview

_COLUMNS = ("month", "table", "name", "from", "to", "rows_estimate", "bytes")


@click.group()
def partitions() -> None:
    """Monthly partitions of access_logs and custom_parameter_values."""


@partitions.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List the months with their bounds (UTC), the planner's estimate of their rows, and their size.

    Gaps, and months that should be there and are not, are named on standard error.
    """
    with connections.database(connections.settings()) as database:
        overview = partition_overview.look(database, SystemClock().now())
    rows = [
        {
            "month": str(each.month) if each.month else None,
            "table": each.table,
            "name": each.name,
            "from": each.start,
            "to": each.end,
            "rows_estimate": each.rows,
            "bytes": each.bytes,
        }
        for each in overview.partitions
    ]
    if as_json:
        print_json(rows)
    else:
        print_table(_COLUMNS, rows, empty="There are no partitions: run `python -m tracker migrate`.")
    for problem in overview.problems:
        note(problem)
