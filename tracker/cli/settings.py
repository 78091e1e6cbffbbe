"""`settings`: what holds for an application's hits."""

from dataclasses import asdict

import click

from tracker.cli import connections
from tracker.cli.options import app_id_option, json_option
from tracker.cli.output import print_row, print_rows
from tracker.management import settings as management

_LIST_COLUMNS = ("setting_key", "setting_value", "is_default", "meaning")


@click.group()
def settings() -> None:
    """Settings of an application: domains, bots, privacy, parameters."""


@settings.command("list")
@app_id_option
@json_option
def list_(*, app_id: str, as_json: bool) -> None:
    """List what holds for an application, its own settings and the defaults."""
    with connections.database(connections.settings()) as database:
        rows = [asdict(row) for row in management.list_(database, app_id)]
    print_rows(_LIST_COLUMNS, rows, empty="There are no settings.", as_json=as_json)


@settings.command()
@click.argument("key")
@app_id_option
@json_option
def get(*, key: str, app_id: str, as_json: bool) -> None:
    """Show the setting KEY, what it takes and what it means."""
    with connections.database(connections.settings()) as database:
        row = management.get(database, app_id, key)
    print_row(asdict(row), as_json=as_json)


@settings.command("set")
@click.argument("key")
@click.argument("value")
@app_id_option
@json_option
def set_(*, key: str, value: str, app_id: str, as_json: bool) -> None:
    """Give the setting KEY a VALUE of the application's own. It holds for hits within a few seconds."""
    loaded = connections.settings()
    with connections.database(loaded) as database:
        row = management.set_(database, app_id, key, value)
    connections.notify_receivers(loaded, app_id)
    print_row(asdict(row), as_json=as_json)


@settings.command()
@click.argument("key")
@app_id_option
@json_option
def unset(*, key: str, app_id: str, as_json: bool) -> None:
    """Leave the setting KEY to its default again."""
    loaded = connections.settings()
    with connections.database(loaded) as database:
        row = management.unset(database, app_id, key)
    connections.notify_receivers(loaded, app_id)
    print_row(asdict(row), as_json=as_json)
