"""`doctor`: whether everything is as it must be, and what to do where it is not."""

import sys
import time
from dataclasses import asdict

import click

from tracker.cli import connections
from tracker.cli.options import json_option
from tracker.cli.output import print_rows
from tracker.clock import SystemClock
from tracker.diagnostics.doctor import examine
from tracker.diagnostics.facts_checks import about_facts_here, about_places, about_tallies
from tracker.diagnostics.work_checks import about_time
from tracker.reports.tally_making import MAX_DAYS, MAX_LEFT_OUT, MIN_FACTS
from tracker.wiring.facts import facts_folder

_COLUMNS = ("level", "check", "seen", "to_do")


@click.command()
@click.option("--watch", "seconds", type=click.IntRange(1, 3600), metavar="SECONDS", help="Check again every so often.")
@json_option
def doctor(*, seconds: int | None, as_json: bool) -> None:
    """Check settings, PostgreSQL, Redis, workers and queue; exit status 1 where something fails."""
    is_well = _examine(as_json=as_json)
    while seconds is not None:
        time.sleep(seconds)
        click.echo()
        is_well = _examine(as_json=as_json)
    if not is_well:
        sys.exit(1)


def _examine(*, as_json: bool) -> bool:
    """Check and show; whether nothing fails."""
    settings = connections.settings()
    clock = connections.clock(settings)
    findings = [*examine(settings, clock, machine=SystemClock()), *about_time(clock.complaint)]
    with connections.database(settings) as database:
        findings += about_facts_here(database, facts_folder(settings, database, is_command=True))
        findings += about_tallies(database, clock.now(), facts=MIN_FACTS, days=MAX_DAYS, left_out=MAX_LEFT_OUT)
    findings += about_places(settings.geoip_file, clock.now())
    print_rows(_COLUMNS, [asdict(finding) for finding in findings], empty="Nothing was checked.", as_json=as_json)
    return all(finding.level != "fail" for finding in findings)
