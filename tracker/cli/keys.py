"""`keys`: what may be done with an application, and by whom."""

from dataclasses import asdict
from datetime import datetime

import click

from tracker.application import PERMISSIONS
from tracker.cli import connections
from tracker.cli.options import TIME, app_id_option, json_option
from tracker.cli.output import note, print_fields, print_json, print_row, print_rows
from tracker.management import keys as management
from tracker.management.keys import DEFAULT_GRACE, MAX_GRACE_SECONDS, KeyRow

_LIST_COLUMNS = ("id", "name", "permissions", "last_used_at", "expires_at", "is_active", "created_at")


@click.group()
def keys() -> None:
    """API keys of an application. The one it was made with goes by the id `first` and may do everything."""


@keys.command("list")
@app_id_option
@json_option
def list_(*, app_id: str, as_json: bool) -> None:
    """List an application's keys, revoked ones too; never the keys themselves, which are stored as hashes."""
    with connections.database(connections.settings()) as database:
        rows = [asdict(row) for row in management.list_(database, app_id)]
    if not as_json:
        rows = [{**row, "permissions": ",".join(row["permissions"])} for row in rows]
    print_rows(_LIST_COLUMNS, rows, empty="There are no keys.", as_json=as_json)


@keys.command()
@app_id_option
@click.option("--name", help="What it is for.")
@click.option(
    "--permission",
    "permissions",
    multiple=True,
    required=True,
    type=click.Choice(tuple(PERMISSIONS)),
    help="What it may; to be given for each.",
)
@click.option("--expires-at", type=TIME, help="When it ends; without this, never.")
@json_option
def create(
    *, app_id: str, name: str | None, permissions: tuple[str, ...], expires_at: datetime | None, as_json: bool
) -> None:
    """Make a key and print it, this once."""
    settings = connections.settings()
    with connections.database(settings) as database:
        row, api_key = management.create(database, app_id, name=name, permissions=permissions, expires_at=expires_at)
    connections.notify_receivers(settings, app_id)
    _print_with_key(row, api_key, as_json=as_json)


@keys.command()
@click.argument("key_id", metavar="ID")
@app_id_option
@json_option
def revoke(*, key_id: str, app_id: str, as_json: bool) -> None:
    """End the use of a key; within 5 seconds it counts nowhere any more."""
    settings = connections.settings()
    with connections.database(settings) as database:
        row = management.revoke(database, app_id, key_id)
    connections.notify_receivers(settings, app_id)
    print_row(asdict(row), as_json=as_json)


@keys.command()
@click.argument("key_id", metavar="ID")
@app_id_option
@click.option(
    "--grace",
    "grace_seconds",
    type=click.IntRange(0, MAX_GRACE_SECONDS),
    default=DEFAULT_GRACE,
    show_default=True,
    metavar="SECONDS",
    help="How long the old key goes on counting.",
)
@json_option
def rotate(*, key_id: str, app_id: str, grace_seconds: int, as_json: bool) -> None:
    """Make a key that takes the place of another (`first` for the first one), and print it, this once."""
    settings = connections.settings()
    with connections.database(settings) as database:
        row, api_key = management.rotate(database, app_id, key_id, grace_seconds=grace_seconds)
    connections.notify_receivers(settings, app_id)
    _print_with_key(row, api_key, as_json=as_json)


def _print_with_key(row: KeyRow, api_key: str, *, as_json: bool) -> None:
    values = management.shown(row, api_key)
    if as_json:
        print_json(values)
    else:
        print_fields({name: value for name, value in values.items() if value is not None})
        note("Keep the API key now: it is stored as a hash and cannot be shown again.")
