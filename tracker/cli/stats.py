"""`stats`: the statistics of applications: show them, recompute them, compare them with a recount."""

import click

from tracker.cli.lazy_group import LazyGroup

_COMMANDS = {
    "show": ("tracker.cli.stats_reading:show", "Show the statistics of an application."),
    "parameter": ("tracker.cli.stats_reading:parameter", "Show the most frequent values of a custom parameter."),
    "drift": ("tracker.cli.stats_reading:drift", "Show what custom parameters arrive beside what is defined."),
    "filtered": ("tracker.cli.stats_reading:filtered", "Show how many hits were left out, by hour and reason."),
    "report": ("tracker.cli.stats_report:report", "Show measures of an application's hits by dimensions."),
    "rebuild": ("tracker.cli.stats_rebuild:rebuild", "Recompute days from the raw rows, while hits arrive."),
    "verify": ("tracker.cli.stats_rebuild:verify", "Recount days from the raw rows and compare them."),
}


@click.group(cls=LazyGroup, table=_COMMANDS)
def stats() -> None:
    """Statistics by hour and by day (UTC): requests, visitors, sessions, custom parameters."""
