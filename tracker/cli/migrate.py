"""`migrate`: schema and partitions brought up to date."""

import click

from tracker.cli import connections
from tracker.cli.options import json_option
from tracker.cli.output import note, print_json
from tracker.store import migrations


@click.command()
@json_option
def migrate(*, as_json: bool) -> None:
    """Bring the database's schema up to date and make the months' partitions.

    Works over DATABASE_MAINTENANCE_URL. It may be run at any time, twice at once, and again: what is there stays.
    """
    settings = connections.settings()
    url = settings.database_maintenance_url
    applied = migrations.migrate(url, today=connections.clock(settings, url=url).now().date(), on_step=note)
    if as_json:
        print_json({"applied": applied})
    else:
        click.echo(f"{len(applied)} steps applied." if applied else "The database is up to date: nothing to do.")
